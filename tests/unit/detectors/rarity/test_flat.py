from __future__ import annotations

import pytest

from detectors.rarity.flat import LEAST_RUN, REACH, longest_after, rarity


def test_a_run_that_was_seen_is_not_rare() -> None:
    """Only a longer one is; e times as long is 1/reach nats."""
    assert rarity(10.0, 10.0) == rarity(3.0, 10.0) == 0.0
    assert rarity(27.1828, 10.0) == pytest.approx(1 / REACH, rel=1e-4)


def test_the_longest_run_is_remembered_and_forgotten_slowly() -> None:
    """A longer run is the longest at once; 100,000 points later it counts as 1/e of its length."""
    longest = longest_after(LEAST_RUN, 50.0)
    assert longest == 50.0
    for _ in range(100_000):
        longest = longest_after(longest, 0.0)
    assert longest == pytest.approx(50.0 / 2.71828, rel=0.01)


def test_short_runs_are_never_rare() -> None:
    """The longest run is at least three."""
    assert longest_after(LEAST_RUN, 1.0) == LEAST_RUN
