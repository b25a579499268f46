"""The onset near a detection, by the second and by the minute."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.model.durations import MINUTE, SECOND
from topology.evidence.onset import MOST_SERIES, Onset, find_onset

TRUE = 300
"""Step of the onset."""


def shop(step: int, *, series: int = 30, faulty: int = 6, after: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Times and noisy series of which some rise fivefold at step ``TRUE``."""
    draw = np.random.default_rng(5)
    values = 100.0 + 5.0 * draw.standard_normal((TRUE + after, series))
    values[TRUE:, :faulty] += 400.0
    return np.arange(TRUE + after, dtype=np.int64) * step, values


@pytest.mark.parametrize("late", [-60, 0, 30, 60, 120])
def test_a_detection_may_be_early_or_late(late: int) -> None:
    """By the second the onset is found within three steps."""
    times, values = shop(SECOND)
    found = find_onset(times, values, (TRUE + late) * SECOND)
    assert abs(found.at - TRUE * SECOND) <= 3 * SECOND


@pytest.mark.parametrize("late", [0, 1, 2])
def test_by_the_minute_it_is_the_first_unusual_step(late: int) -> None:
    """At coarse steps the detection comes some steps late."""
    times, values = shop(MINUTE, after=6)
    assert find_onset(times, values, (TRUE + late) * MINUTE).at == TRUE * MINUTE


def test_the_interval_holds_the_onset() -> None:
    """A reference that ends before the interval is clean."""
    for step in (SECOND, MINUTE):
        times, values = shop(step)
        found = find_onset(times, values, TRUE * step + 60 * SECOND)
        assert found.earliest <= TRUE * step
        assert found.earliest <= found.at <= found.latest


def test_one_noisy_series_does_not_decide() -> None:
    """A single series that leaps before the others moves nothing."""
    times, values = shop(SECOND)
    values[TRUE - 100 : TRUE, 29] += 300.0
    assert abs(find_onset(times, values, TRUE * SECOND).at - TRUE * SECOND) <= 3 * SECOND


def test_many_series_are_reduced_to_those_that_moved() -> None:
    """A thousand series that stay the same hide nothing."""
    times, values = shop(SECOND, series=MOST_SERIES + 600)
    assert abs(find_onset(times, values, TRUE * SECOND).at - TRUE * SECOND) <= 3 * SECOND


def test_nothing_to_see_is_the_detection() -> None:
    """Without series the stated time is all that is known."""
    assert find_onset(np.arange(9) * SECOND, np.empty((9, 0)), 5 * SECOND) == Onset(*[5 * SECOND] * 3)


def test_a_detection_before_the_data_is_taken_as_it_is() -> None:
    """There is no reference to search in."""
    times, values = shop(SECOND)
    assert find_onset(times, values, -900 * SECOND).at == -900 * SECOND


def test_values_that_are_missing_are_no_change() -> None:
    """A series that has no values at all neither fails nor counts."""
    times, values = shop(MINUTE, after=6)
    values[:, 7] = np.nan
    assert find_onset(times, values, (TRUE + 1) * MINUTE).at == TRUE * MINUTE
