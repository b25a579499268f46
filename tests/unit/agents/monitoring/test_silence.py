from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from aiops.agents.monitor.blindness import Blindness
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode, SignalDirection
from aiops.model.records import FetchedRecords, TopicPartition
from detectors.wire import keyed
from detectors.wire.arrow import decode
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

TOPICS = settings().topics
FIRST, OTHER = TopicPartition(TOPICS.otlp_metrics, 0), TopicPartition(TOPICS.metrics_arrow, 0)
USUAL = range(0, 900, 10)


def request(second: int, services: Iterable[str], resets_at: int = 10**9) -> bytes:
    """A gauge and a counter of each service, or of its instance: ``service#instance``."""
    made = ExportMetricsServiceRequest()
    for service in services:
        resource = made.resource_metrics.add()
        attribute = resource.resource.attributes.add()
        name, _, instance = service.partition("#")
        attribute.key, attribute.value.string_value = "service.name", name
        if instance:
            attribute = resource.resource.attributes.add()
            attribute.key, attribute.value.string_value = "service.instance.id", instance
        scope = resource.scope_metrics.add()
        gauge = scope.metrics.add(name="queue.length")
        gauge.gauge.data_points.add(time_unix_nano=T0 + second * SECOND, as_double=10 + second * 7 % 30 / 10)
        total = scope.metrics.add(name="requests")
        total.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        total.sum.is_monotonic = True
        since = 0 if second < resets_at else resets_at
        count = 100 * (second - since) + second * 7 % 30
        total.sum.data_points.add(time_unix_nano=T0 + second * SECOND, as_int=count)
    return made.SerializeToString()


def arrow(second: int, services: Iterable[str]) -> bytes:
    """A gauge of each service."""
    table = SeriesTable()
    series = table.add([SeriesIdentity(service, "disk.used") for service in services])
    at = np.full(len(series), T0 + second * SECOND, np.int64)
    return PointEncoder(table).encode(series, at, np.full(len(series), 5 + second * 7 % 30 / 10))


