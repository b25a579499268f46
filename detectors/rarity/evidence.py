"""The evidence of a point: how rarely a healthy series shows as much, summed over all views.

Each view adds the nats by which its statistic exceeds a limit that this series passes at a known rate. The sum has a
tail of its own, learned on the series like the others. It corrects for what the views have in common, and gives how
often a healthy series reaches such a sum. The sum that is reached as often as the budget of false episodes allows has
the ratio 1. The tail is known from few clusters at first: the ratio uses the predictive distribution of an exponential
tail with a gamma prior (Lomax), which asks for more evidence from a young series.

A series that is seen often has more chances to be wrong than one that is seen rarely; the interval is part of the rate.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import Record, Tuning, ViewCode
from detectors.rarity import flat, level, novelty, season, tail
from detectors.rarity.layout import FAST, MEDIUM, POINT_DOWN, POINT_UP, ROUGH, SEASON, TOTAL
from detectors.rarity.point import Seen
from detectors.views import forecast

POINT_RATE = 1 / 256
FAST_RATE = 1 / 1024
MEDIUM_RATE = ROUGH_RATE = SEASON_RATE = 1 / 4096
"""Clusters a point that pass the limit of a statistic."""
_FAST_BONUS = math.log(POINT_RATE / FAST_RATE)
_SLOW_BONUS = math.log(POINT_RATE / MEDIUM_RATE)
"""Nats of passing the limit, beside those of a single point's."""
POINT_MATURE, FAST_MATURE, MEDIUM_MATURE, ROUGH_MATURE = 60.0, 150.0, 800.0, 400.0
"""After n points limits are multiplied by 1 + this/n, because a young series has not shown its extremes yet."""
TOTAL_RATE = 1 / 2048
TOTAL_PRIOR = 14.0
"""Clusters that the first guess of the sum's tail counts for."""
MARGIN = 2.5
"""Nats that are asked for beyond the budget: the views' own tails are estimates too."""
EDGE = 0.25
"""Ratio of a sum at the limit of its tail."""
KNOWN = 0.5
"""A single value inside the known range adds at most this share of the evidence that opens an episode."""
SINGLE = 0.45
"""The same for each view of a discrete series: no single change of state opens an episode."""
_TYPICAL_REACH = 1.3
_LEAD = forecast.LAG_POINTS / (1.0 / level.CENTRE_GAIN - 1.0 / level.MEDIUM_GAIN)
"""The forecast takes the lead of a mean over 32 points; this engine's medium mean is over 64."""
_DEVIATION, _RANGE, _SHIFT = int(ViewCode.DEVIATION), int(ViewCode.RANGE), int(ViewCode.SHIFT)
_HOUR, _FORECAST = int(ViewCode.TIME_OF_DAY), int(ViewCode.FORECAST)
_ROUGH, _FLAT = int(ViewCode.ROUGHNESS), int(ViewCode.FLAT)


@register_jitable
def asked(row: Record, rate: float) -> float:
    """Nats beyond the limit of the sum at which a series with this interval is at ``rate`` false episodes a second."""
    interval = min(max(np.float64(row["interval"]), 1e-3), 86_400.0)
    return max(math.log(TOTAL_RATE / (interval * rate)), 1.0) + MARGIN


@register_jitable
def ratio_of(row: Record, nats: float, rate: float) -> float:
    """The sum of evidence against the one that the budget allows; 1: an episode opens."""
    limit, reach = np.float64(row["tails"][TOTAL + tail.LIMIT]), np.float64(row["tails"][TOTAL + tail.REACH])
    if nats <= limit:
        return EDGE * nats / limit
    clusters = TOTAL_PRIOR + np.float64(row["n"]) * TOTAL_RATE
    needed = reach * clusters * math.expm1(min(asked(row, rate) / clusters, 3.0))
    return EDGE + (1.0 - EDGE) * (nats - limit) / needed


@register_jitable
def beyond(row: Record, base: int, distance: float, usual: float, mature: float) -> float:
    """Nats of a distance beyond its limit of usual distances, 0 below it; stores the peak of the cluster."""
    limit = np.float64(row["tails"][base + tail.LIMIT]) * mature * usual
    size = abs(distance)
    if size <= limit:
        return 0.0
    ratio = size / limit
    tail.note(row, base, ratio)
    return tail.rarity(ratio, np.float64(row["tails"][base + tail.REACH]))


