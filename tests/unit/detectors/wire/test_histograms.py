from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import histograms, otlp_walker
from detectors.wire.batch import PointBatch
from detectors.wire.histograms import HistogramMemory
from detectors.wire.identity import SeriesKind
from detectors.wire.memory import WireMemory
from detectors.wire.tape import MAX_BUCKETS
from tests.unit.detectors.wire import oracle
from tests.unit.detectors.wire.distributions import Sender
from tests.unit.detectors.wire.plain_batches import agree, plain
from tests.unit.detectors.wire.requests import NOW

Temporality: TypeAlias = AggregationTemporality.ValueType
UNSPECIFIED, DELTA, CUMULATIVE = AggregationTemporality.values()


def record(*metrics: Metric) -> bytes:
    """A request of some metrics."""
    made = ExportMetricsServiceRequest()
    made.resource_metrics.add().scope_metrics.add().metrics.extend(metrics)
    return made.SerializeToString()


def explicit(
    bounds: Sequence[float], *points: Sequence[int], temporality: Temporality = CUMULATIVE, begun: Sequence[int] = ()
) -> Metric:
    """A histogram ``h`` in seconds with a point a second; ``begun`` holds their start times, 1 where it is short."""
    made = Metric(name="h", unit="s")
    made.histogram.aggregation_temporality = temporality
    for second, counts in enumerate(points):
        point = made.histogram.data_points.add(time_unix_nano=NOW + second, count=sum(counts), sum=2.0 * sum(counts))
        point.start_time_unix_nano = begun[second] if begun else 1
        point.explicit_bounds.extend(bounds)
        point.bucket_counts.extend(counts)
    return made


def exponential(scale: int, offset: int, counts: Sequence[int], zero: int = 0, second: int = 0) -> Metric:
    """A cumulative exponential histogram ``h`` with one point."""
    made = Metric(name="h", unit="s")
    made.exponential_histogram.aggregation_temporality = CUMULATIVE
    point = made.exponential_histogram.data_points.add(time_unix_nano=NOW + second, count=sum(counts) + zero)
    point.scale, point.zero_count, point.positive.offset = scale, zero, offset
    point.positive.bucket_counts.extend(counts)
    return made


def summary(*points: tuple[int, float], quantiles: Sequence[tuple[float, float]] = ()) -> Metric:
    """A summary ``h`` with a count and a sum a second."""
    made = Metric(name="h", unit="s")
    for second, (count, total) in enumerate(points):
        point = made.summary.data_points.add(time_unix_nano=NOW + second, count=count, sum=total)
        for quantile, value in quantiles:
            point.quantile_values.add(quantile=quantile, value=value)
    return made


def values(batch: PointBatch, memory: WireMemory) -> dict[str, list[float]]:
    """Values by metric."""
    found: dict[str, list[float]] = {}
    for series, value in zip(batch.series.tolist(), batch.value.tolist(), strict=True):
        found.setdefault(memory.table.identity(series).metric, []).append(value)
    return found


def decoded(*metrics: Metric) -> dict[str, list[float]]:
    """Values by metric of one request."""
    memory = WireMemory()
    return values(otlp_walker.decode([record(*metrics)], memory, NOW), memory)


def test_quantiles_interpolate_as_prometheus_does() -> None:
    """Ten observations in (1, 2]: the median lies in the middle of the bucket."""
    found = decoded(explicit([1.0, 2.0, 4.0], [0, 10, 0, 0], temporality=DELTA))
    assert found == {"h.count": [10.0], "h.p50": [1.5], "h.p99": [pytest.approx(1.99)]}


def test_the_open_bucket_gives_its_lower_bound() -> None:
    """What lies above the last bound is said to lie on it."""
    found = decoded(explicit([1.0, 2.0], [0, 0, 5], temporality=DELTA))
    assert (found["h.p50"], found["h.p99"]) == ([2.0], [2.0])


