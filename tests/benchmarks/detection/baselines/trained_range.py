"""Train-fitted range: how far values lie outside the range of the rows known as normal, summed over the series.

Each series adds ``e / (1 + e)`` with ``e = max(x - max, min - x, 0) / (max - min)`` over the learned rows. It never
learns from later rows, so that a long fault does not become normal. A table without learned rows has no score.
"""

from __future__ import annotations

import numpy as np

from tests.benchmarks.detection.baselines.range_novelty import records
from tests.benchmarks.detection.protocol import Rows, Scored, squashed

_LEAST = 0.01
"""Width of the range of a series that was constant, as a share of 1 plus its size."""


def trained_range(rows: Rows) -> Scored:
    """The mean over the series of an entity."""
    if not rows.learned:
        nothing = np.zeros((len(rows), rows.entities))
        return Scored(nothing, nothing)
    known = rows.values[: rows.learned]
    high, low = np.nanmax(known, axis=0), np.nanmin(known, axis=0)
    width = np.maximum(high - low, _LEAST * (high == low) * (1.0 + np.abs(high)))
    excess = np.nan_to_num(np.maximum(rows.values - high, low - rows.values))
    series = squashed(np.maximum(excess, 0.0) / width)
    score = series if rows.apart else series.mean(axis=1, keepdims=True)
    return Scored(score, records(score))
