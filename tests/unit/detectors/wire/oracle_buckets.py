"""Histograms as objects: what the compiled loops over buckets must agree with.

Interpolation follows Prometheus's ``histogram_quantile``: linear inside an explicit bucket, exponential inside a bucket
of an exponential histogram; the open last bucket gives its lower bound. The count of observations is a series of its
own (the bank makes a rate of it), so a histogram point always has a primary value, also where there are no quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

QUANTILES = (0.5, 0.99)
MAX_BUCKETS = 4096
"""A point with more buckets is TOO_LARGE: the last point of each series is remembered."""
MAX_COUNT = (1 << 62) - 1


@dataclass(frozen=True, slots=True)
class ExplicitBuckets:
    """Counts of n + 1 buckets between n growing bounds; the last is open."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]

    def minus(self, earlier: ExplicitBuckets) -> ExplicitBuckets | None:
        """What came in between, or None where the two cannot be compared; counts below 0 tell of a reset."""
        if self.bounds != earlier.bounds or len(self.counts) != len(earlier.counts):
            return None
        counts = tuple(now - then for now, then in zip(self.counts, earlier.counts, strict=True))
        return ExplicitBuckets(self.bounds, counts)

    @property
    def all_counts(self) -> tuple[int, ...]:
        return self.counts

    def cells(self) -> list[tuple[float, float, int]]:
        """Lower bound, upper bound and count of each bucket, lowest first."""
        # Below the first bound Prometheus assumes 0, where that makes sense.
        lowest = -math.inf if not self.bounds or self.bounds[0] <= 0 else 0.0
        edges = [lowest, *self.bounds, math.inf]
        return list(zip(edges, edges[1:], self.counts, strict=False))

    def between(self, lower: float, upper: float, share: float) -> float:
        """The value at a share of a bucket."""
        if math.isinf(lower):
            return upper
        return lower if math.isinf(upper) else lower + (upper - lower) * share


@dataclass(frozen=True, slots=True)
class ExponentialBuckets:
    """Bucket i of a side holds (base^(offset+i), base^(offset+i+1)], with base = 2^(2^-scale), mirrored below 0."""

    scale: int
    threshold: float
    zero: int
    offset: int
    positive: tuple[int, ...]
    negative_offset: int = 0
    negative: tuple[int, ...] = ()

    def minus(self, earlier: ExponentialBuckets) -> ExponentialBuckets | None:
        """What came in between, at the coarser of the two scales."""
        scale = min(self.scale, earlier.scale)
        now, then = self._at(scale), earlier._at(scale)
        offset, positive = _difference(now.offset, now.positive, then.offset, then.positive)
        below, negative = _difference(now.negative_offset, now.negative, then.negative_offset, then.negative)
        if len(positive) > 2 * MAX_BUCKETS or len(negative) > 2 * MAX_BUCKETS:
            return None
        zero = now.zero - then.zero
        threshold = max(self.threshold, earlier.threshold)
        if self.threshold != earlier.threshold:
            zero, positive = _lifted(scale, threshold, zero, offset, positive)
            zero, negative = _lifted(scale, threshold, zero, below, negative)
        return ExponentialBuckets(scale, threshold, zero, offset, positive, below, negative)

    def _at(self, scale: int) -> ExponentialBuckets:
        shift = self.scale - scale
        offset, positive = _coarser(self.offset, self.positive, shift)
        below, negative = _coarser(self.negative_offset, self.negative, shift)
        return ExponentialBuckets(scale, self.threshold, self.zero, offset, positive, below, negative)

    @property
    def all_counts(self) -> tuple[int, ...]:
        return (self.zero, *self.positive, *self.negative)

    def cells(self) -> list[tuple[float, float, int]]:
        """Lower bound, upper bound and count of each bucket, lowest first."""
        below = [
            (-_power(self.scale, self.negative_offset + i + 1), -_power(self.scale, self.negative_offset + i), count)
            for i, count in enumerate(self.negative)
        ]
        above = [
            (_power(self.scale, self.offset + i), _power(self.scale, self.offset + i + 1), count)
            for i, count in enumerate(self.positive)
        ]
        low = -self.threshold if below else 0.0
        high = self.threshold if above else 0.0
        return [*reversed(below), (low, high, self.zero), *above]

    def between(self, lower: float, upper: float, share: float) -> float:
        """The value at a share of a bucket."""
        if lower <= 0 <= upper:
            return lower + (upper - lower) * share
        if math.isinf(upper) or math.isinf(lower):
            return lower if math.isinf(upper) else upper
        return lower * math.pow(upper / lower, share)


def quantiles(buckets: Buckets) -> tuple[float, ...] | None:
    """The value at each of ``QUANTILES``, or None where nothing was observed or no bucket has a bound."""
    cells = buckets.cells()
    total = sum(count for _, _, count in cells)
    if total <= 0 or (isinstance(buckets, ExplicitBuckets) and len(cells) < 2):
        return None
    found = tuple(_quantile(buckets, cells, quantile * total) for quantile in QUANTILES)
    return found if all(math.isfinite(value) for value in found) else None


