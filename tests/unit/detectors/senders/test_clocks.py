from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.agents.monitor.senders import Batch, SenderClocks, receipts_of
from aiops.model.durations import SECOND
from detectors.senders.layout import Aligned
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
