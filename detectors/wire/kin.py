"""Figures of a distribution live as long as the count that they belong to.

Between two observations a histogram has a count and no quantiles. An endpoint that nobody calls at night keeps its
latency's level and daily pattern because the count goes on.
"""

from __future__ import annotations

import numpy as np

from detectors.wire.identity import SeriesKind
from detectors.wire.series import SeriesTable
from detectors.wire.series_rows import Numbers

_METRIC, _UNIT, _KIND = 1, 3, 5
_COUNT = (".count", "1", (SeriesKind.CUMULATIVE, SeriesKind.DELTA))
_RATE = (".rate", "1/s", (SeriesKind.RATE,))
_SPANS = "span"


def without_kin(table: SeriesTable, series: Numbers, before: int) -> Numbers:
    """Those of some series whose count or rate was not seen either since a minute, or that have none."""
    codes = table.codes[series]
    lives = np.zeros(len(series), np.bool_)
    for metric in np.unique(codes[:, _METRIC]).tolist():
        base, dot, figure = table.word(metric).rpartition(".")
        suffix, unit, kinds = _RATE if base == _SPANS else _COUNT
        owner = table.code_of_word(base + suffix) if dot and figure != suffix[1:] else -1
        if owner < 0:
            continue
        which = np.flatnonzero(codes[:, _METRIC] == metric)
        for kind in kinds:
            wanted = codes[which]
            wanted[:, _METRIC], wanted[:, _UNIT], wanted[:, _KIND] = owner, table.code_of_word(unit), kind
            found = table.find_codes(wanted)
            lives[which] |= (found >= 0) & (table.seen.minute[found] >= before)
    return series[~lives]