@pytest.mark.parametrize(
    ("bounds", "counts", "expected"), [([10.0], [10, 0], (5.0, 9.9)), ([-1.0, 1.0], [10, 0, 0], (-1.0, -1.0))]
)
def test_the_first_bucket_begins_at_zero(bounds: list[float], counts: list[int], expected: tuple[float, float]) -> None:
    """With a positive first bound, values are taken to be positive; else the bound itself is given."""
    found = decoded(explicit(bounds, counts, temporality=DELTA))
    assert (found["h.p50"][0], found["h.p99"][0]) == pytest.approx(expected)


def test_nothing_observed_gives_a_count_alone() -> None:
    """Quantiles of nothing are not made up."""
    assert decoded(explicit([1.0], [0, 0], temporality=DELTA)) == {"h.count": [0.0]}


def test_a_histogram_without_bounds_shows_its_mean() -> None:
    """Count and sum are all there is: with one bucket, and with none."""
    assert decoded(explicit([], [7], temporality=DELTA)) == {"h.count": [7.0], "h.mean": [2.0]}
    bare = Metric(name="h")
    bare.histogram.aggregation_temporality = DELTA
    bare.histogram.data_points.add(time_unix_nano=NOW, count=4, sum=10.0)
    assert decoded(bare) == {"h.count": [4.0], "h.mean": [2.5]}


def test_series_of_a_histogram_have_their_own_kinds_and_units() -> None:
    """The count is a counter without unit; quantiles are in the unit of the histogram."""
    memory = WireMemory()
    otlp_walker.decode([record(explicit([1.0], [1, 0], [2, 0]))], memory, NOW)
    found = [memory.table.identity(series) for series in range(len(memory.table))]
    assert [(one.metric, one.unit, one.kind) for one in found] == [
        ("h.count", "1", SeriesKind.CUMULATIVE),
        ("h.p50", "s", SeriesKind.QUANTILE),
        ("h.p99", "s", SeriesKind.QUANTILE),
    ]


def test_the_first_cumulative_point_has_no_interval() -> None:
    """Nor have repeated and late points; the next one has the difference."""
    metric = explicit([1.0, 2.0], [1, 2, 0], [1, 2, 0], [0, 1, 0], [1, 12, 0])
    for place, at in enumerate((10, 10, 9, 20)):
        metric.histogram.data_points[place].time_unix_nano = NOW + at
    assert decoded(metric) == {"h.count": [3.0, 3.0, 1.0, 13.0], "h.p50": [1.5], "h.p99": [pytest.approx(1.99)]}


@pytest.mark.parametrize("begun", [(1, 5), (1, 1)])
def test_after_a_reset_everything_is_new(begun: tuple[int, int]) -> None:
    """A later start, or a count that fell, means that the counts began again."""
    found = decoded(explicit([1.0, 2.0], [10, 20, 0], [0, 4, 0], begun=begun))
    assert found["h.p50"] == [1.5]


def test_new_bounds_are_not_compared_with_old_ones() -> None:
    """The point after a change of bounds has no interval, the one after it has."""
    memory = WireMemory()
    steps = [explicit([1.0], [1, 1]), explicit([2.0], [1, 1]), explicit([2.0], [5, 1])]
    found = []
    for second, metric in enumerate(steps):
        metric.histogram.data_points[0].time_unix_nano = NOW + second
        found.append(values(otlp_walker.decode([record(metric)], memory, NOW), memory).get("h.p50"))
    assert found == [None, None, [1.0]]


def test_exponential_buckets_interpolate_exponentially() -> None:
    """At scale 0 bucket 2 is (4, 8]; its middle on the logarithmic scale is 4 times root 2."""
    found = decoded(exponential(0, 2, [0]), exponential(0, 2, [10], second=1))
    assert found["h.p50"] == [pytest.approx(4 * math.sqrt(2))]


