"""Time of day: the value compared with the same time of day on earlier days.

A series has 24 levels, means of whole hours (UTC) blended over days. Between the middles of two hours the level is
interpolated. The view scores from the second day on, over a chart like the mean shift's. There are no levels for days
of the week: a weekend that differs raises the chart's tail, which makes the view less sensitive.
"""

from __future__ import annotations

from numba.extending import register_jitable

BLEND = 0.3
"""Weight of the newest day."""
WIDE_GAIN = 1 / 2048
CHART_GAIN = 1 / 16
CLIP = 4.0
TAIL_UP = 1 / 64
TAIL_LEAST = 1.1
FACTOR = 1.55
NEAR = 2.0
"""A value within this many usual distances of the hour's level is known at this time of day."""
KNOWN = 0.6


@register_jitable
def level_at(before: float, now: float, after: float, fraction: float) -> float:
    """Level at a fraction of the current hour, interpolated between the middles of the three hours."""
    if fraction < 0.5:
        return now + (0.5 - fraction) * (before - now)
    return now + (fraction - 0.5) * (after - now)


@register_jitable
def chart_after(chart: float, residual: float, wide: float) -> float:
    """The chart after a residual from the hour's level."""
    return chart + CHART_GAIN * (min(max(residual / wide, -CLIP), CLIP) - chart)
