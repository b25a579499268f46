from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.agents.monitor.senders import Batch, SenderClocks, receipts_of
from aiops.model.durations import SECOND
from detectors.senders.clocks import IDLE, align
from detectors.senders.layout import SENDER, WORK, Aligned, Clock, Items, Longs, Rules, Senders
from detectors.senders.skew import AHEAD
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable

T0 = 1_800_000_000 * SECOND


class Fleet:
    """Senders with one gauge each; each record holds one point."""

    def __init__(self, size: int, held: int = 300) -> None:
        self.table = SeriesTable()
        names = [SeriesIdentity(f"s{n}", "load", (("host.name", f"h{n}"),)) for n in range(size)]
        self.series = self.table.add(names)
        self.clocks = SenderClocks(held * SECOND)

    def send(self, *points: tuple[int, float, float]) -> tuple[list[float], Aligned]:
        """Corrected times of (sender, event second, second of receipt), one record each."""
        at = np.array([T0 + int(event * SECOND) for _, event, _ in points], np.int64)
        batch = Batch(
            at,
            np.zeros(len(at), np.int64),
            self.series[[sender for sender, _, _ in points]],
            np.arange(len(at), dtype=np.int32),
            np.array([T0 + int(received * SECOND) for _, _, received in points], np.int64),
        )
        aligned = self.clocks.align_points(batch, 0, self.table)
        return [float(time - T0) / SECOND for time in at.tolist()], aligned


def seconds(array: np.ndarray) -> list[float]:
    return [float(time - T0) / SECOND for time in array.tolist()]


def test_the_receipt_is_the_append_time_unless_the_poll_was_earlier() -> None:
    """A producer's clock may be wrong; the clock of the reader is not."""
    found = receipts_of([T0, T0 + 3000 * SECOND], T0 + 10 * SECOND)
    assert seconds(found) == [0.0, 15.0]


def test_no_time_is_later_than_its_receipt() -> None:
    """But for 10 s of play."""
    fleet = Fleet(2)
    times, aligned = fleet.send((0, 0, 0), (1, 5000, 1), (0, 9, 2), (0, 700, 3))
    assert times == [0.0, 1.0, 9.0, pytest.approx(3.0, abs=1)]
    assert max(seconds(aligned.highest)) <= 13.0


def test_single_wild_points_of_a_record_leave_the_others_alone() -> None:
    """Most of a sender's points agree with the receipt: those that do not are dated by it."""
    fleet = Fleet(1)
    at = np.array([T0, T0 + 1, T0 + 2, T0 + 500 * SECOND], np.int64)
    zeros = np.zeros(4, np.int32)
    batch = Batch(at, np.zeros(4, np.int64), fleet.series[zeros], zeros, np.array([T0 + SECOND], np.int64))
    fleet.clocks.align_points(batch, 0, fleet.table)
    assert at.tolist() == [T0, T0 + 1, T0 + 2, T0 + SECOND]


def test_the_start_of_a_counter_moves_with_its_time() -> None:
    """A rate needs both by one clock; a start that is not known stays unknown."""
    fleet = Fleet(2)
    at, start = np.array([T0 + 900 * SECOND] * 2, np.int64), np.array([T0 + 800 * SECOND, 0], np.int64)
    batch = Batch(at, start, fleet.series, np.arange(2, dtype=np.int32), np.array([T0, T0], np.int64))
    fleet.clocks.align_points(batch, 0, fleet.table)
    assert seconds(at) == [0.0, 0.0]
    assert start.tolist() == [T0 - 100 * SECOND, 0]


def test_trusted_times_are_not_corrected() -> None:
    """Another slot has done so."""
    fleet = Fleet(1)
    at = np.array([T0 + 900 * SECOND], np.int64)
    one = np.zeros(1, np.int32)
    batch = Batch(at, np.zeros(1, np.int64), fleet.series, one, np.array([T0], np.int64))
    fleet.clocks.align_points(batch, 0, fleet.table, trusted=True)
    assert seconds(at) == [900.0]


def test_the_watermark_waits_for_senders_that_are_still_behind_after_an_outage() -> None:
    """One sender delivers its backlog first; the others hold the watermark back until theirs is there."""
    fleet = Fleet(4)
    for second in range(0, 600, 10):
        fleet.send(*[(sender, second, second + 1) for sender in range(4)])
    _, first = fleet.send(*[(0, second, 800) for second in range(600, 800, 10)])
    assert seconds(first.closing)[-1] < 640
    _, rest = fleet.send(*[(sender, second, 801) for sender in (1, 2, 3) for second in range(600, 800, 10)])
    assert seconds(rest.closing)[-1] >= 780


