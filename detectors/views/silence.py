"""Silence: a series that has not spoken for much longer than it ever pauses.

Judged against the watermark of the series' source, never against wall time, and only while lag is known and small:
who cannot see must not call others silent.
"""

from __future__ import annotations

from numba.extending import register_jitable

LONGEST_PAUSES = 3.0
LEAST_SECONDS = 60.0
PAUSE_RELAX = 1 / 512


@register_jitable
def pause_after(longest: float, pause: float) -> float:
    """The longest usual pause (seconds) after one more pause; it falls slowly towards what is seen."""
    if pause > longest:
        return pause
    return longest + PAUSE_RELAX * (pause - longest)


@register_jitable
def patience(interval: float, longest: float) -> float:
    """Seconds without a point after which the series is silent."""
    return max(LONGEST_PAUSES * longest + 2.0 * interval, LEAST_SECONDS)
