"""Learning from a point that was scored and not flagged."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import Record
from detectors.rarity import evidence, flat, level, novelty, roughness, season, tail
from detectors.rarity.layout import FAST, MEDIUM, POINT_DOWN, POINT_UP, ROUGH, SEASON, TOTAL
from detectors.rarity.point import Seen

_FIRST = 8
"""For so many points the fast mean is the plain mean, and distances from it are too small."""
_POINT_LEAST, _LEAST, _TOTAL_LEAST = 1.5, 2.0, 2.0
"""Smallest limits."""
_TOTAL_REACH = 1.2
"""Smallest mean excess of the sum, in nats."""
_TOTAL_STEP = 0.1
"""Least step of the sum's limit at the end of a cluster, in nats."""
_OVER = 0.3
"""A cluster of the sum is over when the sum is at most this share of its limit."""


@register_jitable
def begin(row: Record, relative: float) -> None:
    """Sets the state from the first point of a series."""
    row["centre"] = relative
    row["low"] = relative
    row["high"] = relative
    row["before"] = relative
    row["record"] = novelty.FIRST_MEAN
    row["longest_run"] = flat.LEAST_RUN
    row["fast"], row["medium"], row["rough"], row["run"] = 0.0, 0.0, 0.0, 0.0
    begin_tail(row, POINT_UP, 3.6, 0.25)
    begin_tail(row, POINT_DOWN, 3.6, 0.25)
    begin_tail(row, FAST, 3.4, 0.18)
    begin_tail(row, MEDIUM, 3.2, 0.16)
    begin_tail(row, ROUGH, 3.4, 0.14)
    begin_tail(row, SEASON, 3.5, 0.20)
    begin_tail(row, TOTAL, 5.0, 1.3)
    row["n"] = 1


@register_jitable
def begin_tail(row: Record, base: int, limit: float, reach: float) -> None:
    """Sets the first guess of a tail: the limit of normal noise, and a reach above that of normal noise."""
    row["tails"][base + tail.LIMIT] = limit
    row["tails"][base + tail.REACH] = reach
    row["tails"][base + tail.PEAK] = 0.0


@register_jitable
def learn(row: Record, relative: float, seen: Seen, nats: float, young: bool) -> None:  # noqa: FBT001 (compiled)
    """Updates spreads, tails, centre and range. ``young``: warming up, nothing is clipped and no tail learned."""
    n = row["n"]
    early = 1.0 / (np.float64(n) + 1.0)
    learn_spreads(row, seen, early, young)
    if not young:
        learn_tails(row, seen)
        learn_total(row, nats)
        row["longest_run"] = flat.longest_after(np.float64(row["longest_run"]), np.float64(row["run"]))
        if seen.beyond > 0.0:
            row["record"] = novelty.mean_after(np.float64(row["record"]), seen.beyond, np.float64(n))
    moved = max(level.CENTRE_GAIN, early) * seen.step
    centre = np.float64(row["centre"]) + moved
    row["centre"] = centre
    row["fast"] = np.float64(row["fast"]) - moved
    row["medium"] = np.float64(row["medium"]) - moved
    middle = relative - seen.residual + moved
    high, low = np.float64(row["high"]), np.float64(row["low"])
    row["high"] = relative if relative > high else high + novelty.RELAX * (middle - high)
    row["low"] = relative if relative < low else low + novelty.RELAX * (middle - low)
    if row["hour_known"] and row["hours_again"] >= season.JUDGED_FROM:
        learn_season(row, seen)
    row["n"] = n + 1 if n < 4_000_000_000 else n


@register_jitable
def learn_spreads(row: Record, seen: Seen, early: float, young: bool) -> None:  # noqa: FBT001 (compiled)
    """Updates the usual distances of all statistics."""
    usual = np.float64(row["rough_usual"])
    usual += max(roughness.USUAL_GAIN, early) * (seen.change - usual)
    row["rough_usual"] = usual
    repeats = np.float64(row["repeats"])
    row["repeats"] = repeats + max(level.SPREAD_GAIN, early) * ((1.0 if seen.change == 0.0 else 0.0) - repeats)
    floor = seen.floor if not young else 1e30  # a floor of 1e30 clips nothing
    distance = abs(seen.residual) if young and row["n"] < _FIRST else abs(seen.point)
    row["spread"] = level.spread_after(np.float64(row["spread"]), distance, max(level.SPREAD_GAIN, early), floor)
    gain = max(level.FAST_SPREAD_GAIN, early)
    row["fast_spread"] = level.spread_after(np.float64(row["fast_spread"]), abs(seen.fast), gain, floor)
    gain = max(level.MEDIUM_SPREAD_GAIN, early)
    row["medium_spread"] = level.spread_after(np.float64(row["medium_spread"]), abs(seen.medium), gain, floor)
    gain = max(roughness.SPREAD_GAIN, early)
    least = roughness.RESOLUTION * usual if not young else 1e30
    row["rough_spread"] = level.spread_after(np.float64(row["rough_spread"]), abs(seen.rough), gain, least)