def test_a_change_of_scale_loses_no_count() -> None:
    """Eight observations in (1, 4] at scale 1, then two more in (4, 16] at scale 0: the interval holds those two."""
    found = decoded(exponential(1, 0, [2, 2, 2, 2]), exponential(0, 0, [4, 4, 0, 2], second=1))
    assert found["h.count"] == [8.0, 10.0]
    assert found["h.p50"] == [pytest.approx(8 * math.sqrt(2))]


def test_zeros_are_observations() -> None:
    """A queue that nobody waits in has a median of 0, also where no other bucket is there."""
    assert decoded(exponential(0, 0, [], zero=1), exponential(0, 0, [], zero=5, second=1))["h.p50"] == [0.0]


def test_offsets_near_the_limits_of_int32_give_no_quantiles() -> None:
    """Bounds outside the range of a double are left out; the count goes on."""
    found = decoded(exponential(0, 2**31 - 1, [0, 1]), exponential(0, 2**31 - 1, [3, 9], second=1))
    assert found == {"h.count": [1.0, 12.0]}


def test_a_summary_without_quantiles_shows_its_mean() -> None:
    """Of the interval: two seconds over four observations."""
    assert decoded(summary((6, 3.0), (10, 5.0))) == {"h.count": [6.0, 10.0], "h.mean": [0.5]}


def test_a_summary_shows_mean_and_quantiles() -> None:
    """Quantiles that are no numbers, or no quantiles, are left out."""
    found = decoded(summary((1, 1.0), (3, 2.0), quantiles=[(0.5, 0.25), (0.9, math.nan), (2.0, 1.0)]))
    assert found == {"h.count": [1.0, 3.0], "h.p50": [0.25, 0.25], "h.mean": [0.5]}


@pytest.mark.parametrize("points", [((6, math.nan), (10, 5.0)), ((6, 3.0), (6, 3.0)), ((6, 0.0), (9, 0.0))])
def test_no_mean_is_made_up(points: tuple[tuple[int, float], ...]) -> None:
    """A sum that is no number, nothing observed, and a sum that was never sent give none."""
    assert set(decoded(summary(*points))) == {"h.count"}


def test_a_summary_that_began_again_has_the_mean_since_then() -> None:
    """A count that fell tells of a restart."""
    assert decoded(summary((60, 90.0), (10, 5.0)))["h.mean"] == [0.5]


FAULTY = [
    (explicit([1.0], [1]), DeadLetterReason.SCHEMA_MISMATCH),
    (explicit([2.0, 1.0], [1, 1, 1]), DeadLetterReason.SCHEMA_MISMATCH),
    (explicit([math.nan], [1, 1]), DeadLetterReason.SCHEMA_MISMATCH),
    (explicit([1.0], [2**61, 2**62]), DeadLetterReason.SCHEMA_MISMATCH),
    (explicit([], [1] * (MAX_BUCKETS + 1)), DeadLetterReason.TOO_LARGE),
    (explicit([1.0], [1, 1], temporality=UNSPECIFIED), DeadLetterReason.UNSUPPORTED),
    (exponential(65, 0, [1]), DeadLetterReason.SCHEMA_MISMATCH),
    (exponential(0, 0, [2**62, 2**61]), DeadLetterReason.SCHEMA_MISMATCH),
    (exponential(0, 0, [1] * 1_000_000), DeadLetterReason.TOO_LARGE),
    (exponential(0, 0, [1], second=10**18), DeadLetterReason.FAR_FUTURE),
    (summary((1, 1.0), quantiles=[(0.5, 1.0)] * (MAX_BUCKETS + 1)), DeadLetterReason.TOO_LARGE),
]


@pytest.mark.parametrize(("metric", "reason"), FAULTY)
def test_a_faulty_point_is_a_dead_letter_and_its_neighbours_go_on(metric: Metric, reason: DeadLetterReason) -> None:
    """The reason tells what is wrong; a sound histogram of the same record is taken."""
    sound = explicit([1.0], [1, 1])
    sound.name = "sound"
    memory = WireMemory()
    batch = otlp_walker.decode([record(metric, sound)], memory, NOW)
    assert [(entry.reason, entry.items, entry.places) for entry in batch.rejected] == [(reason, 1, (0,))]
    assert values(batch, memory) == {"sound.count": [2.0]}
    assert batch.difference == 0


