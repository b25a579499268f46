"""The season of a series: learns the hour that ended, loads the levels around the new one, and gives them at a time."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import HOURS, Record
from detectors.rarity import season

HOUR_NS = 3_600_000_000_000
_MOST_CODE = 32_000.0
_FIRST_CODE = 2_000.0
"""A first level is stored with at least this many units."""
_LEAST = 1e-25
"""A first level below this is 0."""


@register_jitable
def enter_hour(row: Record, hour: int, state: Record) -> None:
    """Learns the mean of the hour that ended and loads the levels around the new hour."""
    if row["hour_n"] > 0:
        learn_hour(row, state)
    known = load(row, hour, state)
    weight = 0.0
    if known and row["hours_again"] >= season.BETTER_FROM:
        weight = 1.0 if np.float64(state["error"]) < season.BETTER * np.float64(state["step"]) else 0.0
    row["hour_known"] = known
    if weight != np.float64(row["season_weight"]):
        # The centre takes over what the season does not explain any more, or gives it back.
        level = np.float64(row["hour_now"]) + np.float64(row["part_now"])
        row["centre"] = np.float64(row["centre"]) + (np.float64(row["season_weight"]) - weight) * level
        row["season_weight"] = weight
    row["hour"] = hour
    row["hour_n"] = 0
    row["hour_sum"] = 0.0


@register_jitable
def remember(row: Record, relative: float) -> None:
    """Adds a value to the current hour. Abnormal values count: a weekend is learned although it looks like a fault."""
    row["hour_sum"] = np.float64(row["hour_sum"]) + relative
    row["hour_n"] += 1


@register_jitable
def learn_hour(row: Record, state: Record) -> None:
    """Blends the mean of the hour that ended into its levels."""
    hour = int(row["hour"])
    of_day, part = hour % HOURS, (hour // season.PART_HOURS) % season.PARTS
    mean = np.float64(row["hour_sum"]) / np.float64(row["hour_n"])
    seen = int(state["seen"])
    if not (seen >> of_day) & 1:
        state["seen"] = seen | (1 << of_day)
        store(state, of_day, mean)
    else:
        again = int(row["hours_again"])
        error = mean - level_of(state, of_day) - np.float64(row["part_now"])
        gain = max(season.ERROR_GAIN, 1.0 / (1.0 + again))
        state["error"] = np.float64(state["error"]) + gain * (abs(error) - np.float64(state["error"]))
        step = abs(mean - np.float64(state["last"]))
        state["step"] = np.float64(state["step"]) + gain * (step - np.float64(state["step"]))
        day = again // HOURS + 2
        store(state, of_day, level_of(state, of_day) + max(season.LEAST_GAIN, 1.0 / day) * error)
        offset = level_of(state, HOURS + part) + season.offset_gain(again) * error
        store(state, HOURS + part, offset)
        row["hours_again"] = min(again + 1, 4_000_000_000)
    state["last"] = mean


@register_jitable
def load(row: Record, hour: int, state: Record) -> bool:
    """Loads the levels around an hour into the row; whether all three are known."""
    now, before, after = hour % HOURS, (hour - 1) % HOURS, (hour + 1) % HOURS
    part = hour // season.PART_HOURS
    if part != row["hour"] // season.PART_HOURS:
        # What was learned in the part that ended must not excuse the next one.
        row["part_before"] = row["part_now"]
        row["part_now"] = level_of(state, HOURS + part % season.PARTS)
        row["part_after"] = level_of(state, HOURS + (part + 1) % season.PARTS)
    row["hour_now"] = level_of(state, now)
    row["hour_before"] = level_of(state, before)
    row["hour_after"] = level_of(state, after)
    seen = np.int64(state["seen"])
    return bool((seen >> now) & (seen >> before) & (seen >> after) & 1)


@register_jitable
def level_of(state: Record, place: int) -> float:
    """A level (place 0 to 23) or an offset (24 to 51)."""
    code = state["hours"][place] if place < HOURS else state["parts"][place - HOURS]
    return float(np.float64(code) * np.float64(state["unit"]))


@register_jitable
def store(state: Record, place: int, value: float) -> None:
    """Stores a level or an offset; doubles the unit until it fits."""
    unit = float(np.float64(state["unit"]))
    if unit == 0.0:
        if abs(value) < _LEAST:
            return
        unit = abs(value) / _FIRST_CODE
        state["unit"] = unit
    while abs(value) > _MOST_CODE * unit:
        unit *= 2.0
        state["unit"] = unit
        for hour in range(HOURS):
            state["hours"][hour] = round(state["hours"][hour] / 2)
        for part in range(season.PARTS):
            state["parts"][part] = round(state["parts"][part] / 2)
    code = round(value / unit)
    if place < HOURS:
        state["hours"][place] = code
    else:
        state["parts"][place - HOURS] = code


@register_jitable
def hour_level(row: Record, at: int) -> float:
    """Usual level at this time of day and week, relative to origin."""
    fraction = np.float64(at % HOUR_NS) * (1.0 / HOUR_NS)
    before, now, after = np.float64(row["hour_before"]), np.float64(row["hour_now"]), np.float64(row["hour_after"])
    return season.level_at(before, now, after, fraction) + np.float64(row["part_now"])


@register_jitable
def away(row: Record, relative: float, level: float) -> float:
    """Signed distance of a value from the band around the season's ``level``."""
    now = np.float64(row["part_now"])
    before, after = np.float64(row["part_before"]) - now, np.float64(row["part_after"]) - now
    return season.distance(relative, level + min(0.0, before, after), level + max(0.0, before, after))


@register_jitable
def usual(row: Record, at: int) -> float:
    """The expected value at a time, relative to origin."""
    centre = np.float64(row["centre"])
    if np.float64(row["season_weight"]) == 0.0:
        return float(centre)
    return float(centre + hour_level(row, at))
