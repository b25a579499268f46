from __future__ import annotations

import math

import pytest

from detectors.abnormal_series import AbnormalSeries


def test_a_change_is_measured_in_deviations_and_as_a_multiple() -> None:
    """60 times as slow, at 1,000 usual distances: neither figure has an upper limit."""
    slow = AbnormalSeries(0.9, "shift", value=6.0, expected=0.1, spread=0.0059 / 1.2533)
    assert slow.deviations == pytest.approx(1000.0)
    assert slow.times == pytest.approx(60.0)


@pytest.mark.parametrize("spread", [0.0, math.nan])
def test_a_series_that_never_moved_has_no_deviations(spread: float) -> None:
    """13 sockets instead of 12 are 1.08 times as many, and not infinitely far."""
    sockets = AbnormalSeries(0.4, "range", value=13.0, expected=12.0, spread=spread)
    assert sockets.deviations is None
    assert sockets.times == pytest.approx(13 / 12)


def test_nothing_is_a_multiple_of_zero_or_of_the_unknown() -> None:
    """Errors where there were none; a detector that tells no value."""
    assert AbnormalSeries(0.9, "range", value=50.0, expected=0.0, spread=1.0).times is None
    unknown = AbnormalSeries(0.9, "model")
    assert (unknown.times, unknown.deviations) == (None, None)
