"""Senders with wrong clocks: what they send is corrected, and nobody else's data is late because of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.ledger import Ending
from aiops.model.records import FetchedRecords, TopicPartition
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

TOPICS = settings().topics


def lines(service: str, second: float, count: int = 10, host: str = "") -> bytes:
    """Log lines of one moment."""
    made = ExportLogsServiceRequest()
    resource = made.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    if host:
        resource.resource.attributes.add(key="host.name").value.string_value = host
    scope = resource.scope_logs.add()
    for _ in range(count):
        line = scope.log_records.add(time_unix_nano=T0 + int(second * SECOND), severity_number=9)
        line.body.string_value = "hello world"
    return made.SerializeToString()


def calls(service: str, second: float) -> bytes:
    """Spans of one moment."""
    made = ExportTraceServiceRequest()
    resource = made.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_spans.add()
    for number in range(10):
        at = T0 + int(second * SECOND)
        span = scope.spans.add(name="op", kind=2, start_time_unix_nano=at - 1000, end_time_unix_nano=at)
        span.trace_id, span.span_id = (int(second) + 10**6).to_bytes(16), (number + 1).to_bytes(8)
    return made.SerializeToString()


def gauge(service: str, second: float, *, counter: bool = False) -> bytes:
    """One point of a gauge or a counter."""
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    metric = resource.scope_metrics.add().metrics.add(name="requests" if counter else "queue.length")
    at = T0 + int(second * SECOND)
    if counter:
        metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        metric.sum.is_monotonic = True
        metric.sum.data_points.add(time_unix_nano=at, as_int=1000 * int(second), start_time_unix_nano=T0)
    else:
        metric.gauge.data_points.add(time_unix_nano=at, as_double=10 + second * 7 % 3)
    return made.SerializeToString()


class Feed:
    """An agent that reads one topic; records are received at the second given."""

    def __init__(self, topic: str, found: MonitoringAgent | None = None, offset: int = 0) -> None:
        self.source, self.offset = TopicPartition(topic, 0), offset
        self.agent = found or MonitoringAgent(settings())
        if found is None:
            self.agent.adopt(0, 1)

    def give(self, second: float, values: Iterable[bytes], *, stamped: float | None = None) -> None:
        """Read records at a second that the producer stamped with its own clock."""
        at = T0 + int(second * SECOND)
        for value in values:
            append = at if stamped is None else T0 + int(stamped * SECOND)
            fetched = FetchedRecords(self.source, (self.offset,), (value,), (None,), (append,))
            self.agent.handle([fetched], at)
            self.offset += 1

    def ended(self, ending: Ending) -> int:
        (line,) = (line for line in self.agent.ledger() if line.topic == self.source.topic)
        assert line.difference == 0
        return line.endings.get(ending, 0)


@pytest.mark.parametrize("skew", [90, 500, -90, -3000])
@pytest.mark.parametrize(("topic", "make"), [(TOPICS.otlp_logs, lines), (TOPICS.otlp_spans, calls)])
def test_a_host_with_a_wrong_clock_makes_nothing_late(
    topic: str, make: Callable[[str, float], bytes], skew: int
) -> None:
    """Neither its own lines and spans, which come in order, nor those of anybody else."""
    feed = Feed(topic)
    for second in range(0, 900, 10):
        feed.give(second, [make("good", second)] + ([make("wrong", second + skew)] if second >= 100 else []))
    assert feed.ended(Ending.LATE) == 0
    assert feed.ended(Ending.LEARNED) == 10 * (90 + 80)


def test_one_record_that_is_50_minutes_ahead_makes_nothing_late() -> None:
    """Not even where its producer's clock is wrong too, and so is the append time."""
    feed = Feed(TOPICS.otlp_logs)
    for second in range(0, 600, 10):
        feed.give(second, [lines("good", second)])
        if second == 200:
            feed.give(second, [lines("bad", second + 3000, count=1)], stamped=second + 3000)
    assert feed.ended(Ending.LATE) == 0


@pytest.mark.parametrize("counter", [False, True])
def test_a_point_that_is_ten_minutes_ahead_makes_no_point_of_its_series_late(counter: bool) -> None:  # noqa: FBT001 (a case)
    """A jump of a sender's clock is not believed: the point is dated by its receipt."""
    feed = Feed(TOPICS.otlp_metrics)
    for second in range(0, 4000, 10):
        feed.give(second, [gauge("shop", second + (590 if second == 3000 else 0), counter=counter)])
    assert feed.ended(Ending.LATE) == 0
    assert feed.ended(Ending.DUPLICATE) == 0


def test_a_clock_that_is_set_right_costs_few_points() -> None:
    """Once its times agree with the receipt again, the correction ends at once."""
    feed = Feed(TOPICS.otlp_metrics)
    for second in range(0, 4000, 10):
        feed.give(second, [gauge("shop", second + (500 if 1000 <= second < 2000 else 0), counter=True)])
    assert feed.ended(Ending.LATE) == 0


def test_the_other_instance_of_a_service_keeps_its_own_clock() -> None:
    """Two hosts of one service: one is 200 s behind, and lines of both count in order."""
    feed = Feed(TOPICS.otlp_logs)
    for second in range(0, 900, 10):
        feed.give(second, [lines("shop", second, host="a"), lines("shop", second - 200, host="b")])
    assert feed.ended(Ending.LATE) == 0


