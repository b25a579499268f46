"""From flagged points to episodes of a series: accumulated evidence, hysteresis, and adaptation.

Evidence is a leaky sum. A flagged point adds its ratio, up to ``weight_of`` its series' usual interval: 1.5 at ten
seconds, 2 at a minute, 3 from about three minutes on if the value is outside the known range. An ordinary point
subtracts 1. An episode opens at ``OPENS`` and closes at 0. A single point therefore never opens an episode.

Flagged points are not learned. A series adapts in three other ways. A short anomaly that opened no episode widens range
and tail a little. An episode that closed by itself widens the limit of the view that raised it, so a pattern that
returns every hour raises no more episodes after a few times. A level that lasted ``adopt_ns`` becomes the usual one.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import HOURS, OPEN, Array, Phase, Record, ViewCode
from detectors.views import silence

OPENS = 4.0
"""Evidence at which an episode opens."""
MOST = 8.0
"""Largest evidence."""
CALM = 0.7
"""While an episode is open a point must be below this ratio to count as ordinary."""
ADOPT_POINTS = 24
RELEARN_POINTS = 200
"""After an adoption the series has the limits of one with this many points."""
_LEVEL_GAIN = 1 / 32
_OPENED, _CLOSED, _ADOPTED = int(Phase.OPENED), int(Phase.CLOSED), int(Phase.ADOPTED)
_SHIFT, _HOUR, _SILENCE = int(ViewCode.SHIFT), int(ViewCode.TIME_OF_DAY), int(ViewCode.SILENCE)


@register_jitable
def score_of(ratio: float) -> float:
    """Ratio to a score in [0, 1): 0.5 at the series' own limit, 0.8 at four times the limit."""
    return ratio / (1.0 + ratio)


@register_jitable
def weight_of(interval: float, known: bool) -> float:  # noqa: FBT001 (compiled: no keywords)
    """The most evidence that one point of a series with this interval (seconds) may add.

    ``known``: the value is inside the series' known range, which lowers the maximum from 3 to 2.
    """
    return min(1.4 + 0.01 * interval, 2.0 if known else 3.0)


@register_jitable
def report(anomaly: Record, index: int, at: int, phase: int, out: Record) -> None:
    """Writes a transition of the series' value episode."""
    out["series"] = index
    out["phase"] = phase
    out["view"] = anomaly["view"]
    out["direction"] = anomaly["direction"]
    out["spare"] = 0
    out["at"] = at
    out["since"] = anomaly["since"]
    out["value"] = anomaly["value"]
    out["expected"] = anomaly["expected"]
    out["score"] = score_of(np.float64(anomaly["peak"]))
    out["points"] = anomaly["count"]
    out["nats"] = anomaly["nats"]
    out["spread"] = anomaly["spread"]
    out["learned"] = anomaly["learned"]
    out["more"] = 0


@register_jitable
def flagged(row: Record, anomaly: Record, at: int, relative: float, verdict: tuple[float, int, int]) -> None:
    """Adds a flagged point to the anomaly of its series; ``verdict`` is (ratio, view, direction)."""
    ratio, view, direction = verdict
    evidence = np.float64(row["evidence"])
    if evidence == 0.0:
        anomaly["since"] = at
        anomaly["peak"] = 0.0
        anomaly["count"] = 0
        anomaly["level"] = relative
        anomaly["noise"] = 0.0
    known = bool(np.float64(row["low"]) <= relative <= np.float64(row["high"]))
    row["evidence"] = min(MOST, evidence + min(ratio, weight_of(np.float64(row["interval"]), known)))
    if ratio > np.float64(anomaly["peak"]):
        anomaly["peak"] = ratio
        anomaly["value"] = row["origin"] + relative
        anomaly["expected"] = row["origin"] + np.float64(row["centre"])
        anomaly["view"] = view
        anomaly["direction"] = direction
    anomaly["count"] += 1
    gain = max(_LEVEL_GAIN, 1.0 / np.float64(anomaly["count"]))
    level = np.float64(anomaly["level"]) + gain * (relative - np.float64(anomaly["level"]))
    anomaly["level"] = level
    anomaly["noise"] = np.float64(anomaly["noise"]) + gain * (abs(relative - level) - np.float64(anomaly["noise"]))


