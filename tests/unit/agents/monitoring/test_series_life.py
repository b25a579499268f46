"""Series of pods that are gone leave a slot, and what is needed stays."""

from __future__ import annotations

import numpy as np
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from pydantic import ValidationError

from aiops.agents.monitor.series_life import SeriesLife
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.model.telemetry import FleetQuestion
from aiops.settings import DataPlane
from aiops.topic_names import Topics
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

MINUTE = 60 * SECOND
METRICS = TopicPartition(Topics().otlp_metrics, 0)
IDLE = {"series_idle_seconds": 7200.0}


def export(at: int, pods: list[str], *, calls: int | None = None, version: str = "1") -> bytes:
    """A gauge and a histogram of each pod of the shop; the histogram counts ``calls``, or is left out."""
    request = ExportMetricsServiceRequest()
    for pod in pods:
        resource = request.resource_metrics.add()
        for key, value in (("service.name", "shop"), ("k8s.pod.name", pod), ("service.version", version)):
            resource.resource.attributes.add(key=key).value.string_value = value
        scope = resource.scope_metrics.add()
        scope.metrics.add(name="queue.length").gauge.data_points.add(time_unix_nano=at, as_double=7.0 + len(pod))
        if calls is not None:
            histogram = scope.metrics.add(name="duration", unit="ms").histogram
            histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
            histogram.data_points.add(
                time_unix_nano=at,
                count=calls,
                bucket_counts=[calls, 0],
                explicit_bounds=[10.0],
                start_time_unix_nano=T0,
            )
    return request.SerializeToString()


class Feed:
    """An agent with one slot, fed minute by minute."""

    def __init__(self, agent: MonitoringAgent | None = None, offset: int = 0, **data: object) -> None:
        self.agent = agent or MonitoringAgent(settings(1, **{**IDLE, **data}))
        if agent is None:
            self.agent.adopt(0, 1)
        self.offset = offset
        self.letters: list[str] = []

    @property
    def slot(self):  # type: ignore[no-untyped-def]
        return self.agent._of(0).slot

    def send(self, minute: int, value: bytes, topic: TopicPartition = METRICS) -> None:
        at = T0 + minute * MINUTE
        out = self.agent.handle([FetchedRecords(topic, (self.offset,), (value,), (None,), (at,))], at)
        self.letters += [letter.reason.value for letter in out.dead_letters]
        self.offset += 1

    def pods(self, minute: int, pods: list[str], *, calls: int | None = None, version: str = "1") -> None:
        self.send(minute, export(T0 + minute * MINUTE, pods, calls=calls, version=version))


def test_a_fleet_that_replaces_its_pods_runs_in_a_small_table() -> None:
    """Thirty hours in which every pod lives for one hour: twelve live series need no more than sixty rows."""
    feed = Feed(series_limit=60)
    for minute in range(0, 1800, 2):
        feed.pods(minute, [f"p{minute // 60}-{number}" for number in range(4)], calls=minute)
    table = feed.slot.memory.table
    assert feed.letters == []
    assert table.live <= 60
    assert len(feed.slot.memory.histograms) <= 20
    assert len(table.aliases) <= table.live


