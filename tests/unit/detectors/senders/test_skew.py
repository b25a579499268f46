from __future__ import annotations

import numpy as np
import pytest

from aiops.model.durations import SECOND
from detectors.senders.layout import SENDER
from detectors.senders.skew import AHEAD, BEHIND, judge

T0 = 1_800_000_000 * SECOND


class Sender:
    """A sender whose records are judged one after another; times in seconds."""

    def __init__(self) -> None:
        self.row = np.zeros(1, SENDER)[0]

    def send(self, received: float, delay: float) -> float:
        """Seconds that are added to the times of a record with this delay."""
        receipt = T0 + int(received * SECOND)
        shift = judge(self.row, receipt - int(delay * SECOND), receipt)
        self.row["records"] += 1
        return float(shift) / SECOND

    @property
    def offset(self) -> float:
        return float(self.row["offset"]) / SECOND


def test_small_delays_and_leads_are_left_as_they_are() -> None:
    """Up to 10 s ahead of the receipt and 30 s behind."""
    one = Sender()
    delays = np.random.default_rng(1).uniform(-AHEAD / SECOND + 1, BEHIND / SECOND - 1, 500)
    assert {one.send(10 * number, float(delay)) for number, delay in enumerate(delays)} == {0.0}


def test_a_new_sender_that_is_ahead_is_corrected_at_once() -> None:
    """Its first record gets the time of its receipt; the correction then stays the same."""
    one = Sender()
    assert [one.send(10 * number, -600) for number in range(5)] == [-600.0] * 5
    assert one.offset == -600


def test_one_jump_ahead_is_not_believed() -> None:
    """The record is moved to its receipt; the correction of the sender does not change."""
    one = Sender()
    for number in range(100):
        one.send(10 * number, 2)
    assert one.send(1000, -590) == pytest.approx(-592, abs=1)
    assert one.offset == 0
    assert one.send(1010, 2) == 0


def test_a_jump_ahead_is_believed_after_three_exports() -> None:
    """From then on the same number of seconds is subtracted, however the delay varies."""
    one = Sender()
    for number in range(100):
        one.send(10 * number, 2)
    moved = [one.send(1000 + 10 * number, -590 - number % 2) for number in range(10)]
    assert len(set(moved[2:])) == 1
    assert one.offset == pytest.approx(-593, abs=2)


def test_parts_of_one_export_confirm_nothing() -> None:
    """Several records with the same newest time count as one."""
    one = Sender()
    for number in range(100):
        one.send(10 * number, 2)
    for part in range(10):
        one.send(1000 + part / 1000, -590 + part / 1000)
    assert one.offset == 0


def test_a_clock_that_is_behind_is_corrected_after_a_minute() -> None:
    """A delay that stays the same is a clock."""
    one = Sender()
    moved = [one.send(10 * number, 3600) for number in range(20)]
    assert moved[:6] == [0.0] * 6
    assert moved[8:] == [3600.0] * 12


def test_data_that_was_kept_back_keeps_its_times() -> None:
    """It catches up: its delay falls from record to record."""
    one = Sender()
    for number in range(100):
        one.send(10 * number, 2)
    assert {one.send(2000 + number, 1000 - 9 * number) for number in range(100)} == {0.0}
    assert one.offset == 0


def test_a_clock_that_was_set_right_is_no_longer_corrected() -> None:
    """At once, and for good after three exports."""
    one = Sender()
    for number in range(20):
        one.send(10 * number, -600)
    assert [one.send(200 + 10 * number, 1) for number in range(4)] == [0.0] * 4
    assert one.offset == 0
