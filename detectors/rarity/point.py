"""The statistics of a point, before anything is learned from it. Charts that run on through an anomaly move here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import Record, ValueKind
from detectors.rarity import flat, level, novelty, roughness, season, season_state

RESOLUTION = 1e-5
"""Spread floor as a share of the value: smaller changes may be rounding."""
RANGE_SHARE = 0.002
"""Spread floor as a share of the known range: rare events leave a spread of almost 0."""
QUANTILE_SHARE = 0.03
"""Spread floor of a quantile as a share of its value: it is estimated from the buckets of a histogram."""
STATE_SHARE = 0.1
"""Spread floor of a discrete series as a share of its value: one more of twelve is a small change."""
STATE_FAST, STATE_MEDIUM = 0.3, 0.1
"""Shares of that floor for the means: a state that lasts counts more and more."""
_QUANTILE = int(ValueKind.QUANTILE)


class Seen(NamedTuple):
    """Statistics of one point. Distances are signed."""

    residual: float
    """From the centre and the season."""
    step: float
    """The residual, clipped for the means."""
    floor: float
    """Smallest usual distance."""
    point: float
    fast: float
    medium: float
    change: float
    """Absolute difference from the value before, clipped; 0 of a repeated value."""
    rough: float
    season: float
    """The chart of distances from the season's band."""
    off_season: float
    """Distance from the season's band."""
    beyond: float
    """Share of the range by which the value is outside."""
    point_usual: float
    """Usual size of ``point``; likewise below."""
    fast_usual: float
    medium_usual: float
    rough_usual: float
    season_usual: float
    discrete: bool


@register_jitable
def floor_of(row: Record, relative: float) -> float:
    """The smallest spread that matters for a value of this size and a series of this range."""
    known = RANGE_SHARE * (np.float64(row["high"]) - np.float64(row["low"]))
    exact = QUANTILE_SHARE if row["kind"] == _QUANTILE else RESOLUTION
    now = row["origin"] + relative
    if np.float64(row["repeats"]) > flat.DISCRETE:
        now = max(abs(now), abs(row["origin"] + np.float64(row["centre"])))
        exact = max(exact, STATE_SHARE)
    return float(max(1e-9 + exact * abs(now), known))


@register_jitable
def measure(row: Record, at: int, relative: float, young: bool) -> Seen:  # noqa: FBT001 (compiled: no keywords)
    """The statistics of a point; moves the fast charts. ``young``: the series is not judged yet, nothing is clipped."""
    each = 1.0 / (np.float64(row["n"]) + 1.0)
    floor = floor_of(row, relative)
    spread = max(np.float64(row["spread"]), floor)
    off_season, chart, season_usual = 0.0, 0.0, 1.0
    now = 0.0
    if row["hour_known"]:
        season_level = season_state.hour_level(row, at)
        now = np.float64(row["season_weight"]) * season_level
        if row["hours_again"] >= season.JUDGED_FROM:
            off_season = season_state.away(row, relative, season_level)
            season_usual = max(np.float64(row["season_spread"]), season.LEAST_SHARE * np.float64(row["spread"]), floor)
            chart = np.float64(row["season_chart"])
            chart += season.CHART_GAIN * (level.clipped(off_season, 0.0, season.CLIP * season_usual) - chart)
            row["season_chart"] = chart
    residual = relative - now - np.float64(row["centre"])

    fast, medium = np.float64(row["fast"]), np.float64(row["medium"])
    point = residual - fast
    step = residual if young else level.clipped_step(residual, fast, level.CLIP * spread)
    fast += max(level.FAST_GAIN, each) * (step - fast)
    medium += max(level.MEDIUM_GAIN, each) * (step - medium)
    row["fast"], row["medium"] = fast, medium

    # The row has float32: an equal value must be found equal.
    change = float(abs(np.float64(np.float32(relative)) - np.float64(row["before"])))
    row["before"] = relative
    row["run"] = np.float64(row["run"]) + 1.0 if change == 0.0 else 0.0
    usual_rough = np.float64(row["rough_usual"])
    if not young:
        change = min(change, roughness.CLIP * max(usual_rough, floor))
    rough = np.float64(row["rough"])
    rough += max(roughness.GAIN, each) * (change - rough)
    row["rough"] = rough
    rough_least = 0.1 * floor + roughness.RESOLUTION * usual_rough

    discrete = bool(np.float64(row["repeats"]) > flat.DISCRETE)
    low, high = np.float64(row["low"]), np.float64(row["high"])
    outside = novelty.excess(relative, low, high)
    return Seen(
        residual,
        step,
        floor,
        point,
        fast - medium,
        medium,
        change,
        rough - usual_rough,
        chart,
        off_season,
        novelty.share(outside, low, high, spread) if outside > 0.0 else 0.0,
        spread,
        max(np.float64(row["fast_spread"]), STATE_FAST * floor if discrete else floor),
        max(np.float64(row["medium_spread"]), STATE_MEDIUM * floor if discrete else floor),
        max(np.float64(row["rough_spread"]), rough_least),
        season_usual,
        discrete,
    )