def test_buckets_past_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slot remembers so many buckets and no more; histograms that it knows go on."""
    monkeypatch.setattr(histograms, "_LEAST_CELLS", 5)
    monkeypatch.setattr(histograms, "_CELLS_A_SERIES", 0)
    memory = WireMemory()
    other = explicit([1.0, 2.0], [1, 1, 1])
    other.name = "other"
    batch = otlp_walker.decode([record(explicit([1.0, 2.0], [1, 1, 1]), other)], memory, NOW)
    assert [(entry.reason, entry.items) for entry in batch.rejected] == [(DeadLetterReason.SERIES_LIMIT, 1)]
    assert batch.difference == 0
    again = otlp_walker.decode([record(explicit([1.0, 2.0], [1, 1, 1], [2, 1, 1]))], memory, NOW)
    assert values(again, memory) == {"h.count": [3.0, 4.0], "h.p50": [0.5], "h.p99": [0.99]}


def history(seed: int) -> tuple[random.Random, list[bytes]]:
    """Requests of one sender."""
    rng = random.Random(seed)
    sender = Sender(rng, rng.choice([CUMULATIVE, CUMULATIVE, DELTA]))
    return rng, [sender.request().SerializeToString() for _ in range(12)]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_agrees_with_histograms_as_objects(seed: int) -> None:
    """Over histories with rescales, resets, new bounds and broken points, loops and objects give the same."""
    _, records = history(seed)
    walked, parsed = WireMemory(), oracle.OracleMemory()
    for begin in range(0, len(records), 3):
        poll = records[begin : begin + 3]
        fast, slow = otlp_walker.decode(poll, walked, NOW), oracle.decode(poll, parsed, NOW)
        assert fast.difference == 0
        agree(plain(fast, walked.table), plain(slow, parsed.table))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_any_cut_of_the_input_and_any_restart_give_the_same_bytes(seed: int) -> None:
    """Values and snapshots do not depend on polls, nor on when the slot was restored from a snapshot."""
    rng, records = history(seed)
    whole, parts = WireMemory(), WireMemory()
    expected = otlp_walker.decode(records, whole, NOW)
    found: list[float] = []
    while records:
        size = rng.randrange(1, len(records) + 1)
        found += otlp_walker.decode(records[:size], parts, NOW).value.tolist()
        records = records[size:]
        if rng.random() < 0.5:
            restored = WireMemory()
            restored.extend(parts.to_arrays())
            parts = restored
    assert found == expected.value.tolist()
    one, other = whole.to_arrays(), parts.to_arrays()
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in other.items()
    }


def test_small_points_with_many_buckets_find_room() -> None:
    """Counts of one byte take eight on the tape, which is made longer then."""
    counts = exponential(3, 0, [1] * 1500).exponential_histogram
    points = 600
    for second in range(1, points):
        counts.data_points.add().CopyFrom(counts.data_points[0])
        counts.data_points[second].time_unix_nano = NOW + second
    metric = Metric(name="h")
    metric.exponential_histogram.CopyFrom(counts)
    assert len(decoded(metric)["h.count"]) == points


def test_cells_are_taken_back() -> None:
    """A histogram that grows without end leaves no trail of the buckets that it had."""
    memory = WireMemory()
    for size in range(1, 400):
        otlp_walker.decode([record(exponential(0, 0, [1] * size, second=size))], memory, NOW)
    assert len(memory.histograms._kept.cells) < 4 * 1024
    assert len(memory.to_arrays()["histograms.cells"]) == 399


def test_an_empty_memory_comes_back() -> None:
    """A slot without histograms has a snapshot too."""
    assert len(HistogramMemory.from_arrays(HistogramMemory().to_arrays())) == 0
