"""Counts and what was derived from them as one batch."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import tape as t
from detectors.wire.batch import BatchAccount, PointBatch, Rejections
from detectors.wire.batch_assembly import assemble_batch
from detectors.wire.hashing import SEED
from detectors.wire.interval_loop import Derived, make_derived

SERIES = st.integers(-3, 9)
POINTS = st.lists(st.tuples(SERIES, st.lists(st.tuples(SERIES, st.floats(-9, 9)), max_size=3)), max_size=12)


def tape_of(size: int) -> t.Tape:
    """Points of three records, two of each metric."""
    tape = t.make_tape(3, max(size, 1), 0, seed=SEED)
    for point in range(size):
        tape.numbers[t.AT, point], tape.numbers[t.START, point] = 100 + point, 50 + point
        tape.numbers[t.ROW, point], tape.value[point] = point // 2, point / 2
        tape.metrics[point // 2, t.RECORD] = point // 4
    tape.cursor[t.METRICS] = (size + 1) // 2
    return tape


def account() -> BatchAccount:
    rejections = Rejections()
    rejections.add(1, DeadLetterReason.NO_TIME, (4,))
    return BatchAccount(rejections, 2, np.array([5, 5, 5]))


def rows(batch: PointBatch) -> list[tuple[float, ...]]:
    columns = (batch.series, batch.at, batch.value, batch.start, batch.record, batch.unit)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def derived_of(points: list[tuple[int, list[tuple[int, float]]]]) -> tuple[Derived, np.ndarray]:
    flat = [(point, *pair) for point, (_, pairs) in enumerate(points) for pair in pairs]
    out = make_derived(len(flat), 0)
    for place, (point, _, value) in enumerate(flat):
        out.point[place], out.value[place] = point, value
    return out, np.array([series for _, series, _ in flat], np.int32)


@settings(deadline=None)  # the first call compiles
@given(POINTS)
def test_each_point_is_followed_by_what_was_derived_from_it(points: list[tuple[int, list[tuple[int, float]]]]) -> None:
    """What has no series is left out, and what was derived has no start and counts as no unit."""
    batch = assemble_batch(
        tape_of(len(points)),
        np.array([series for series, _ in points], np.int32),
        derived_of(points),
        account=account(),
    )
    expected: list[tuple[float, ...]] = []
    for point, (series, pairs) in enumerate(points):
        if series >= 0:
            expected.append((series, 100 + point, point / 2, 50 + point, point // 4, 1))
        expected += [(each, 100 + point, value, 0, point // 4, 0) for each, value in pairs if each >= 0]
    assert rows(batch) == expected


@settings(deadline=None)
@given(st.lists(SERIES, max_size=12))
def test_counts_alone_are_the_same_with_and_without_the_loop(series: list[int]) -> None:
    """Where all have a series, the arrays of the tape are taken as they are."""
    numbers = np.array(series, np.int32)
    alone = assemble_batch(tape_of(len(series)), numbers, None, account=account())
    both = assemble_batch(tape_of(len(series)), numbers, derived_of([(each, []) for each in series]), account=account())
    assert rows(alone) == rows(both)


def test_the_account_goes_with_the_batch() -> None:
    """What is not among the points is told."""
    batch = assemble_batch(tape_of(2), np.array([0, 1], np.int32), None, account=account())
    assert (batch.gaps, batch.items.tolist(), len(batch.rejected)) == (2, [5, 5, 5], 1)
    assert batch.series.dtype == np.int32
    assert batch.record.dtype == np.int32
