"""Range novelty: how far a value lies beyond all that was seen, weighed by how rare records have been so far.

Extremes are forgotten slowly: ``h`` and ``l`` close in on their middle by a share of ``1 / MEMORY`` a row. A value
outside has the excess ``e = max(x - h, l - x) / (h - l)`` and scores ``e · -ln((records + 1) / (rows + 1))``: in
independent data the ``n``-th value is a record with probability ``2 / n`` (Rényi, 1962), so a series that still makes
records often scores little. A score counts as an onset only if it is the largest of the last ``RECORD_ROWS`` rows.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d

from tests.benchmarks.detection.protocol import Floats, Rows, Scored, squashed, worst

MEMORY = 5_000
"""Rows after which the distance of an extreme from the middle has shrunk by a factor of e."""
GRACE = 150
"""First rows without a score."""
RECORD_ROWS = 100
_TINY = 1e-9


def range_novelty(rows: Rows) -> Scored:
    """The score of an entity is that of its worst series; its onset keeps the records of that score."""
    score = worst(rows, squashed(_novelty(rows.values)))
    return Scored(score, records(score))


def records(score: Floats, rows: int = RECORD_ROWS) -> Floats:
    """The score where it is larger than in each of the rows before it, else 0."""
    before = np.zeros_like(score)
    if len(score) > 1:
        before[1:] = maximum_filter1d(score[:-1], rows, axis=0, mode="constant", origin=(rows - 1) // 2)
    return np.where(score > before, score, 0.0)


def _novelty(values: Floats) -> Floats:
    columns = values.shape[1]
    high, low = np.zeros(columns), np.zeros(columns)
    seen, beyond = np.zeros(columns), np.zeros(columns)
    result = np.zeros(values.shape)
    for row, value in enumerate(values):
        known = np.isfinite(value)
        first = known & (seen == 0)
        high, low = np.where(first, value, high), np.where(first, value, low)
        excess = np.where(known, np.maximum(value - high, low - value), 0.0)
        width = high - low + _TINY * (1.0 + np.abs(high) + np.abs(low))
        rarity = -np.log((beyond + 1.0) / (seen + 1.0))
        result[row] = np.where(seen >= GRACE, np.maximum(excess, 0.0) / width * rarity, 0.0)
        middle, kept = (high + low) / 2.0, 1.0 - known / MEMORY
        high = np.fmax(middle + (high - middle) * kept, value)
        low = np.fmin(middle + (low - middle) * kept, value)
        beyond += excess > 0
        seen += known
    return result
