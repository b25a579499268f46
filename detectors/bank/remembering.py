"""Updates the ring of minutes and the levels of the day: sums in the row, stored when the minute or hour changes."""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import HOURS, RING_BITS, Array, Record
from detectors.views import time_of_day

HOUR_NS = 3_600_000_000_000
_MOST = 65_535


@register_jitable
def minute_of(row: Record, at: int, step_ns: int) -> int:
    """Number of the minute of a time; most points are in the row's current minute, which needs no division."""
    held = np.int64(row["minute"])
    return int(held if 0 <= at - held * step_ns < step_ns else at // step_ns)


@register_jitable
def enter_minute(row: Record, minute: int, index: int, ring: Array, dirty: Array, version: int) -> None:
    """Writes the mean of the minute that ended to the ring and marks skipped minutes as empty (NaN)."""
    held = row["minute"]
    if row["minute_n"] > 0:
        steps = ring.shape[0]
        block = index >> RING_BITS
        ring[held % steps, index] = row["origin"] + np.float64(row["minute_sum"]) / np.float64(row["minute_n"])
        dirty[held % steps, block] = version
        for skipped in range(max(held + 1, minute - steps), minute):
            ring[skipped % steps, index] = math.nan
            dirty[skipped % steps, block] = version
        row["ring_filled"] = min(steps, row["ring_filled"] + (minute - held))
    row["minute"] = minute
    row["minute_sum"] = 0.0
    row["minute_n"] = 0


@register_jitable
def remember(row: Record, minute: int, relative: float) -> None:
    """Adds a value to the current minute; a value of an older minute is not stored in the ring."""
    if minute == row["minute"] and row["minute_n"] < _MOST:
        row["minute_sum"] = np.float64(row["minute_sum"]) + relative
        row["minute_n"] += 1


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