@register_jitable
def learn_tails(row: Record, seen: Seen) -> None:
    """Updates how rare each statistic is."""
    each = 1.0 / np.float64(row["n"])
    mature = 1.0 + evidence.POINT_MATURE * each
    if seen.point <= 0.0 or is_inside(row, POINT_UP, seen.point, seen.point_usual * mature):
        tail.learn(row, POINT_UP, evidence.POINT_RATE, _POINT_LEAST)
    if seen.point > 0.0 or is_inside(row, POINT_DOWN, seen.point, seen.point_usual * mature):
        tail.learn(row, POINT_DOWN, evidence.POINT_RATE, _POINT_LEAST)
    if is_inside(row, FAST, seen.fast, seen.fast_usual * (1.0 + evidence.FAST_MATURE * each)):
        tail.learn(row, FAST, evidence.FAST_RATE, _LEAST)
    if is_inside(row, MEDIUM, seen.medium, seen.medium_usual * (1.0 + evidence.MEDIUM_MATURE * each)):
        tail.learn(row, MEDIUM, evidence.MEDIUM_RATE, _LEAST)
    if is_inside(row, ROUGH, seen.rough, seen.rough_usual * (1.0 + evidence.ROUGH_MATURE * each)):
        tail.learn(row, ROUGH, evidence.ROUGH_RATE, _LEAST)
    if row["hour_known"] and row["hours_again"] >= season.JUDGED_FROM:
        seasoned = 1.0 + season.MATURE_HOURS / (1.0 + np.float64(row["hours_again"]))
        if is_inside(row, SEASON, seen.season, seen.season_usual * seasoned):
            tail.learn(row, SEASON, evidence.SEASON_RATE, _POINT_LEAST)


@register_jitable
def is_inside(row: Record, base: int, distance: float, usual: float) -> bool:
    """Whether a distance is at most its limit of usual distances."""
    return bool(abs(distance) <= np.float64(row["tails"][base + tail.LIMIT]) * usual)


@register_jitable
def learn_total(row: Record, nats: float) -> None:
    """Updates how rare a sum of evidence is; the excess over the limit is exponential, so it is learned as it is."""
    limit, peak = np.float64(row["tails"][TOTAL + tail.LIMIT]), np.float64(row["tails"][TOTAL + tail.PEAK])
    clusters = evidence.TOTAL_PRIOR + np.float64(row["n"]) * evidence.TOTAL_RATE
    if peak > 0.0:
        if nats <= _OVER * limit:
            reach = np.float64(row["tails"][TOTAL + tail.REACH])
            seen = 1.09 * min(peak - limit, 2.5 * reach)
            reach += max(tail.SLOWEST, 1.0 / clusters) * (seen - reach)
            row["tails"][TOTAL + tail.REACH] = max(_TOTAL_REACH, reach)
            row["tails"][TOTAL + tail.LIMIT] = limit + max(_TOTAL_STEP, 3.0 / clusters)
            row["tails"][TOTAL + tail.PEAK] = 0.0
        return
    step = _TOTAL_STEP if clusters > 3.0 / _TOTAL_STEP else 3.0 / clusters
    row["tails"][TOTAL + tail.LIMIT] = max(_TOTAL_LEAST, limit - step * evidence.TOTAL_RATE)


@register_jitable
def learn_season(row: Record, seen: Seen) -> None:
    """Updates the usual distance of the season's chart, over about a day."""
    again = np.float64(row["hours_again"]) - season.JUDGED_FROM + 1.0
    interval = max(np.float64(row["interval"]), 1e-3)
    gain = min(interval / min(season.MEMORY_SECONDS, 3600.0 * again), 1.0)
    usual = np.float64(row["season_spread"])
    if usual == 0.0:
        row["season_spread"] = max(abs(seen.off_season), np.float64(row["spread"]), seen.floor)
        return
    least = max(season.LEAST_SHARE * np.float64(row["spread"]), seen.floor)
    row["season_spread"] = level.spread_after(usual, abs(seen.season), gain, least)
