"""Compiled passes over a batch."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire.scan import counted, newest


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(1, 2**62), st.integers(0, 7)), max_size=60))
def test_every_record_has_the_highest_of_its_times(points: list[tuple[int, int]]) -> None:
    """Records without a point keep what they had."""
    points.sort(key=lambda point: point[1])
    highest = np.zeros(8, np.int64)
    newest(np.array([at for at, _ in points], np.int64), np.array([r for _, r in points], np.int32), highest)
    expected = [max((at for at, record in points if record == number), default=0) for number in range(8)]
    assert expected == highest.tolist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), max_size=60))
def test_primary_points_are_counted_by_code(points: list[tuple[int, int]]) -> None:
    """Values derived from another point count nowhere."""
    counts = np.zeros(6, np.int64)
    counted(np.array([code for code, _ in points], np.uint8), np.array([unit for _, unit in points], np.uint8), counts)
    assert [sum(unit for code, unit in points if code == number) for number in range(6)] == counts.tolist()
