"""When each series was seen last."""

from __future__ import annotations

import numpy as np

from detectors.wire.last_seen import LastSeen


def numbers(*series: int) -> np.ndarray:
    return np.array(series, np.int32)


def test_a_series_belongs_to_the_source_that_sent_it_last() -> None:
    """Only that source's clock says that it is old."""
    seen = LastSeen()
    seen.touch(numbers(0, 1, 2), 0, 10)
    seen.touch(numbers(1), 1, 12)
    assert seen.before(3, 0, 11).tolist() == [0, 2]
    assert seen.before(3, 1, 12).tolist() == []
    assert seen.before(3, 1, 13).tolist() == [1]


def test_refused_series_are_not_seen() -> None:
    """A number below 0 stands for a refusal, and must not count for the last row."""
    seen = LastSeen()
    seen.touch(numbers(-1, -5, 3), 2, 9)
    assert (np.flatnonzero(seen.minute).tolist(), np.flatnonzero(seen.source).tolist()) == ([3], [3])


def test_growth_keeps_what_was_seen() -> None:
    """Room is never taken away."""
    seen = LastSeen()
    seen.touch(numbers(1023), 1, 5)
    seen.reserve(3000)
    seen.reserve(10)
    seen.touch(numbers(2999), 1, 6)
    assert seen.before(3000, 1, 7).tolist() == [1023, 2999]
