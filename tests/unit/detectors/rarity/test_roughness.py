from __future__ import annotations

from detectors.rarity import roughness


def test_the_usual_roughness_is_much_slower_than_the_present_one() -> None:
    """64 points against 4,096: an hour of another spread, at ten seconds, hardly moves what is usual."""
    assert roughness.USUAL_GAIN * 64 == roughness.GAIN
    assert (1 - roughness.USUAL_GAIN) ** 360 > 0.9
