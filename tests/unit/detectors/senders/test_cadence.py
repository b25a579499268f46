from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from aiops.model.durations import SECOND
from detectors.senders.cadence import LEAST_SECONDS, note_gap, patience
from detectors.senders.layout import SENDER

T0 = 1_800_000_000 * SECOND


class Sender:
    """A sender that is heard after gaps, in seconds."""

    def __init__(self, gaps: Iterable[float] = ()) -> None:
        self.row, self.now = np.zeros(1, SENDER)[0], float(0)
        self.hear(0.0)
        for gap in gaps:
            self.hear(gap)

    def hear(self, gap: float) -> None:
        self.now += gap
        note_gap(self.row, T0 + int(self.now * SECOND))

    @property
    def patience(self) -> float:
        return float(patience(np.float64(self.row["typical"]), np.float64(self.row["pause"])))


@pytest.mark.parametrize("gap", [30.0, 59.9, 60.0, 60.01])
def test_two_missed_exports_are_silence(gap: float) -> None:
    """Whatever the interval, with jitter of a few percent: more than one and at most two intervals, at least 60 s."""
    rng = np.random.default_rng(2)
    found = Sender(gap + rng.uniform(-0.03, 0.03, 200) * gap).patience
    assert max(LEAST_SECONDS, 1.5 * gap) <= found <= max(LEAST_SECONDS, 2 * gap)


def test_parts_of_one_export_are_not_its_cadence() -> None:
    """An export of three records counts as one."""
    assert Sender([60.0, 0.01, 0.02] * 50).patience == pytest.approx(96, abs=1)


def test_an_outage_is_not_learned() -> None:
    """After two hours without a record the next pause is judged nearly as before."""
    one = Sender([60.0] * 100)
    before = one.patience
    one.hear(7200.0)
    assert one.patience <= 1.5 * before
    for _ in range(60):
        one.hear(60.0)
    assert one.patience <= 1.2 * before


def test_a_gap_that_comes_again_and_again_is_a_habit() -> None:
    """A job that sleeps for half an hour is waited for from the third time on."""
    one = Sender([10.0] * 100)
    for _ in range(3):
        one.hear(1800.0)
        for _ in range(20):
            one.hear(10.0)
    assert one.patience > 1800


def test_a_new_cadence_is_learned() -> None:
    """From 10 s to 5 minutes: after three gaps."""
    one = Sender([10.0] * 100 + [300.0] * 3)
    assert one.patience > 300


def test_uneven_senders_are_waited_for_longer() -> None:
    """Exponential gaps: fewer than one in a thousand is longer than the patience before it."""
    rng, one, longer = np.random.default_rng(5), Sender([60.0] * 3), 0
    for number, gap in enumerate(rng.exponential(60.0, 5000).tolist()):
        longer += number > 200 and gap > one.patience
        one.hear(gap)
    assert longer <= 5


def test_a_long_first_gap_is_forgotten() -> None:
    """A sender that starts, waits for a quarter of an hour, and then exports once a minute."""
    assert Sender([900.0] + [60.0] * 200).patience <= 120