def test_fifty_versions_do_not_use_up_the_aliases_of_a_slot() -> None:
    """A deployment every half hour with the same series: nothing is refused, and old aliases are gone."""
    feed = Feed(series_limit=4)
    for minute in range(0, 1500, 5):
        feed.pods(minute, ["p"], version=str(minute // 30))
    assert feed.letters == []
    assert len(feed.slot.memory.table.aliases) <= 2


def test_a_pod_that_was_not_seen_for_the_stated_time_is_gone() -> None:
    """It stays until its topic has delivered for two hours without it; an answer about the service leaves it out."""
    feed = Feed()
    for minute in range(130):
        feed.pods(minute, ["old", "young"] if minute < 5 else ["young"])
    table = feed.slot.memory.table
    assert table.live == 1
    question = FleetQuestion(
        id="q", entities=("shop",), from_at=T0, to_at=T0 + 130 * MINUTE, baseline_from_at=T0, baseline_to_at=T0
    )
    (reading,) = feed.agent.answer(question)
    assert [series.series for series in reading.series] == ["queue.length{k8s.pod.name=young}"]


def test_a_series_that_comes_back_is_learned_anew() -> None:
    """The pod of before has its points counted as warming up again."""
    feed = Feed()
    for minute in range(40):
        feed.pods(minute, ["old", "young"])
    for minute in range(40, 200):
        feed.pods(minute, ["young"])
    feed.pods(200, ["old", "young"])
    rows = feed.slot.detection.bank._state.rows["n"][:2].tolist()
    assert sorted(rows) == [1, 201]


def test_a_pause_of_the_whole_topic_makes_no_series_older() -> None:
    """After ten hours without a record, all series are still known, as they are after a record with a wrong time."""
    feed = Feed()
    for minute in range(20):
        feed.pods(minute, ["one", "two"])
    for minute in range(620, 640):
        feed.pods(minute, ["two"])
    assert feed.slot.memory.table.live == 2


def test_an_append_time_in_the_future_counts_as_the_time_of_receipt() -> None:
    """A producer's clock that is a year ahead neither ages series nor stops the topic's clock."""
    life = SeriesLife(120)
    due = [
        life.enter(0, T0 + (365 * 1440 if minute == 3 else minute) * MINUTE, T0 + minute * MINUTE)
        for minute in range(20)
    ]
    assert life.minute(0) in {19, 20}
    assert due.count(True) == life.minute(0) // 10


def test_quantiles_live_as_long_as_their_histogram() -> None:
    """A night without a call keeps the latency's series; when the pod is gone, they go too."""
    feed = Feed()
    for minute in range(10):
        feed.pods(minute, ["one", "two"], calls=10 * minute)
    for minute in range(10, 300):
        feed.pods(minute, ["one"], calls=90)
    table = feed.slot.memory.table
    names = sorted(table.identity(number).name for number in np.flatnonzero(table.entity >= 0).tolist())
    pod = "{k8s.pod.name=one}"
    assert names == sorted(name + pod for name in ("duration.count", "duration.p50", "duration.p99", "queue.length"))


def test_series_of_open_episodes_stay() -> None:
    """A signal keeps its series until its episode has ended."""
    feed = Feed(clear_seconds=60.0)
    for minute in range(60):
        feed.pods(minute, ["one", "two"])
    folder = feed.slot.detection.folder
    from detectors.transitions import OPENED, Transitions  # noqa: PLC0415

    one = np.ones(1)
    told = Transitions(
        np.zeros(1, np.int32), np.full(1, OPENED, np.uint8), np.full(1, T0 + 60 * MINUTE), 0.9 * one, 9 * one, one,
        np.zeros(1, np.uint8), np.ones(1, np.uint8), np.full(1, 2, np.uint8),
    )  # fmt: skip
    feed.slot.detection.tell(told)
    for minute in range(60, 300):
        feed.pods(minute, ["two"])
    assert feed.slot.memory.table.live == 2
    assert len(folder.signals) == 1


def test_a_snapshot_brings_back_only_what_lives() -> None:
    """A chain across a reclaiming restores the same bytes, and goes on as the first did."""
    feed = Feed()
    chain = []
    for minute in range(400):
        feed.pods(minute, [f"p{minute // 60}", "stays"], calls=minute)
        if minute % 25 == 0:
            chain.append(feed.agent.snapshot(0))
    chain.append(feed.agent.snapshot(0))
    other = MonitoringAgent(settings(1, **IDLE))
    other.adopt(0, 2, chain)
    copy = Feed(other, feed.offset)
    assert copy.slot.memory.table.live == feed.slot.memory.table.live < 20
    for minute in range(400, 600):
        for each in (feed, copy):
            each.pods(minute, [f"p{minute // 60}", "stays"], calls=minute)
    left, right = feed.agent.snapshot(0, full=True), copy.agent.snapshot(0, full=True)
    for name in ("memory", "transit", "life", "folder", "logs", "spans"):
        for key, array in left.parts[name].items():
            assert array.tobytes() == right.parts[name][key].tobytes(), (name, key)
    for key in ("rows_data", "troubles_data", "hours_data"):
        assert left.parts["bank"][key].tobytes() == right.parts["bank"][key].tobytes()


@pytest.mark.parametrize("size", [3, 7, 500])
def test_reclaiming_does_not_depend_on_how_polls_cut_the_input(size: int) -> None:
    """Five hours of pods that come and go, polled record by record or many at a time, end in the same bytes."""
    records = [
        (export(T0 + minute * MINUTE, [f"p{minute // 40}", f"q{minute % 7}"], calls=minute), T0 + minute * MINUTE)
        for minute in range(300)
    ]
    snapshots = []
    for step in (1, size):
        agent = MonitoringAgent(settings(1, **IDLE))
        agent.adopt(0, 1)
        for begin in range(0, len(records), step):
            part = records[begin : begin + step]
            offsets = tuple(range(begin, begin + len(part)))
            values, times = zip(*part, strict=True)
            agent.handle([FetchedRecords(METRICS, offsets, values, (None,) * len(part), times)], records[-1][1])
        snapshots.append(agent.snapshot(0))
    for name in ("memory", "transit", "life"):
        for key, array in snapshots[0].parts[name].items():
            assert array.tobytes() == snapshots[1].parts[name][key].tobytes(), (name, key)


def test_series_in_transit_are_reclaimed_too() -> None:
    """A slot that passes points on to another forgets the pods that are gone, and still routes those that come."""
    agent = MonitoringAgent(settings(4, **IDLE, series_limit=20))
    agent.adopt(0, 1)
    records = 0
    for minute in range(0, 2400, 2):
        at = T0 + minute * MINUTE
        value = export(at, [f"p{minute // 10}"])
        out = agent.handle([FetchedRecords(METRICS, (minute,), (value,), (None,), (at,))], at)
        assert out.dead_letters == []
        records += len(out.forwards)
    slot = agent._of(0).slot
    assert slot.transit.table.live <= 20
    assert records in {0, 1200}


def test_a_sender_that_explodes_is_named_and_leaves_room_for_others() -> None:
    """Past its share an entity is refused with the attribute at fault; other entities and its known series go on."""
    feed = Feed(series_limit=100, entity_series_limit=50)
    feed.pods(0, ["known"])
    out = []
    for minute in range(1, 4):
        at = T0 + minute * MINUTE
        value = export(at, ["known", *(f"user-{minute}-{number}" for number in range(40))])
        fetched = FetchedRecords(METRICS, (feed.offset,), (value,), (None,), (at,))
        out += feed.agent.handle([fetched], at).dead_letters
        feed.offset += 1
    assert [(letter.reason.value, letter.items) for letter in out] == [("entity-limit", 31), ("entity-limit", 40)]
    (found,) = out[1].crowding
    assert (found.entity, found.series, found.attribute, found.values) == ("shop", 50, "k8s.pod.name", 50)
    assert found.examples == ("known", "user-1-0", "user-1-1")
    feed.send(5, export(T0 + 5 * MINUTE, ["other"]).replace(b"shop", b"shed"))
    assert feed.letters == []
    line = next(line for line in feed.agent.ledger() if line.topic == METRICS.topic)
    assert line.difference == 0


def test_a_share_is_free_again_when_series_are_reclaimed() -> None:
    """An entity that stopped exploding gets its new pods in after the stated time."""
    feed = Feed(series_limit=100, entity_series_limit=50)
    feed.pods(0, [f"user-{number}" for number in range(60)])
    for minute in range(1, 140):
        feed.pods(minute, ["user-1", "late"])
    assert set(feed.letters) == {"entity-limit"}
    assert len(feed.letters) < 135
    assert feed.slot.memory.table.live == 2


def test_less_than_two_hours_is_refused() -> None:
    """Silence needs the series for an hour."""
    with pytest.raises(ValidationError, match="series_idle_seconds"):
        DataPlane(series_idle_seconds=600)
