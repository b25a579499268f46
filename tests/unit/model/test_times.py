"""Times and durations for people."""

from __future__ import annotations

import pytest

from aiops.model.times import clock_time, span

SECOND = 1_000_000_000


def test_a_time_is_utc_to_the_second() -> None:
    """With its date, so that it cannot be read as today's."""
    assert clock_time(1_800_000_000 * SECOND + 999_999) == "2027-01-15 08:00:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (754, "12 min 34 s"), (3_600, "1 h"), (7_380, "2 h 3 min"),
     (86_400, "1 d"), (7_776_754, "90 d"), (93_600, "1 d 2 h")],
)  # fmt: skip
def test_a_duration_has_its_two_largest_units(seconds: int, text: str) -> None:
    """A unit of zero is left out."""
    assert span(seconds * SECOND) == text
