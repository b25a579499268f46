"""Learning from a point that was scored and not flagged."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.judging import floor_of
from detectors.bank.layout import Record
from detectors.bank.remembering import hour_level
from detectors.views import deviation, novelty, shift, time_of_day

_EARLY = 2048
"""For the first points, up to this many, the gain of every mean is at least 1/n, as of a plain mean."""


@register_jitable
def begin(row: Record, relative: float) -> None:
    """Sets the state from the first point of a series."""
    row["centre"] = relative
    row["slow"] = relative
    row["low"] = relative
    row["high"] = relative
    row["tail"] = deviation.TAIL_LEAST
    row["chart_tail"] = shift.TAIL_LEAST
    row["hour_tail"] = time_of_day.TAIL_LEAST
    row["n"] = 1


@register_jitable
def learn(row: Record, at: int, relative: float, warm: bool) -> None:  # noqa: FBT001 (compiled: no keywords)
    """Updates levels, spreads, tails and range. ``warm`` False: warming up, nothing is clipped and no tail learned."""
    n = row["n"]
    early = 1.0 / (np.float64(n) + 1.0) if n < _EARLY else 0.0
    floor = floor_of(row, relative)
    spread = np.float64(row["spread"])
    residual = float(relative - np.float64(row["centre"]))
    step = residual
    if warm:
        most = deviation.CLIP * max(spread, floor)
        step = min(max(residual, -most), most)
        far = deviation.distance(residual, spread, floor)
        row["tail"] = deviation.tail_after(np.float64(row["tail"]), far, deviation.TAIL_UP, deviation.TAIL_LEAST)
    row["centre"] = np.float64(row["centre"]) + max(deviation.CENTRE_GAIN, early) * step
    row["spread"] = spread + max(deviation.SPREAD_GAIN, early) * (abs(step) - spread)

    wide = np.float64(row["wide"])
    lag = float(relative - np.float64(row["slow"]))
    if warm:
        most = 2.0 * shift.CLIP * max(wide, floor)
        lag = min(max(lag, -most), most)
        chart_tail = np.float64(row["chart_tail"])
        row["chart_tail"] = deviation.tail_after(
            chart_tail, abs(np.float64(row["chart"])), shift.TAIL_UP, shift.TAIL_LEAST
        )
    row["slow"] = np.float64(row["slow"]) + max(shift.SLOW_GAIN, early) * lag
    row["wide"] = wide + max(shift.WIDE_GAIN, early) * (abs(lag) - wide)

    centre = np.float64(row["centre"])
    high, low = np.float64(row["high"]), np.float64(row["low"])
    row["high"] = relative if relative > high else high + novelty.RELAX * (centre - high)
    row["low"] = relative if relative < low else low + novelty.RELAX * (centre - low)
    row["n"] = n + 1 if n < 4_000_000_000 else n

    row["hour_sum"] = np.float64(row["hour_sum"]) + relative
    row["hour_n"] += 1
    if row["hour_known"]:
        learn_hour(row, at, relative)


@register_jitable
def learn_hour(row: Record, at: int, relative: float) -> None:
    """Updates the spread and the tail of the time of day."""
    away = abs(relative - hour_level(row, at))
    wide = np.float64(row["hour_wide"])
    if wide == 0.0:
        row["hour_wide"] = max(np.float64(row["wide"]), away)
        return
    gain = time_of_day.WIDE_GAIN if row["hours_again"] > 48 else 8.0 * time_of_day.WIDE_GAIN
    row["hour_wide"] = wide + gain * (min(away, 2.0 * time_of_day.CLIP * wide) - wide)
    tail = np.float64(row["hour_tail"])
    seen = abs(np.float64(row["hour_chart"]))
    row["hour_tail"] = deviation.tail_after(tail, seen, time_of_day.TAIL_UP, time_of_day.TAIL_LEAST)
