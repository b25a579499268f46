"""Residual of principal components that were fitted on the rows known as normal.

Jackson & Mudholkar, "Control procedures for residuals associated with principal component analysis", Technometrics
1979: columns in standard deviations from their mean, ``z``; ``Q = |z - P Pᵀ z|²`` with the first components that hold
90 % of the variance. Nothing is learned from later rows. A single series has nothing to be compared with, and
``Q = z²``.
"""

from __future__ import annotations

import numpy as np

from tests.benchmarks.detection.baselines.range_novelty import records
from tests.benchmarks.detection.protocol import Floats, Rows, Scored, squashed

KEPT = 0.9
LEAST = 0.01
"""Least standard deviation, as a share of 1 plus the column's mean size."""


def pca_residual(rows: Rows) -> Scored:
    """The residual of an entity's columns. A table without learned rows has no score."""
    if not rows.learned:
        nothing = np.zeros((len(rows), rows.entities))
        return Scored(nothing, nothing)
    learned = rows.values[: rows.learned]
    mean, spread = np.nanmean(learned, axis=0), np.nanstd(learned, axis=0)
    z = np.nan_to_num((rows.values - mean) / np.maximum(spread, LEAST * (1.0 + np.abs(mean))))
    score = squashed(z**2 if rows.apart else _residual(z, rows.learned))
    return Scored(score, records(score))


def _residual(z: Floats, learned: int) -> Floats:
    """(rows, 1) squared length of what the components leave over."""
    if z.shape[1] == 1:
        return z**2
    variances, vectors = np.linalg.eigh(np.cov(z[:learned].T))
    share = np.cumsum(variances[::-1]) / max(float(variances.sum()), np.finfo(float).tiny)
    kept = vectors[:, ::-1][:, : int(np.searchsorted(share, KEPT)) + 1]
    result: Floats = ((z - z @ kept @ kept.T) ** 2).sum(axis=1, keepdims=True)
    return result
