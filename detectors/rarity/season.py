"""Season: the value compared with the same hour of earlier days and the same part of the week.

The level of a time is the sum of one of 24 levels of the hour of day (UTC) and one of 28 offsets, one for each six
hours of the week. A value is compared with a band: the level with the offset of this part of the week and of both
of its neighbours. A weekend that begins some hours earlier or later therefore stays inside. Where the season explains
hourly means clearly better than the hour before does, the level views judge what is left without it.
"""

from __future__ import annotations

from numba.extending import register_jitable

PARTS = 28
"""Parts of the week, of ``PART_HOURS`` hours."""
PART_HOURS = 6
LEAST_GAIN = 0.05
"""Weight of the newest day in the level of an hour; during the first days that of a plain mean."""
OFFSETS_FROM = 4 * 24
"""Hours that were seen again before offsets are learned: the levels of the day come first."""
QUICK_UNTIL = 11 * 24
OFFSET_GAIN = 0.5
"""Weight of the newest week in an offset; 1 before ``QUICK_UNTIL``."""
BETTER = 0.6
"""The season is taken away where its mean error is below this share of that of the hour before."""
BETTER_FROM = 24
ERROR_GAIN = 1 / 64
JUDGED_FROM = 4
"""Hours that were seen again before the season is judged."""
CHART_GAIN = 1 / 8
CLIP = 40.0
MATURE_HOURS = 24.0
"""After n hours that were seen again the limit is multiplied by 1 + 24/n."""
MEMORY_SECONDS = 86_400.0
"""The usual distance from the season is a mean over about a day."""
LEAST_SHARE = 0.3
"""Smallest usual distance from the season, as a share of the spread of single points."""


@register_jitable
def level_at(before: float, now: float, after: float, fraction: float) -> float:
    """Level at a fraction of the current hour, interpolated between the middles of the three hours."""
    if fraction < 0.5:
        return now + (0.5 - fraction) * (before - now)
    return now + (fraction - 0.5) * (after - now)


@register_jitable
def distance(value: float, low: float, high: float) -> float:
    """Signed distance of a value from the band; 0 inside."""
    return max(value - high, 0.0) + min(value - low, 0.0)


@register_jitable
def offset_gain(again: int) -> float:
    """Weight of one hour in the offset of its part of the week, after so many hours that were seen again."""
    if again < OFFSETS_FROM:
        return 0.0
    return (1.0 if again < QUICK_UNTIL else OFFSET_GAIN) / PART_HOURS
