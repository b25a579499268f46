"""Range novelty: how far a value is outside the range of all values that the series has shown recently.

The range also weighs deviations: a deviation inside the known range counts less, by ``KNOWN``.
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
    """Distance outside the range divided by the range's width; ``slack`` is the width that plain noise may add."""
    return outside / (high - low + slack)
