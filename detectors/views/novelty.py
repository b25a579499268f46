"""Range novelty: how far a value lies outside everything the series showed in the last weeks.

Range and centre decide together: a deviation inside the known range counts less, because the series has been there.
"""

from __future__ import annotations

from numba.extending import register_jitable

RELAX = 2e-5
"""Share by which the range shrinks towards the centre a learned point: half in about 35,000 points."""
KNOWN = 0.6
"""Weight of a deviation inside the known range."""


@register_jitable
def excess(value: float, low: float, high: float) -> float:
    """Distance outside the range; 0 inside."""
    return max(value - high, low - value, 0.0)


@register_jitable
def ratio(outside: float, low: float, high: float, slack: float) -> float:
    """1 where the value leaves the range by its own width; ``slack`` is what plain noise may add to a range."""
    return outside / (high - low + slack)
