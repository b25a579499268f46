"""Random scores: a detector that knows nothing. The floor of every figure."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.detection.protocol import Rows, Scored

SEED = 1


def random_scores(rows: Rows) -> Scored:
    """Uniform scores in [0, 1) from a fixed seed, drawn row by row."""
    score = np.random.default_rng(SEED).random((len(rows), rows.entities))
    return Scored(score, score)