def _quantile(buckets: Buckets, cells: Sequence[tuple[float, float, int]], rank: float) -> float:
    seen = 0
    for lower, upper, count in cells:
        if count and seen + count >= rank:
            return buckets.between(lower, upper, (rank - seen) / count)
        seen += count
    return cells[-1][0]


@dataclass(frozen=True, slots=True)
class NoBuckets:
    """Of a summary."""

    all_counts: tuple[int, ...] = ()

    def cells(self) -> list[tuple[float, float, int]]:
        return []

    def between(self, lower: float, upper: float, share: float) -> float:
        raise NotImplementedError

    def minus(self, _: NoBuckets) -> NoBuckets:
        return self


Buckets = ExplicitBuckets | ExponentialBuckets | NoBuckets


@dataclass(frozen=True, slots=True)
class Point:
    """A distribution at a time."""

    at: int
    start: int
    buckets: Buckets
    count: float
    sum: float


class BucketMemory:
    """The last point of each cumulative distribution of a slot."""

    def __init__(self) -> None:
        self._last: dict[int, Point] = {}

    def added(self, series: int, now: Point) -> Point | None:
        """What a cumulative point adds to the one before it; None for a first, repeated or late point.

        After a reset (a later start, or a count that fell) it is everything since the reset.
        """
        last = self._last.get(series)
        if last is not None and now.at <= last.at:
            return None
        self._last[series] = now
        if last is None:
            return None
        if now.start > last.start > 0:
            return now
        buckets = None
        if type(now.buckets) is type(last.buckets):
            buckets = now.buckets.minus(last.buckets)  # type: ignore[arg-type]
        if buckets is None:
            return None
        if min(buckets.all_counts, default=0) < 0:
            buckets = now.buckets
        if now.count < last.count:
            return replace(now, buckets=buckets)
        return replace(now, buckets=buckets, count=now.count - last.count, sum=now.sum - last.sum)


def _coarser(offset: int, counts: tuple[int, ...], shift: int) -> tuple[int, tuple[int, ...]]:
    """Counts of a side at a scale that is ``shift`` lower: each step merges pairs of buckets."""
    if shift == 0 or not counts:
        return (offset, counts) if counts else (0, ())
    shift = min(shift, 64)
    first = offset >> shift
    merged = [0] * (((offset + len(counts) - 1) >> shift) - first + 1)
    for place, count in enumerate(counts):
        merged[((offset + place) >> shift) - first] += count
    return first, tuple(merged)


def _difference(
    offset: int, counts: tuple[int, ...], earlier_offset: int, earlier: tuple[int, ...]
) -> tuple[int, tuple[int, ...]]:
    if not earlier:
        return offset, counts
    first = min(offset, earlier_offset) if counts else earlier_offset
    last = max(offset + len(counts), earlier_offset + len(earlier)) if counts else earlier_offset + len(earlier)
    if last - first > 2 * MAX_BUCKETS:  # far apart: not one history
        return first, (0,) * (2 * MAX_BUCKETS + 1)
    out = [0] * (last - first)
    for place, count in enumerate(counts, offset - first):
        out[place] += count
    for place, count in enumerate(earlier, earlier_offset - first):
        out[place] -= count
    return first, tuple(out)


def _lifted(
    scale: int, threshold: float, zero: int, offset: int, counts: tuple[int, ...]
) -> tuple[int, tuple[int, ...]]:
    """The count at zero with that of buckets that begin below its threshold, and the counts without them."""
    inside = [_power(scale, offset + place) < threshold * (1 - 1e-9) for place in range(len(counts))]
    moved = sum(count for count, lifted in zip(counts, inside, strict=True) if lifted)
    return zero + moved, tuple(0 if lifted else count for count, lifted in zip(counts, inside, strict=True))


def _power(scale: int, index: int) -> float:
    """Bound ``index`` at ``scale``: 2^(index * 2^-scale), infinite where it leaves the range of a double."""
    try:
        return math.pow(2.0, math.ldexp(index, -scale))
    except OverflowError:
        return math.inf if index > 0 else 0.0


def explicit(bounds: Sequence[float], counts: Sequence[int]) -> ExplicitBuckets | None:
    """Buckets of an explicit histogram point, or None where they do not fit together."""
    growing = all(low < high for low, high in pairwise(bounds))
    finite = all(math.isfinite(bound) for bound in bounds)
    fitting = len(counts) == len(bounds) + 1 or (not counts and not bounds)
    if not (growing and finite and fitting) or sum(counts) > MAX_COUNT:
        return None
    return ExplicitBuckets(tuple(bounds), tuple(counts))