@register_jitable
def after_flagged(row: Record, anomaly: Record, at: int, adopt_ns: int) -> int:
    """Phase of the transition after a flagged point, or -1."""
    if not row["state"] & OPEN:
        if np.float64(row["evidence"]) < OPENS:
            return -1
        row["state"] |= OPEN
        return _OPENED
    if at - anomaly["since"] >= adopt_ns and anomaly["count"] >= ADOPT_POINTS:
        return _ADOPTED
    return -1


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
    """Widens the usual range and limits after an anomaly that ended by itself."""
    more = min(2.0, 1.0 + 0.5 * (np.float64(anomaly["peak"]) - 1.0)) if row["state"] & OPEN else 1.1
    if anomaly["view"] == _SHIFT:
        row["chart_tail"] = min(np.float64(row["chart_tail"]) * more, 4.0)
    elif anomaly["view"] == _HOUR:
        row["hour_tail"] = min(np.float64(row["hour_tail"]) * more, 4.0)
    else:
        row["tail"] = min(np.float64(row["tail"]) * more, 1e6)
    seen = anomaly["value"] - row["origin"]
    row["low"] = min(np.float64(row["low"]), seen)
    row["high"] = max(np.float64(row["high"]), seen)


@register_jitable
def adopt(row: Record, anomaly: Record, levels: Array) -> None:
    """Makes the level of the anomaly the usual level and closes the episode."""
    level, noise = np.float64(anomaly["level"]), np.float64(anomaly["noise"])
    if anomaly["view"] == _HOUR:
        row["hour_tail"] = 4.0
    else:
        moved = level - np.float64(row["slow"])
        for hour in range(HOURS):
            levels[hour] += moved
        row["hour_before"] = np.float64(row["hour_before"]) + moved
        row["hour_now"] = np.float64(row["hour_now"]) + moved
        row["hour_after"] = np.float64(row["hour_after"]) + moved
    row["centre"] = level
    row["slow"] = level
    row["spread"] = max(np.float64(row["spread"]), noise)
    row["wide"] = max(np.float64(row["wide"]), noise)
    row["low"] = min(np.float64(row["low"]), level - 2.0 * noise)
    row["high"] = max(np.float64(row["high"]), level + 2.0 * noise)
    row["chart"] = 0.0
    row["hour_chart"] = 0.0
    row["n"] = min(row["n"], RELEARN_POINTS)
    row["evidence"] = 0.0
    row["state"] ^= OPEN


@register_jitable
def is_silent(row: Record, watermark_at: int, limit: float) -> bool:
    """Whether the series' newest point is too old at ``watermark_at``, ns.

    ``limit``: seconds after which its sender is silent, if the sender is, else 0. It counts for series that come with
    each export of the sender; for all others ``silence.patience`` does.
    """
    interval = np.float64(row["interval"])
    patience = silence.patience(interval, np.float64(row["pause"]))
    if limit >= 1.5 * interval:
        patience = min(patience, limit)
    return bool(np.float64(watermark_at - row["last_at"]) * 1e-9 > patience)


@register_jitable
def report_silence(row: Record, anomaly: Record, index: int, at: int, phase: int, out: Record) -> None:
    """Writes a transition of the series' silence."""
    since = anomaly["silent_since"]
    seconds = np.float64(at - since) * 1e-9
    patience = silence.patience(np.float64(row["interval"]), np.float64(row["pause"]))
    out["series"] = index
    out["phase"] = phase
    out["view"] = _SILENCE
    out["direction"] = 0
    out["spare"] = 0
    out["at"] = at
    out["since"] = since
    out["value"] = seconds
    out["expected"] = np.float64(row["interval"])
    out["score"] = score_of(seconds / patience)
    out["points"] = 0
    out["nats"] = 0.0
    out["spread"] = 0.0
    out["learned"] = 0
    out["more"] = 0
