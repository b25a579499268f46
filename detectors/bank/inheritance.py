"""What a young series inherits from its siblings, so that it is judged from its tenth point on.

Method: the state that a series would have after long observation is taken to be that of its siblings (partial pooling
with full weight on the group, as in an empirical Bayes start; Gelman et al., Bayesian Data Analysis, 3rd ed., ch. 5).
At its tenth point a series takes over the mean of its teachers' levels, the root of the squares of their largest spread
and of half the distance between their levels, their common range, their largest tails, and the daily pattern of the
first of them.

What this means: until it has learned more, a new instance is compared with the others and not with itself. An instance
that rightly differs from siblings that are alike is abnormal until it is adopted. Siblings that differ from each other
make the range wide, and little is abnormal. Fewer than two teachers: nothing is inherited, and the series warms up by
itself. Further views are not inherited. The first nine points are not judged.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import HOURS, Array, BankState, Record

FIRST_JUDGED = 10
"""The point of a series from which on it is judged, if it inherits."""
MOST_POINTS = 1000
"""An heir has the limits of a series with at most so many points."""


@register_jitable
def inherit(state: BankState, index: int, warm_up: int) -> bool:
    """Gives a series what its teachers learned; False: there are fewer than two that can teach."""
    row, kin = state.rows[index], state.kin[index]
    teachers, first, points = 0, -1, MOST_POINTS
    total, slow, lowest, highest = 0.0, 0.0, 0.0, 0.0
    spread, wide, tail, chart_tail, low, high = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for place in range(kin.shape[0]):
        if kin[place] == 0:
            continue
        other = state.rows[kin[place] - 1]
        if other["n"] < warm_up or other["kind"] != row["kind"]:
            continue
        origin = other["origin"]
        level = origin + np.float64(other["centre"])
        if teachers == 0:
            first, lowest, highest = kin[place] - 1, level, level
            low, high = origin + np.float64(other["low"]), origin + np.float64(other["high"])
        teachers += 1
        points = min(points, int(other["n"]))
        total += level
        slow += origin + np.float64(other["slow"])
        lowest, highest = min(lowest, level), max(highest, level)
        low = min(low, origin + np.float64(other["low"]))
        high = max(high, origin + np.float64(other["high"]))
        spread, wide = max(spread, np.float64(other["spread"])), max(wide, np.float64(other["wide"]))
        tail = max(tail, np.float64(other["tail"]))
        chart_tail = max(chart_tail, np.float64(other["chart_tail"]))
    if teachers < 2:
        return False
    # Levels at most (highest - lowest) apart lie on average at most half of that from their mean.
    between = 0.5 * (highest - lowest)
    row["centre"] = total / teachers - row["origin"]
    row["slow"] = slow / teachers - row["origin"]
    row["spread"], row["wide"] = math.hypot(spread, between), math.hypot(wide, between)
    row["tail"], row["chart_tail"] = tail, chart_tail
    row["low"], row["high"] = low - row["origin"], high - row["origin"]
    row["chart"] = 0.0
    row["n"] = points
    inherit_hours(row, state.rows[first], state.hours[index], state.hours[first], between)
    return True


@register_jitable
def inherit_hours(row: Record, other: Record, levels: Array, others: Array, between: float) -> None:
    """Takes over the levels of the day of one teacher, relative to the heir's origin."""
    moved = other["origin"] - row["origin"]
    for hour in range(HOURS):
        levels[hour] = np.float64(others[hour]) + moved
    seen = np.int64(other["hours_seen"])
    row["hours_seen"], row["hours_again"] = other["hours_seen"], other["hours_again"]
    row["hour_tail"], row["hour_chart"] = other["hour_tail"], 0.0
    row["hour_wide"] = (
        math.hypot(np.float64(other["hour_wide"]), between) if np.float64(other["hour_wide"]) > 0.0 else 0.0
    )
    now, before, after = row["hour"] % HOURS, (row["hour"] - 1) % HOURS, (row["hour"] + 1) % HOURS
    known = (seen >> now) & (seen >> before) & (seen >> after) & 1
    row["hour_known"] = known
    if known:
        row["hour_now"], row["hour_before"], row["hour_after"] = levels[now], levels[before], levels[after]
