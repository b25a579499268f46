"""The ratio of a point: the highest of all views, before anything is learned from the point."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import Record, ValueKind, ViewCode
from detectors.bank.remembering import hour_level
from detectors.views import deviation, forecast, novelty, shift, time_of_day

MATURE_POINTS = 120.0
"""After n points limits are multiplied by 1 + 120/n, because a young series has not shown its extremes yet."""
MATURE_SHIFT = 400.0
"""The same for the mean shift, whose long mean needs more points."""
MATURE_HOURS = 12.0
"""The same for the levels of the day, in hours that were seen on an earlier day."""
RESOLUTION = 1e-5
"""Spread floor as a share of the value: smaller changes may be rounding."""
RANGE_SHARE = 0.01
"""Spread floor as a share of the known range: rare events leave a spread of almost 0."""
QUANTILE_SHARE = 0.03
"""Spread floor of a quantile as a share of its value: it is estimated from the buckets of a histogram."""
_QUANTILE = int(ValueKind.QUANTILE)
_DEVIATION, _RANGE, _SHIFT = int(ViewCode.DEVIATION), int(ViewCode.RANGE), int(ViewCode.SHIFT)
_HOUR, _FORECAST = int(ViewCode.TIME_OF_DAY), int(ViewCode.FORECAST)


@register_jitable
def floor_of(row: Record, relative: float) -> float:
    """The smallest spread that matters for a value of this size and a series of this range."""
    known = RANGE_SHARE * (np.float64(row["high"]) - np.float64(row["low"]))
    exact = QUANTILE_SHARE if row["kind"] == _QUANTILE else RESOLUTION
    return float(max(1e-9 + exact * abs(row["origin"] + relative), known))


@register_jitable
def judge(row: Record, at: int, relative: float, horizon_seconds: float) -> tuple[float, int, int]:
    """Highest ratio to the series' own limit, the view that gave it, and the direction (+1 up, -1 down).

    Also updates the charts of mean shift and time of day, for flagged points too.
    """
    floor = floor_of(row, relative)
    each = 1.0 / np.float64(row["n"])  # divisions take most of the time of a point
    mature = 1.0 + MATURE_POINTS * each
    slowly = 1.0 + MATURE_SHIFT * each
    residual = float(relative - np.float64(row["centre"]))
    far = deviation.distance(residual, np.float64(row["spread"]), floor)
    low, high = np.float64(row["low"]), np.float64(row["high"])
    outside = novelty.excess(relative, low, high)
    known = novelty.KNOWN if outside == 0.0 else 1.0
    best, view, direction = 0.0, _DEVIATION, 1 if residual >= 0.0 else -1

    wide = max(np.float64(row["wide"]), floor)
    chart = shift.chart_after(np.float64(row["chart"]), relative - np.float64(row["slow"]), wide)
    row["chart"] = chart
    shifted = abs(chart) / (shift.FACTOR * np.float64(row["chart_tail"]) * slowly)

    if row["hour_known"]:
        away = relative - hour_level(row, at)
        hour_wide = max(np.float64(row["hour_wide"]), floor)
        chart_of_day = time_of_day.chart_after(np.float64(row["hour_chart"]), away, hour_wide)
        row["hour_chart"] = chart_of_day
        if np.float64(row["hour_wide"]) > 0.0:
            known *= time_of_day.KNOWN if abs(away) < time_of_day.NEAR * hour_wide else 1.0
            seasoned = 1.0 + MATURE_HOURS / (1.0 + np.float64(row["hours_again"]))
            best = abs(chart_of_day) / (time_of_day.FACTOR * np.float64(row["hour_tail"]) * seasoned)
            view, direction = _HOUR, 1 if chart_of_day >= 0.0 else -1

    if shifted > best:
        best, view, direction = shifted, _SHIFT, 1 if chart >= 0.0 else -1
    if outside > 0.0:
        slack = 8.0 * max(np.float64(row["spread"]), floor)
        beyond = novelty.ratio(outside, low, high, slack) / mature
        if beyond > best:
            best, view, direction = beyond, _RANGE, 1 if relative > high else -1
    deviating = known * far / (deviation.FACTOR * np.float64(row["tail"]) * mature)
    if deviating > best:
        best, view, direction = deviating, _DEVIATION, 1 if residual >= 0.0 else -1
    if np.float64(row["limit"]) > 0.0:
        level = row["origin"] + np.float64(row["centre"])
        lead = np.float64(row["centre"]) - np.float64(row["slow"])
        points = horizon_seconds / max(np.float64(row["interval"]), 1e-3)
        running_out = forecast.ratio(level, lead, wide, np.float64(row["limit"]), points) / mature
        if running_out > best:
            best, view, direction = running_out, _FORECAST, 1
    return best, view, direction