class Feeder:
    """An agent that is fed and ticked as a shard does it."""

    def __init__(self, found: MonitoringAgent | None = None) -> None:
        self.agent = found or MonitoringAgent(settings())
        if found is None:
            self.agent.adopt(0, 1)
        self.offsets: dict[TopicPartition, int] = {}

    def run(
        self, seconds: Iterable[int], inputs: Mapping[TopicPartition, Iterable[str]], *, current: bool = True,
        resets_at: int = 10**9, wall: int = 0,
    ) -> list[Episode]:  # fmt: skip
        """Everything told while each source brings its services' points; ``wall``: how late they are read, s."""
        told: list[Episode] = []
        for second in seconds:
            at = T0 + second * SECOND
            for source, services in inputs.items():
                offset = self.offsets.setdefault(source, 0)
                value = request(second, services, resets_at) if source == FIRST else arrow(second, services)
                fetched = FetchedRecords(source, (offset,), (value,), (None,), (at,))
                told += self.agent.handle([fetched], at + wall * SECOND).episodes
                self.offsets[source] += 1
            told += self.agent.tick(at + wall * SECOND + SECOND // 2, lag_is_small=current).episodes
        return told


def abnormal(told: Iterable[Episode]) -> dict[str, Episode]:
    """The newest revision of each entity's episode."""
    return {episode.entity: episode for episode in told}


def test_a_series_that_stops_while_others_go_on_is_silent() -> None:
    """An entity is abnormal from its last point on, once a few usual intervals passed; it ends when it speaks again."""
    feeder = Feeder()
    assert feeder.run(USUAL, {FIRST: ("shop", "pay")}) == []
    told = feeder.run(range(900, 1050, 10), {FIRST: ("shop",)})
    found = abnormal(told)
    assert set(found) == {"pay"}
    assert {signal.direction for signal in found["pay"].signals} == {SignalDirection.SILENT}
    assert found["pay"].opened_at == T0 + 890 * SECOND
    assert told[0].watermark <= T0 + 970 * SECOND
    ended = abnormal(feeder.run(range(1050, 1200, 10), {FIRST: ("shop", "pay")}))["pay"]
    assert ended.ended_at is not None


def test_who_stops_in_the_first_minutes_of_a_new_runtime_is_silent_too() -> None:
    """The very first record ends no pause of the whole input."""
    feeder = Feeder()
    assert feeder.run(range(0, 120, 2), {FIRST: ("shop", "pay")}) == []
    found = abnormal(feeder.run(range(120, 200, 2), {FIRST: ("shop",)}))
    assert set(found) == {"pay"}
    assert found["pay"].opened_at == T0 + 118 * SECOND


def test_after_a_pause_of_the_whole_input_nobody_is_silent_for_ten_minutes() -> None:
    """The senders return one after the other."""
    feeder = Feeder()
    feeder.run(USUAL, {FIRST: ("shop", "pay")})
    assert feeder.run(range(1500, 2090, 10), {FIRST: ("shop",)}) == []
    assert set(abnormal(feeder.run(range(2090, 2200, 10), {FIRST: ("shop",)}))) == {"pay"}


def durations(second: int, service: str, requests: int) -> bytes:
    """A counter, and the durations of so many requests since the last export, if there were any."""
    made = ExportMetricsServiceRequest.FromString(request(second, [service]))
    if requests:
        metric = made.resource_metrics[0].scope_metrics[0].metrics.add(name="http.client.duration", unit="ms")
        metric.histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
        point = metric.histogram.data_points.add(time_unix_nano=T0 + second * SECOND, count=requests)
        point.sum, point.explicit_bounds[:], point.bucket_counts[:] = 10.0 * requests, [5, 50], [0, requests, 0]
    return made.SerializeToString()


def test_quantiles_that_stop_with_the_requests_are_no_silence_of_their_sender() -> None:
    """The caller of a service that died makes no successful calls any more; it still sends everything else."""
    agent, told = MonitoringAgent(settings()), set()
    agent.adopt(0, 1)
    for second in range(0, 1200, 2):
        at = T0 + second * SECOND
        value = durations(second, "web", requests=30 if second < 600 else 0)
        agent.handle([FetchedRecords(FIRST, (second,), (value,), (None,), (at,))], at)
        found = agent.tick(at + SECOND // 2, lag_is_small=True).episodes
        told |= {signal.metric for one in found for signal in one.signals if signal.direction is SignalDirection.SILENT}
    assert "http.client.duration.p50" in {agent.table(0).identity(n).metric for n in range(len(agent.table(0)))}
    assert not {metric for metric in told if ".p" in metric}


def test_one_instance_that_is_gone_is_no_silence_of_its_service() -> None:
    """Instances come and go with every deployment: while a sibling sends the same figure, nobody is silent."""
    both = [f"pay#{number}" for number in range(2)]
    feeder = Feeder()
    assert feeder.run(USUAL, {FIRST: ("shop", *both)}) == []
    assert feeder.run(range(900, 1200, 10), {FIRST: ("shop", both[0])}) == []
    assert set(abnormal(feeder.run(range(1200, 1400, 10), {FIRST: ("shop",)}))) == {"pay"}


def test_a_source_that_stops_as_a_whole_is_our_blindness_not_its_series() -> None:
    """One topic stops while another goes on: none of its series is silent; the runtime has one episode meanwhile."""
    feeder = Feeder()
    assert feeder.run(USUAL, {FIRST: ("shop", "pay"), OTHER: ("stock",)}) == []
    told = feeder.run(range(900, 1500, 10), {OTHER: ("stock",)})
    assert {(one.entity, one.opened_at) for one in told} == {(RUNTIME_ENTITY, told[0].opened_at)}
    assert {signal.series for one in told for signal in one.signals} == {"aiops.blind{topic=otlp_metrics}"}
    assert told[0].opened_at <= T0 + 980 * SECOND
    told = feeder.run(range(1500, 1560, 10), {FIRST: ("shop", "pay"), OTHER: ("stock",)})
    assert [(one.entity, one.ended_at is not None) for one in told] == [(RUNTIME_ENTITY, True)]


def test_a_series_whose_own_source_speaks_is_silent_though_another_source_stopped() -> None:
    """What is judged against a source that goes on is still judged while we are blind on another."""
    feeder = Feeder()
    feeder.run(USUAL, {FIRST: ("shop",), OTHER: ("stock", "mail")})
    found = abnormal(feeder.run(range(900, 1200, 10), {OTHER: ("stock",)}))
    assert set(found) == {RUNTIME_ENTITY, "mail"}


def test_nobody_is_silent_while_lag_is_unknown_and_we_are_blind_once() -> None:
    """A minute of lag is one episode of the runtime, told again while it lasts, and ended when input is current."""
    feeder = Feeder()
    feeder.run(USUAL, {FIRST: ("shop", "pay")})
    told = feeder.run(range(900, 1500, 10), {FIRST: ("shop",)}, current=False, wall=300)
    assert {(one.entity, one.id) for one in told} == {(RUNTIME_ENTITY, told[0].id)}
    assert len(told) >= 500 / 40
    ended = feeder.run(range(1500, 1510, 10), {FIRST: ("shop", "pay")}, wall=300)
    assert [(one.id, one.ended_at is not None) for one in ended] == [(told[0].id, True)]
    assert ended[0].revision > told[-1].revision


def test_short_lag_is_no_trouble() -> None:
    """Lag that is gone within a minute is told to nobody."""
    feeder = Feeder()
    feeder.run(USUAL, {FIRST: ("shop",)})
    assert feeder.run(range(900, 950, 10), {FIRST: ("shop",)}, current=False) == []
    assert feeder.run(range(950, 1000, 10), {FIRST: ("shop",)}) == []


def test_after_a_restart_nobody_is_silent_before_the_input_is_there_and_blindness_ends() -> None:
    """A new process judges nobody by the old watermark, and ends the episode that the old one had open."""
    feeder = Feeder()
    feeder.run(USUAL, {FIRST: ("shop", "pay")})
    (blind, *_) = feeder.run(range(900, 1000, 10), {FIRST: ("shop", "pay")}, current=False, wall=300)
    snapshot = feeder.agent.snapshot(0)
    new = MonitoringAgent(settings())
    new.adopt(0, 2, [snapshot])
    restarted = Feeder(new)
    restarted.offsets = dict(feeder.offsets)
    told = new.tick(T0 + 5000 * SECOND, lag_is_small=True).episodes
    assert [(one.id, one.ended_at is not None) for one in told] == [(blind.id, True)]
    assert restarted.run(range(1000, 1100, 10), {FIRST: ("shop", "pay")}, wall=4100) == []


def passed_on(second: int, origin: int, services: Iterable[str]) -> bytes:
    """What another slot sends on of its partition: a gauge of each service."""
    memory = WireMemory()
    batch = decode([arrow(second, services)], memory, T0 + second * SECOND)
    place = ((TOPICS.otlp_metrics, origin), (second,))
    return keyed.encode(PointEncoder(memory.table), batch, np.arange(len(batch)), origin=place)


def passed(agent: MonitoringAgent, seconds: Iterable[int], origins: Mapping[int, Iterable[str]]) -> set[str]:
    """Entities that something is told of while other slots pass these services on."""
    told = set()
    for second in seconds:
        at = T0 + second * SECOND
        for origin, services in origins.items():
            offset = 10 * second + origin
            value = passed_on(second, origin, services)
            fetched = FetchedRecords(TopicPartition(TOPICS.keyed, 0), (offset,), (value,), (None,), (at,))
            told |= set(abnormal(agent.handle([fetched], at).episodes))
        told |= set(abnormal(agent.tick(at + SECOND // 2, lag_is_small=True).episodes))
    return told


def test_what_a_shard_that_is_down_would_have_passed_on_is_not_silent() -> None:
    """Series from other partitions are judged when all of these have come so far, not by the newest of them."""
    agent = MonitoringAgent(settings())
    agent.adopt(0, 1)
    assert passed(agent, USUAL, {1: ("shop", "mail"), 2: ("pay",)}) == set()
    assert passed(agent, range(900, 1500, 10), {1: ("shop", "mail")}) == set()
    new = MonitoringAgent(settings())
    new.adopt(0, 2, [agent.snapshot(0)])
    assert passed(new, range(1500, 1800, 10), {1: ("shop", "mail")}) == set()
    assert passed(new, range(1800, 2400, 10), {1: ("shop",), 2: ("pay",)}) == {"mail"}


def test_a_pause_of_the_whole_input_is_no_silence_of_the_fleet() -> None:
    """Everything stops and comes back without some series: they are given time before they are called silent."""
    feeder = Feeder()
    feeder.run(USUAL, {FIRST: ("shop", "pay")})
    feeder.run(range(900, 1300, 10), {})
    back = abnormal(feeder.run(range(1300, 1500, 10), {FIRST: ("shop",)}))
    assert set(back) <= {RUNTIME_ENTITY}
    assert set(abnormal(feeder.run(range(1500, 2100, 10), {FIRST: ("shop",)}))) == {"pay"}


def test_what_never_returns_does_not_stay_unwell_for_ever() -> None:
    """A deployment that is gone for good is well again, as far as anybody can tell, after an hour, and stays so."""
    feeder = Feeder()
    feeder.run(USUAL, {FIRST: ("shop", "pay")})
    found = abnormal(feeder.run(range(900, 5400, 10), {FIRST: ("shop",)}))
    assert found["pay"].ended_at is not None
    assert found["pay"].ended_at <= T0 + 4600 * SECOND
    assert feeder.run(range(5400, 6000, 10), {FIRST: ("shop",)}) == []


def test_a_counter_that_starts_anew_is_no_trouble() -> None:
    """A restart of a process sets its counters to 0; their rates go on."""
    feeder = Feeder()
    assert feeder.run(range(0, 1500, 10), {FIRST: ("shop", "pay")}, resets_at=1200) == []


def test_a_topic_that_speaks_with_breaks_is_not_missed() -> None:
    """Only a topic that spoke for ten minutes, and is silent three times as long as ever, is missed."""
    blindness = Blindness(0)
    moments = [second for second in range(4000) if second % 1000 < 100]
    told = []
    for second in range(4000):
        heard = max((moment for moment in moments if moment <= second), default=0)
        told += blindness.tick(T0 + second * SECOND, {"logs": T0 + heard * SECOND}, lag_is_small=True)
    assert told == []


def test_a_shard_is_blind_once_it_has_been_behind_for_as_long_as_stated() -> None:
    """What bounds our own work is stated, so that a replay at 240 times the speed can give it as much more."""
    opened = []
    for patience in (60, 240):
        blindness = Blindness(0, patience=patience * SECOND)
        behind = range(1, 400)
        told = [second for second in behind if blindness.tick(T0 + second * SECOND, {}, lag_is_small=False)]
        opened.append(told[0])
    assert opened == [62, 242]
