from __future__ import annotations

import numpy as np

from aiops.model.durations import SECOND
from detectors.watermarks import Watermark, lowest


def mark(newest: int, received_at: int = 100) -> Watermark:
    """A source that has reached this second."""
    found = Watermark()
    found.advance(np.array([newest * SECOND]), np.array([newest * SECOND + 3 * SECOND]), received_at * SECOND)
    return found


def test_the_slowest_source_that_speaks_holds_the_others_back() -> None:
    """An idle one does not; when all are idle the newest counts; nothing is known of nothing."""
    slow, fast = mark(50, received_at=100), mark(90, received_at=190)
    assert lowest([(slow, 5 * SECOND), (fast, 5 * SECOND), (Watermark(), 0)]) == 45 * SECOND
    for found in (slow, fast):
        found.mark(200 * SECOND, 60 * SECOND)
    assert (slow.idle, fast.idle) == (True, False)
    assert lowest([(slow, 5 * SECOND), (fast, 5 * SECOND)]) == 85 * SECOND
    fast.mark(900 * SECOND, 60 * SECOND)
    assert lowest([(slow, 5 * SECOND), (fast, 5 * SECOND)]) == 85 * SECOND
    assert lowest([(Watermark(), 5 * SECOND)]) == 0


def test_skew_is_the_median_delay_and_survives_a_snapshot() -> None:
    """Append time less event time, whatever single records say, and the same from a snapshot and from any cut."""
    whole, cut = Watermark(), Watermark()
    newest = np.arange(100) * SECOND
    appended = newest + np.where(np.arange(100) % 10 == 0, 500, 2) * SECOND
    whole.advance(newest, appended, 1)
    for number in range(100):
        cut.advance(newest[number : number + 1], appended[number : number + 1], 1)
    assert whole.skew == cut.skew == 2 * SECOND
    assert Watermark.from_array(whole.to_array()).to_array().tolist() == cut.to_array().tolist()