def test_a_sender_that_is_gone_does_not_hold_the_watermark_back() -> None:
    """Time goes on for it as for the others, and after a minute it no longer counts."""
    fleet = Fleet(3)
    for second in range(0, 300, 10):
        fleet.send(*[(sender, second, second + 1) for sender in range(3)])
    for second in range(300, 400, 10):
        _, aligned = fleet.send((0, second, second + 1), (1, second, second + 1))
        assert seconds(aligned.closing)[-1] >= second - 10


def test_the_slow_hold_the_watermark_back_by_at_most_the_allowed_lateness() -> None:
    """A sender that is an hour behind and stays unsteady does not stop the clock."""
    fleet = Fleet(2)
    rng = np.random.default_rng(3)
    for second in range(0, 1000, 10):
        _, aligned = fleet.send((0, second, second), (1, second - 3600 - rng.uniform(0, 500), second))
    assert seconds(aligned.closing)[-1] >= 990 - 300


def test_senders_that_were_not_heard_of_are_forgotten_and_their_rows_used_again() -> None:
    """A fleet whose pods are replaced needs no more rows than pods that live."""
    fleet = Fleet(40)
    for hour in range(10):
        fleet.send(*[(4 * hour + n, 3600 * hour, 3600 * hour) for n in range(4)])
        fleet.clocks.forget(T0 + 3600 * hour * SECOND)
    assert fleet.clocks.size == 4 * 8
    times, _ = fleet.send((0, 36_000, 36_000))
    assert times == [36_000.0]
    assert fleet.clocks.names.count("s0\thost.name=h0") == 1


def test_rows_are_used_again_in_the_same_order_after_a_restart() -> None:
    """The lowest row first, also when senders were forgotten in several steps."""
    fleet, copy = Fleet(12), Fleet(12)
    fleet.send(*[(sender, 0, 0) for sender in range(3)], *[(sender, 3600, 3600) for sender in range(3, 6)])
    for hour in (6.5, 7.5):
        fleet.clocks.forget(T0 + int(3600 * hour) * SECOND)
    copy.clocks.restore(fleet.clocks.to_arrays())
    for each in (fleet, copy):
        each.send(*[(sender, 28_000, 28_000) for sender in range(6, 12)])
    assert fleet.clocks.rows.tobytes() == copy.clocks.rows.tobytes()
    assert fleet.clocks.names == copy.clocks.names


def test_a_sender_that_comes_back_is_found_for_all_its_series_again() -> None:
    """While it was away its series had none; it comes back with another series, as after a restart."""
    fleet = Fleet(2)
    (other,) = fleet.table.add([SeriesIdentity("s0", "queue", (("host.name", "h0"),))])
    fleet.send((0, 0, 0), (1, 0, 0))
    fleet.send((1, 30_000, 30_000))
    fleet.clocks.forget(T0 + 30_000 * SECOND)
    assert fleet.clocks.members(fleet.table, fleet.series).tolist() == [-2, 1]
    fleet.series = np.array([other, *fleet.series[1:]], np.int32)
    fleet.send((0, 30_010, 30_010))
    assert fleet.clocks.members(fleet.table, np.array([0, 1, other], np.int32)).tolist() == [0, 1, 0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-4000, 4000)), min_size=1, max_size=60), st.integers(0, 60))
def test_any_cut_gives_the_same_senders(sent: list[tuple[int, int]], cut: int) -> None:
    """State and times do not depend on how the records are polled, or on a restart in between."""
    points = [(sender, 10 * number - skew, 10 * number) for number, (sender, skew) in enumerate(sent)]
    whole, parts = Fleet(5), Fleet(5)
    times, aligned = whole.send(*points)
    first, left = parts.send(*points[:cut]) if cut else ([], None)
    restarted = SenderClocks(300 * SECOND)
    restarted.restore(parts.clocks.to_arrays())
    parts.clocks = restarted
    rest, right = parts.send(*points[cut:]) if points[cut:] else ([], None)
    assert times == first + rest
    closing = [part.closing.tolist() for part in (left, right) if part is not None]
    assert aligned.closing.tolist() == [time for part in closing for time in part]
    for name, array in whole.clocks.to_arrays().items():
        assert array.tobytes() == parts.clocks.to_arrays()[name].tobytes(), name


# ------------------------------------------------------------------------------------------------ one pass over arrays


