"""Clocks: the system's, and that of a replay."""

from __future__ import annotations

import time
from pathlib import Path

from aiops.adapters.clock import RecordedClock, RecordedTime, SystemClock


def test_the_systems_clock_is_now() -> None:
    """In nanoseconds."""
    before = time.time_ns()
    assert before <= SystemClock().now() <= time.time_ns()


def test_readers_see_the_time_that_was_set_last(tmp_path: Path) -> None:
    """Through the file alone, as from another process."""
    mine = RecordedTime(tmp_path / "clock", 5)
    theirs = RecordedClock(tmp_path / "clock")
    seen = [theirs.now()]
    mine.set(1_661_140_279_799_087_274)
    seen.append(theirs.now())
    assert seen == [5, 1_661_140_279_799_087_274]
    assert mine.now() == seen[-1]
