from __future__ import annotations

import pytest

from detectors.views.silence import GROWTH, LEAST_SECONDS, PAUSE_RELAX, YOUNG, learnable, patience, pause_after


def test_a_longer_pause_counts_at_once_and_is_forgotten_slowly() -> None:
    """Up to 90 s in one step; down by 1/512 of the difference."""
    assert pause_after(10.0, 90.0) == 90.0
    assert pause_after(90.0, 10.0) == pytest.approx(90.0 - PAUSE_RELAX * 80.0)
    assert pause_after(10.0, 10.0) == 10.0


@pytest.mark.parametrize(
    ("interval", "longest", "seconds"), [(10.0, 10.0, 60.0), (15.0, 30.0, 120.0), (60.0, 60.0, 300.0), (0.0, 0.0, 60.0)]
)
def test_patience_is_three_pauses_and_two_intervals(interval: float, longest: float, seconds: float) -> None:
    """At least a minute."""
    assert LEAST_SECONDS == 60.0
    assert patience(interval, longest) == seconds


def test_who_pauses_long_at_times_is_waited_for() -> None:
    """A nightly pause of an hour in a series of ten seconds keeps it from being called silent for three hours."""
    longest = pause_after(10.0, 3600.0)
    for _ in range(100):
        longest = pause_after(longest, 10.0)
    assert patience(10.0, longest) > 2 * 3600


def test_a_pause_that_was_long_enough_for_silence_is_hardly_learned() -> None:
    """Two hours without a point raise the longest pause by a quarter; a young series learns twice its longest."""
    assert learnable(10.0, 10.0, 7200.0, YOUNG) == GROWTH * 10.0
    assert learnable(10.0, 10.0, 7200.0, YOUNG - 1) == 20.0
    assert learnable(10.0, 10.0, 55.0, YOUNG) == 55.0
    assert learnable(0.0, 0.0, 7200.0, 1) == 7200.0
