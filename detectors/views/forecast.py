"""Forecast to a limit: when a steadily growing utilisation reaches its limit.

On a ramp a mean with gain g lags by slope·(1/g - 1) points. The difference of the bank's short and long mean therefore
gives the slope without further state. A ramp is steady when that difference is at least ``STEADY`` of the usual
distance from the long mean.
"""

from __future__ import annotations

from numba.extending import register_jitable

from detectors.views.deviation import CENTRE_GAIN
from detectors.views.shift import SLOW_GAIN

LAG_POINTS = 1 / SLOW_GAIN - 1 / CENTRE_GAIN
STEADY = 0.7
FROM_SHARE = 0.5
"""A level below this share of the limit is not forecast."""


@register_jitable
def ratio(level: float, lead: float, wide: float, limit: float, horizon_points: float) -> float:
    """Horizon divided by the time left, at most 100; 0: no steady growth. ``lead`` is short mean minus long mean."""
    if lead < STEADY * wide or lead <= 0.0 or level < FROM_SHARE * limit:
        return 0.0
    return min(horizon_points * lead / (LAG_POINTS * max(limit - level, 1e-3 * limit)), 100.0)