class Pass:
    """The arrays of one partition with two senders, for passes over items of (record, sender, event second)."""

    def __init__(self, *, late: float = 0, held: float = 300, trusted: bool = False) -> None:
        self.rows = np.zeros(2, SENDER)
        self.clock: Longs = np.zeros(len(Clock), np.int64)
        self.sender_of = np.array([0, 1, -1], np.int32)
        self.rules = Rules(5, trusted, int(late * SECOND), int(held * SECOND))
        self.at: Longs = np.empty(0, np.int64)

    def over(self, items: Sequence[tuple[int, int, float]], receipts: Sequence[float], begin: int = 0) -> int:
        """Where a pass ends; its times and output are kept."""
        self.at = np.array([T0 + round(second * SECOND) for *_, second in items], np.int64)
        records, members = (np.array([item[column] for item in items], np.int32) for column in (0, 1))
        size = len(receipts)
        self.out = Aligned(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(len(items), np.uint8))
        given = Items(self.at, np.empty(0, np.int64), members, records, self.sender_of)
        senders = Senders(self.rows, np.zeros(2, WORK), np.empty(2, np.int32), np.empty(2, np.int64))
        received = np.array([T0 + round(second * SECOND) for second in receipts], np.int64)
        end: int = align(given, senders, self.clock, received, self.out, self.rules, begin)
        return end

    def of(self, name: Clock) -> int:
        return int(self.clock[name])


def test_a_pass_ends_before_a_record_with_an_unknown_sender_and_goes_on_from_there() -> None:
    """Nothing of that record has counted yet, so it counts once when its sender is known."""
    items = [(0, 0, 0.0), (1, 1, 1.0), (1, 2, 1.0), (2, 0, 2.0)]
    found = Pass()
    assert found.over(items, [0, 1, 2]) == 1
    assert found.rows["records"].tolist() == [1, 0]
    found.sender_of[2] = 0
    assert found.over(items, [0, 1, 2], begin=1) == 4
    assert found.rows["records"].tolist() == [3, 1]
    assert found.out.highest.tolist() == [0, T0 + SECOND, T0 + 2 * SECOND]
    assert found.rows["source"].tolist() == [5, 5]


def test_no_items_change_nothing() -> None:
    """A poll whose records were all broken."""
    found = Pass()
    assert found.over([], []) == 0
    assert not found.clock.any()
    assert not found.rows["records"].any()


def test_a_time_up_to_ten_seconds_ahead_of_its_receipt_is_left_as_it_is() -> None:
    """One nanosecond more is dated by the receipt."""
    for excess, left in ((0.0, AHEAD), (1e-9, 0)):
        found = Pass()
        found.over([(0, 0, AHEAD / SECOND)], [-excess])
        assert found.at.tolist() == [T0 + left - round(excess * SECOND)]


def test_an_item_is_late_beside_what_its_sender_sent_before_this_record() -> None:
    """More than the allowed lateness behind; the order within a record and other senders do not matter."""
    found = Pass(late=5)
    found.over([(0, 0, 20), (0, 0, 0), (1, 0, 15), (1, 0, 14.999), (1, 1, 0)], [20, 21])
    assert found.out.late.tolist() == [0, 0, 0, 1, 0]


def test_senders_that_alternate_within_a_record_are_each_judged_once() -> None:
    """An export of several resources is one record of each."""
    found = Pass()
    found.over([(0, 0, 1), (0, 1, 900), (0, 0, 2), (0, 1, 901)], [2])
    assert seconds(found.at) == [1.0, 1.0, 2.0, 2.0]
    assert found.rows["records"].tolist() == [1, 1]
    assert seconds(found.rows["newest"]) == [2.0, 2.0]


def test_a_receipt_that_runs_back_moves_no_clock() -> None:
    """Brokers' clocks differ: the newest receipt stays."""
    found = Pass()
    found.over([(0, 0, 10), (1, 0, 11)], [10, 5])
    assert found.of(Clock.RECEIPT) == T0 + 10 * SECOND
    assert found.of(Clock.ATTENDED) == 0
    assert seconds(found.rows["received"])[0] == 10.0


def test_a_pause_of_the_whole_input_makes_no_sender_idle() -> None:
    """Attended time passes at most 15 s by a record of an input that is usually dense."""
    found = Pass()
    found.over([(second, 0, second) for second in range(31)], range(31))
    before = found.of(Clock.ATTENDED)
    assert before == 30 * SECOND
    found.over([(0, 0, 5000)], [5000])
    assert before < found.of(Clock.ATTENDED) <= before + 15 * SECOND < before + IDLE


def test_the_fastest_and_the_slowest_sender_bound_the_common_time() -> None:
    """It is never beyond the newest time, and never further behind it than the slow may hold it back."""
    found = Pass(held=30, trusted=True)
    found.over([(0, 0, 100), (1, 1, 0)], [100, 100])
    assert seconds(found.out.closing) == [100.0, 70.0]
    found = Pass(held=300, trusted=True)
    found.over([(0, 0, 100), (1, 1, 0)], [100, 100])
    assert seconds(found.out.closing) == [100.0, 0.0]
