"""Onset: evidence that an episode begins at a row, from how abnormal each row is.

A row keeps its score only if it is a record over the rows just before it; every other row has 0. An anomaly that lasts
is thus named once, where it begins or where it becomes clearly worse.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WINDOW = 100
"""Rows of an entity over which a score must be a record."""
GRACE = 100
"""First rows of an entity that begin nothing: too little is known of it."""

Floats = npt.NDArray[np.float64]


def onset_of(score: Floats, step: npt.NDArray[np.int64] | None = None) -> Floats:
    """(rows,) onset of one entity, from its scores in row order.

    Args:
        score: (rows,) scores in [0, 1].
        step: (rows,) rising numbers; rows with the same one are of the same time. None: each row is a step.
    """
    if not len(score):
        return np.zeros(0)
    if step is None:
        return _records(score)
    _, first, back = np.unique(step, return_index=True, return_inverse=True)
    onset = np.zeros(len(score))
    onset[first] = _records(np.maximum.reduceat(score, first))
    return np.asarray(onset[first][back.reshape(-1)])


def _records(score: Floats) -> Floats:
    before = np.concatenate([np.zeros(WINDOW), score[:-1]])
    highest = np.lib.stride_tricks.sliding_window_view(before, WINDOW).max(axis=1)
    records = np.where(score > highest, score, 0.0)
    records[:GRACE] = 0.0
    return records
