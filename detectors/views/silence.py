"""Silence: a series has had no point for much longer than its longest usual pause.

Silence is measured against the progress of the series' sender, not wall time, and only while the lag is known and
small. Otherwise a delayed consumer would report its series as silent. A pause that was long enough for silence is
hardly learned: after an outage the next pause is judged as before.
"""

from __future__ import annotations

from numba.extending import register_jitable

LONGEST_PAUSES = 3.0
LEAST_SECONDS = 60.0
PAUSE_RELAX = 1 / 512
GROWTH = 1.25
"""A pause that was long enough for silence raises the longest usual pause by at most this factor."""
EAGER = 2.0
"""The same while a series is young."""
YOUNG = 32
"""A series with fewer points is young."""


@register_jitable
def pause_after(longest: float, pause: float) -> float:
    """The longest usual pause (seconds) after one more pause; it falls slowly towards shorter pauses."""
    if pause > longest:
        return pause
    return longest + PAUSE_RELAX * (pause - longest)


@register_jitable
def learnable(interval: float, longest: float, pause: float, points: int) -> float:
    """How much of a pause (seconds) a series with so many points learns; the first is learned whole."""
    if longest == 0.0 or pause <= patience(interval, longest):
        return pause
    return min(pause, (EAGER if points < YOUNG else GROWTH) * max(longest, 1.0))


@register_jitable
def patience(interval: float, longest: float) -> float:
    """Seconds without a point after which the series is silent."""
    return max(LONGEST_PAUSES * longest + 2.0 * interval, LEAST_SECONDS)
