"""Silence: a series has had no point for much longer than its longest usual pause.

Silence is measured against the watermark of the series' source, not wall time, and only while the lag is known and
small. Otherwise a delayed consumer would report its series as silent.
"""

from __future__ import annotations

from numba.extending import register_jitable

LONGEST_PAUSES = 3.0
LEAST_SECONDS = 60.0
PAUSE_RELAX = 1 / 512


@register_jitable
def pause_after(longest: float, pause: float) -> float:
    """The longest usual pause (seconds) after one more pause; it falls slowly towards shorter pauses."""
    if pause > longest:
        return pause
    return longest + PAUSE_RELAX * (pause - longest)


@register_jitable
def patience(interval: float, longest: float) -> float:
    """Seconds without a point after which the series is silent."""
    return max(LONGEST_PAUSES * longest + 2.0 * interval, LEAST_SECONDS)