def test_a_line_that_is_old_for_its_own_sender_is_late() -> None:
    """A line from a minute ago, sent again by the same host, is not counted in another interval."""
    feed = Feed(TOPICS.otlp_logs)
    for second in range(0, 300, 10):
        feed.give(second, [lines("shop", second)])
    feed.give(300, [lines("shop", 240, count=3)])
    assert feed.ended(Ending.LATE) == 3


def test_what_a_collector_kept_back_is_counted_where_it_belongs() -> None:
    """After 95 s without the Collector its backlog comes host by host; nothing is late, and no rate jumps."""
    feed = Feed(TOPICS.otlp_logs)
    hosts = [f"s{number}" for number in range(5)]
    for second in range(0, 900, 10):
        feed.give(second, [lines(host, second) for host in hosts])
    for host in hosts:
        feed.give(1000, [lines(host, second) for second in range(900, 1000, 10)])
    for second in range(1000, 1400, 10):
        feed.give(second + 1, [lines(host, second) for host in hosts])
    assert feed.ended(Ending.LATE) == 0
    bank, table = feed.agent._owned[0].slot.detection.bank, feed.agent.table(0)
    for number in range(len(bank)):
        if table.identity(number).metric == "log.count":
            row = bank._state.rows[number]
            assert float(row["origin"] + row["high"]) <= 20.0


def test_a_restart_continues_with_the_same_corrections() -> None:
    """The snapshot holds the senders: the same bytes with and without a restart in between."""
    whole, cut = Feed(TOPICS.otlp_logs), Feed(TOPICS.otlp_logs)
    for second in range(0, 600, 10):
        if second == 300:
            snapshot = cut.agent.snapshot(0)
            agent = MonitoringAgent(settings())
            agent.adopt(0, 2, [snapshot])
            cut = Feed(TOPICS.otlp_logs, agent, cut.offset)
        for feed in (whole, cut):
            feed.give(second, [lines("good", second), lines("wrong", second + 90), lines("slow", second - 400)])
    left, right = (feed.agent.snapshot(0, full=True).parts for feed in (whole, cut))
    for part in ("senders", "accounts", "bank"):
        for name in left[part].keys() - {"head"}:
            assert left[part][name].tobytes() == right[part][name].tobytes(), (part, name)


def test_a_sender_is_forgotten_at_the_same_record_whenever_snapshots_are_taken() -> None:
    """A host that comes back after seven hours is new, with and without a full snapshot while it was away."""
    fleets = Feed(TOPICS.otlp_metrics), Feed(TOPICS.otlp_metrics)
    for second in [0, *range(300, 8 * 3600, 300)]:
        for feed in fleets:
            feed.give(second, [gauge("stays", second)])
            if second in {0, 7 * 3600}:
                feed.give(second, [gauge("away", second - 900)])
        if second % 1800 == 0:
            fleets[1].agent.snapshot(0, full=True)
    left, right = (feed.agent._of(0).slot.senders for feed in fleets)
    assert left.rows.tobytes() == right.rows.tobytes()
    assert left.rows["records"][left.names.index("away")] == 1


def test_the_worst_clocks_are_shown() -> None:
    """With sign, worst first; a clock that is right is not among them."""
    feed = Feed(TOPICS.otlp_logs)
    for second in range(0, 600, 10):
        feed.give(second, [lines("good", second), lines("ahead", second + 90), lines("behind", second - 400)])
    found = feed.agent.skews()
    assert list(found) == ["behind", "ahead"]
    assert found["behind"] == pytest.approx(400, abs=5)
    assert found["ahead"] == pytest.approx(-90, abs=5)


def test_a_clock_that_is_far_off_is_an_incident_of_the_runtime() -> None:
    """It names the sender while the sender is heard, also after a restart, and ends when the sender is gone."""
    feed, told = Feed(TOPICS.otlp_metrics), []
    for second in range(0, 1500, 10):
        if second == 700:
            snapshot = feed.agent.snapshot(0)
            feed.agent = MonitoringAgent(settings())
            feed.agent.adopt(0, 2, [snapshot])
        if second < 1000:
            feed.give(second, [gauge("ahead", second + 600)])
        feed.give(second, [gauge("pay", second)])
        told += feed.agent.tick(T0 + second * SECOND, lag_is_small=True).episodes
    clocks = [one for one in told if one.signals[0].metric == "aiops.clock.skew"]
    assert {one.id for one in clocks} == {clocks[0].id}
    assert {signal.series for one in clocks for signal in one.signals} == {"aiops.clock.skew{sender=ahead}"}
    assert {round(signal.value, -1) for one in clocks if not one.ended_at for signal in one.signals} == {-600.0}
    assert clocks[0].opened_at < T0 + 300 * SECOND
    assert feed.agent.tick(T0 + 1500 * SECOND, lag_is_small=True).episodes == []
    for second in range(1500, 2000, 10):
        feed.give(second, [gauge("pay", second)])
        told += feed.agent.tick(T0 + second * SECOND, lag_is_small=True).episodes
    ended = [one for one in told if one.signals[0].metric == "aiops.clock.skew"][-1]
    assert ended.id == clocks[0].id
    assert ended.ended_at is not None
