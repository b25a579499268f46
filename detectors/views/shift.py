"""Mean shift: a short mean of the clipped residual against a long one.

An exponentially weighted moving average chart (Roberts 1959). Its limit is computed from the chart's own tail on this
series, not from an assumed distribution. Seasons and random walks therefore widen the limit.
"""

from __future__ import annotations

from numba.extending import register_jitable

SLOW_GAIN = 1 / 512
WIDE_GAIN = 1 / 2048
CHART_GAIN = 1 / 8
CLIP = 4.0
TAIL_UP = 1 / 64
TAIL_LEAST = 0.9
FACTOR = 1.55


@register_jitable
def chart_after(chart: float, residual: float, wide: float) -> float:
    """The chart after a residual from the long mean; ``wide`` is the usual size of residuals."""
    return chart + CHART_GAIN * (min(max(residual / wide, -CLIP), CLIP) - chart)
