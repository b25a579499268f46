"""Forecast to a limit: when a utilisation that grows steadily reaches its limit.

On a ramp a mean with gain g lags by slope·(1/g - 1) points, so the difference of the two means that the bank keeps
anyway gives the slope without further state. A ramp is steady when that difference is about all there is in the
residual.
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
    """Horizon over time left, 0 where nothing grows; ``lead`` is short mean minus long mean."""
    if lead < STEADY * wide or lead <= 0.0 or level < FROM_SHARE * limit:
        return 0.0
    return min(horizon_points * lead / (LAG_POINTS * max(limit - level, 1e-3 * limit)), 100.0)