@register_jitable
def louder(best: tuple[float, int, float], nats: float, view: int, way: float) -> tuple[float, int, float]:
    """The view with the most evidence so far: (nats, view, direction)."""
    return (nats, view, way) if nats > best[0] else best


@register_jitable
def judge(row: Record, relative: float, seen: Seen, tuning: Tuning) -> tuple[float, int, int, float]:
    """Ratio of a point, the view that gave the most evidence, the direction (+1 up, -1 down), and the nats."""
    each = 1.0 / np.float64(row["n"])  # divisions take much of the time of a point
    mature = 1.0 + POINT_MATURE * each
    opens = np.float64(row["tails"][TOTAL + tail.LIMIT]) + _TYPICAL_REACH * 8.0
    most = SINGLE * opens if seen.discrete else tail.MOST
    point = min(beyond(row, POINT_UP if seen.point > 0.0 else POINT_DOWN, seen.point, seen.point_usual, mature), most)
    record = 0.0
    if seen.beyond > 0.0:
        record = min(novelty.rarity(seen.beyond, np.float64(row["record"]) * mature), most)
    else:
        point = min(point, KNOWN * opens)
    fast = min(beyond(row, FAST, seen.fast, seen.fast_usual, 1.0 + FAST_MATURE * each), most)
    medium = min(beyond(row, MEDIUM, seen.medium, seen.medium_usual, 1.0 + MEDIUM_MATURE * each), most)
    rough = beyond(row, ROUGH, seen.rough, seen.rough_usual, 1.0 + ROUGH_MATURE * each)
    if seen.discrete:
        # One change of state moves every chart for a while; only a state that lasts is more evidence than the change.
        rough = 0.0
        if abs(seen.residual) < abs(np.float64(row["fast"])):
            point, fast, medium = 0.0, 0.0, 0.0
    run = min(flat.rarity(np.float64(row["run"]), np.float64(row["longest_run"]) * mature), tail.MOST)
    of_season = 0.0
    if seen.season != 0.0:
        seasoned = 1.0 + season.MATURE_HOURS / (1.0 + np.float64(row["hours_again"]))
        of_season = beyond(row, SEASON, seen.season, seen.season_usual, seasoned)
    fast += _FAST_BONUS if fast > 0.0 else 0.0
    medium += _SLOW_BONUS if medium > 0.0 else 0.0
    rough += _SLOW_BONUS if rough > 0.0 else 0.0
    of_season += _SLOW_BONUS if of_season > 0.0 else 0.0
    nats = point + record + fast + medium + rough + run + of_season
    if nats > np.float64(row["tails"][TOTAL + tail.PEAK]) and nats > np.float64(row["tails"][TOTAL + tail.LIMIT]):
        row["tails"][TOTAL + tail.PEAK] = nats
    best = (point, _DEVIATION, seen.point)
    best = louder(best, record, _RANGE, relative - np.float64(row["centre"]))
    best = louder(best, fast, _SHIFT, seen.fast)
    best = louder(best, medium, _SHIFT, seen.medium)
    best = louder(best, rough, _ROUGH, seen.rough)
    best = louder(best, run, _FLAT, -1.0)
    best = louder(best, of_season, _HOUR, seen.season)
    ratio, view, direction = ratio_of(row, nats, tuning.rate), best[1], 1 if best[2] >= 0.0 else -1
    if np.float64(row["limit"]) > 0.0:
        running_out = forecast_ratio(row, seen.floor, tuning.horizon_seconds) / mature
        if running_out > ratio:
            ratio, view, direction = running_out, _FORECAST, 1
    return ratio, view, direction, nats


@register_jitable
def forecast_ratio(row: Record, floor: float, horizon_seconds: float) -> float:
    """Ratio of the forecast to the series' limit."""
    medium = np.float64(row["medium"])
    now = row["origin"] + np.float64(row["centre"]) + medium
    points = horizon_seconds / max(np.float64(row["interval"]), 1e-3)
    wide = max(np.float64(row["spread"]), floor)
    lead = medium * _LEAD
    return float(forecast.ratio(now, lead, wide, np.float64(row["limit"]), points))
