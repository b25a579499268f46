"""River's half-space trees (Tan, Ting & Liu, "Fast Anomaly Detection for Streaming Data", IJCAI 2011).

``river.anomaly.HalfSpaceTrees`` with its defaults, 10 trees of height 8 and a window of 250, behind river's own
``MinMaxScaler``, as its documentation shows it. Each row is scored first and learned after. The features of an entity
are its columns. About 100 µs a row: the harness gives it fewer series where there are many.
"""

from __future__ import annotations

import numpy as np
from river.anomaly import HalfSpaceTrees
from river.preprocessing import MinMaxScaler

from tests.benchmarks.detection.baselines.range_novelty import records
from tests.benchmarks.detection.protocol import Floats, Rows, Scored

SEED = 1


def half_space_trees(rows: Rows) -> Scored:
    """River's score, 0 for the first window, one model for each entity; its records as onset."""
    groups = rows.values.T[:, :, None] if rows.apart else rows.values[None]
    score = np.stack([_model(group) for group in groups], axis=1)
    return Scored(score, records(score))


def _model(values: Floats) -> Floats:
    scaler, trees = MinMaxScaler(), HalfSpaceTrees(seed=SEED)
    result = np.zeros(len(values))
    for row, value in enumerate(values.tolist()):
        known = {column: number for column, number in enumerate(value) if number == number}  # noqa: PLR0124 (not NaN)
        if not known:
            continue
        scaler.learn_one(known)
        scaled = scaler.transform_one(known)
        result[row] = trees.score_one(scaled)
        trees.learn_one(scaled)
    return result
