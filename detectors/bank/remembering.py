"""Updates the levels of the day: a sum in the row, blended into the hour's level when the hour changes."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import HOURS, Array, Record
from detectors.views import time_of_day

HOUR_NS = 3_600_000_000_000
_MOST = 65_535


@register_jitable
def enter_hour(row: Record, hour: int, levels: Array) -> None:
    """Blends the mean of the hour that ended into its level and loads the levels around the new hour."""
    seen = np.int64(row["hours_seen"])
    if row["hour_n"] > 0:
        of_day = row["hour"] % HOURS
        mean = np.float64(row["hour_sum"]) / np.float64(row["hour_n"])
        if (seen >> of_day) & 1:
            level = np.float64(levels[of_day])
            levels[of_day] = level + time_of_day.BLEND * (mean - level)
            row["hours_again"] = min(_MOST, row["hours_again"] + 1)
        else:
            levels[of_day] = mean
            seen |= 1 << of_day
            row["hours_seen"] = seen
    now, before, after = hour % HOURS, (hour - 1) % HOURS, (hour + 1) % HOURS
    row["hour"] = hour
    row["hour_n"] = 0
    row["hour_sum"] = 0.0
    known = (seen >> now) & (seen >> before) & (seen >> after) & 1
    row["hour_known"] = known
    if known:
        row["hour_now"] = levels[now]
        row["hour_before"] = levels[before]
        row["hour_after"] = levels[after]


@register_jitable
def hour_level(row: Record, at: int) -> float:
    """Usual level at this time of day, from earlier days, relative to origin."""
    fraction = np.float64(at % HOUR_NS) * (1.0 / HOUR_NS)
    before, now, after = np.float64(row["hour_before"]), np.float64(row["hour_now"]), np.float64(row["hour_after"])
    return time_of_day.level_at(before, now, after, fraction)
