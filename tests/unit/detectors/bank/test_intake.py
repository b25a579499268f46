from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.intake import LARGEST, NEW, admit, note_pause, reading, relative, take
from detectors.bank.layout import SILENT, Ended, ValueKind
from tests.unit.detectors.bank.rows import SECOND, row

LATE_NS = 300 * SECOND


def test_times_are_new_once() -> None:
    """In order, out of order within what is remembered, and each of them a second time."""
    one = row()
    for at in (100, 200, 150):
        assert admit(one, at * SECOND, LATE_NS) == NEW
        one["last_at"] = max(one["last_at"], at * SECOND)
    for at in (100, 150, 200):
        assert admit(one, at * SECOND, LATE_NS) == Ended.DUPLICATE


def test_at_or_below_a_forgotten_time_a_point_is_late() -> None:
    """Six new times push the first out of memory: nobody can tell whether it was there."""
    one = row()
    for at in range(1, 8):
        admit(one, at * 10 * SECOND, LATE_NS)
        one["last_at"] = at * 10 * SECOND
    assert one["floor_at"] == 20 * SECOND
    assert admit(one, 20 * SECOND, LATE_NS) == Ended.LATE
    assert admit(one, 25 * SECOND, LATE_NS) == NEW


def test_a_point_far_behind_is_late() -> None:
    """More than the allowed lateness behind the newest; exactly that much is not."""
    one = row(last_at=1000 * SECOND)
    assert admit(one, 700 * SECOND - 1, LATE_NS) == Ended.LATE
    assert admit(one, 700 * SECOND, LATE_NS) == NEW


@pytest.mark.parametrize("kind", [ValueKind.CUMULATIVE, ValueKind.DELTA])
def test_counters_need_order(kind: ValueKind) -> None:
    """An older point of a counter or a delta is late, however little."""
    one = row(kind=kind, last_at=1000 * SECOND)
    assert admit(one, 999 * SECOND, LATE_NS) == Ended.LATE


@settings(max_examples=50)
@given(st.lists(st.integers(1, 12), max_size=12))
def test_no_time_is_new_twice(times: list[int]) -> None:
    """Whatever the order, a repeated time is a duplicate or late."""
    one, seen = row(), set[int]()
    for at in times:
        told = admit(one, at * SECOND, LATE_NS)
        assert not (told == NEW and at in seen)
        if told == NEW:
            seen.add(at)
            one["last_at"] = max(one["last_at"], at * SECOND)


@pytest.mark.parametrize("kind", [ValueKind.GAUGE, ValueKind.RATE, ValueKind.QUANTILE])
def test_a_level_is_read_as_it_is(kind: ValueKind) -> None:
    """Nothing is divided by time."""
    assert reading(row(kind=kind, last_at=SECOND), 5 * SECOND, 7.5, 0) == (True, 7.5)


def test_a_counter_is_read_as_a_rate() -> None:
    """None at its first point; then 50 in ten seconds is 5 a second."""
    one = row(kind=ValueKind.CUMULATIVE)
    assert reading(one, 10 * SECOND, 100.0, 0) == (False, 0.0)
    one["last_at"] = 10 * SECOND
    assert reading(one, 20 * SECOND, 150.0, 0) == (True, 5.0)


@pytest.mark.parametrize(
    ("value", "start", "rate"),
    [
        (40.0, 0, 4.0),  # it fell: it counts from 0 since the last point
        (40.0, 15, 8.0),  # and since its start where that is between
        (400.0, 15, 80.0),  # a later start is a reset though it grew
        (400.0, 5, 30.0),  # an old start is none
        (40.0, 25, 4.0),  # a start after the point is nonsense
    ],
)
def test_a_reset_counts_from_zero(value: float, start: int, rate: float) -> None:
    """The last point was 100 at 10 s, this one is at 20 s."""
    one = row(kind=ValueKind.CUMULATIVE, last_at=10 * SECOND, last_value=100.0)
    has_value, found = reading(one, 20 * SECOND, value, start * SECOND)
    assert has_value
    assert found == pytest.approx(rate)
    assert one["last_value"] == value


@pytest.mark.parametrize(
    ("last", "start", "found"),
    [(0, 0, (False, 0.0)), (0, 15, (True, 10.0)), (10, 15, (True, 10.0)), (10, 0, (True, 5.0)), (10, 25, (True, 5.0))],
)
def test_a_delta_is_divided_by_its_interval(last: int, start: int, found: tuple[bool, float]) -> None:
    """50 at 20 s: since its start where it states one, else since the point before, else there is no rate."""
    one = row(kind=ValueKind.DELTA, last_at=last * SECOND)
    assert reading(one, 20 * SECOND, 50.0, start * SECOND) == found


def test_the_usual_pause_is_a_plain_mean_first() -> None:
    """Two pauses of 10 and 20 s: 15 s; later each pause counts 1/32."""
    one = row(last_at=100 * SECOND)
    note_pause(one, 110 * SECOND)
    one["n"] = 1
    note_pause(one, 130 * SECOND)
    assert (one["interval"], one["pause"], one["last_at"]) == (15.0, 20.0, 130 * SECOND)
    one["n"] = 1000
    note_pause(one, (130 + 47) * SECOND)
    assert one["interval"] == pytest.approx(16.0)


def test_the_first_point_has_no_pause() -> None:
    """It sets the time only."""
    one = row()
    note_pause(one, 5 * SECOND)
    assert (one["interval"], one["last_at"]) == (0.0, 5 * SECOND)


@pytest.mark.parametrize("value", [1e300, -1e300, 5.0])
def test_values_are_cut_to_what_the_row_can_hold(value: float) -> None:
    """The first value is the origin, and no difference is beyond 1e30."""
    one = row()
    assert relative(one, value) == 0.0
    assert abs(one["origin"]) <= LARGEST
    one["n"] = 1
    assert relative(one, -value) == pytest.approx(max(-LARGEST, min(LARGEST, -2 * max(-LARGEST, min(LARGEST, value)))))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_without_a_trace(value: float) -> None:
    """The row stays as it was, so that the same time may come again with a value."""
    one = row(last_at=SECOND, n=3)
    before = one.tobytes()
    assert take(one, 5 * SECOND, value, 0, LATE_NS) == (Ended.REFUSED, 0.0, False)
    assert one.tobytes() == before


def test_a_point_ends_a_silence() -> None:
    """Also one that has no value yet; a duplicate does not."""
    one = row(state=SILENT, kind=ValueKind.CUMULATIVE)
    assert take(one, 5 * SECOND, 1.0, 0, LATE_NS) == (Ended.WARMING_UP, 0.0, True)
    assert not one["state"]
    one["state"] = SILENT
    assert take(one, 5 * SECOND, 1.0, 0, LATE_NS)[0] == Ended.DUPLICATE
    assert one["state"] == SILENT


def test_a_late_point_within_memory_does_not_move_time() -> None:
    """A gauge's point out of order is new, and the newest time stays."""
    one = row(last_at=100 * SECOND, n=5, origin=10.0)
    assert take(one, 90 * SECOND, 12.0, 0, LATE_NS) == (NEW, 2.0, False)
    assert one["last_at"] == 100 * SECOND
