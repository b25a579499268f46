"""From flagged points to episodes of a series: hysteresis and adaptation.

A point is flagged from ratio 1 on. The ratio is already a sum of evidence over time scales, so the first flagged point
opens an episode. Its evidence, four times its ratio and at most ``MOST``, is what ordinary points must take away: each
subtracts 1, and the episode closes at 0.

Flagged points are not learned. A series adapts in three other ways. The peak of an anomaly that ended by itself teaches
the tails that it exceeded, once, and widens the range: a pattern that returns every hour raises no more episodes after
a few times. After an anomaly the slow means are reset as soon as the fast mean is back (``settle_charts``). A level
that lasted ``adopt_ns`` becomes the usual one.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import OPEN, Phase, Record
from detectors.rarity import season_state, tail
from detectors.rarity.layout import POINT_UP, SEASON, TOTAL

WEIGHT = 4.0
"""Evidence of a flagged point for each ratio."""
MOST = 8.0
"""Largest evidence."""
CALM = 0.7
"""While an episode is open a point must be below this ratio to count as ordinary."""
ADOPT_POINTS = 24
RELEARN_POINTS = 200
"""After an adoption the series has the limits of one with this many points."""
_LEVEL_GAIN = 1 / 32
_OPENED, _CLOSED, _ADOPTED = int(Phase.OPENED), int(Phase.CLOSED), int(Phase.ADOPTED)
BACK = 0.5
"""The fast mean is back when it lies at most this share of the anomaly's level from the centre."""
BACK_POINTS = 8
"""After so many such points in a row the slow means are reset."""


@register_jitable
def flagged(row: Record, anomaly: Record, at: int, relative: float, verdict: tuple[float, int, int, float]) -> None:
    """Adds a flagged point to the anomaly of its series; ``verdict`` is (ratio, view, direction, nats)."""
    ratio, view, direction, nats = verdict
    evidence = np.float64(row["evidence"])
    usual = season_state.usual(row, at)
    residual = relative - usual
    if evidence == 0.0:
        anomaly["since"] = at
        anomaly["peak"] = 0.0
        anomaly["count"] = 0
        anomaly["level"] = residual
        anomaly["noise"] = 0.0
        anomaly["calm"] = 0
    row["evidence"] = min(MOST, evidence + WEIGHT * min(ratio, MOST))
    if ratio > np.float64(anomaly["peak"]):
        anomaly["peak"] = ratio
        anomaly["value"] = row["origin"] + relative
        anomaly["expected"] = row["origin"] + usual
        anomaly["view"] = view
        anomaly["direction"] = direction
        anomaly["nats"] = nats
        anomaly["spread"] = row["spread"]
        anomaly["learned"] = row["n"]
    anomaly["count"] += 1
    gain = max(_LEVEL_GAIN, 1.0 / np.float64(anomaly["count"]))
    level = np.float64(anomaly["level"]) + gain * (residual - np.float64(anomaly["level"]))
    anomaly["level"] = level
    anomaly["noise"] = np.float64(anomaly["noise"]) + gain * (abs(residual - level) - np.float64(anomaly["noise"]))


@register_jitable
def after_flagged(row: Record, anomaly: Record, at: int, adopt_ns: int) -> int:
    """Phase of the transition after a flagged point, or -1."""
    if not row["state"] & OPEN:
        row["state"] |= OPEN
        return _OPENED
    if at - anomaly["since"] >= adopt_ns and anomaly["count"] >= ADOPT_POINTS:
        return _ADOPTED
    return -1


@register_jitable
def settle_charts(row: Record, anomaly: Record) -> None:
    """Resets the slow means of an open anomaly once the fast mean is back near the centre.

    They would else remember the anomaly for as long as their windows are.
    """
    fast, medium = np.float64(row["fast"]), np.float64(row["medium"])
    if abs(fast) >= BACK * abs(np.float64(anomaly["level"])):
        anomaly["calm"] = 0
        return
    anomaly["calm"] += 1
    if anomaly["calm"] < BACK_POINTS:
        return
    anomaly["calm"] = 0
    if abs(fast) < abs(medium):
        row["medium"] = 0.0
    row["season_chart"] = 0.0


@register_jitable
def after_usual(row: Record, anomaly: Record, ratio: float) -> int:
    """Phase of the transition after a point that was not flagged, or -1."""
    evidence = np.float64(row["evidence"])
    is_open = row["state"] & OPEN
    if evidence == 0.0 or (is_open and ratio >= CALM):
        return -1
    row["evidence"] = max(0.0, evidence - 1.0)
    if evidence > 1.0:
        return -1
    get_used_to(row, anomaly)
    if is_open:
        row["state"] ^= OPEN
        return _CLOSED
    return -1


@register_jitable
def get_used_to(row: Record, anomaly: Record) -> None:
    """Widens the known range by an anomaly that ended by itself."""
    seen = anomaly["value"] - row["origin"]
    row["low"] = min(np.float64(row["low"]), seen)
    row["high"] = max(np.float64(row["high"]), seen)


@register_jitable
def adopt(row: Record, anomaly: Record, at: int) -> None:
    """Makes the level of the anomaly the usual level and closes the episode."""
    level, noise = np.float64(anomaly["level"]), np.float64(anomaly["noise"])
    row["centre"] = np.float64(row["centre"]) + level
    row["fast"] = 0.0
    row["medium"] = 0.0
    spread = np.float64(row["spread"])
    row["spread"] = max(spread, min(noise, 10.0 * spread) if spread > 0.0 else noise)
    usual = season_state.usual(row, at)
    row["low"] = min(np.float64(row["low"]), usual - 2.0 * noise, anomaly["value"] - row["origin"])
    row["high"] = max(np.float64(row["high"]), usual + 2.0 * noise, anomaly["value"] - row["origin"])
    row["rough_usual"] = row["rough"]
    row["longest_run"] = max(np.float64(row["longest_run"]), np.float64(row["run"]))
    row["season_spread"] = max(np.float64(row["season_spread"]), 0.5 * abs(np.float64(row["season_chart"])))
    row["season_chart"] = 0.0
    for base in range(POINT_UP, SEASON + 1, tail.SIZE):
        row["tails"][base + tail.PEAK] = 0.0
    row["tails"][TOTAL + tail.PEAK] = 0.0
    row["n"] = min(row["n"], RELEARN_POINTS)
    row["evidence"] = 0.0
    row["state"] ^= OPEN
