"""Running z: the distance of a value from an exponentially weighted mean, in weighted standard deviations.

West, "Updating mean and variance estimates: an improved method", CACM 1979, in its exponential form (Finch 2009):
``d = x - m; z = |d| / s; m += a d; s² = (1 - a)(s² + a d²)``. The first rows use ``a = 1 / n``, so that mean and
variance are plain until ``n`` reaches the memory.
"""

from __future__ import annotations

import numpy as np

from tests.benchmarks.detection.baselines.range_novelty import records
from tests.benchmarks.detection.protocol import Rows, Scored, squashed, worst

MEMORY = 500
"""1 / a: rows that the mean remembers."""
GRACE = 100
"""First rows of a series without a score."""
_TINY = 1e-9


def running_z(rows: Rows) -> Scored:
    """Z / (1 + z) of each series; an entity has its worst series; its records are the onset."""
    columns = rows.values.shape[1]
    mean, variance, seen = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    ratio = np.zeros(rows.values.shape)
    for row, value in enumerate(rows.values):
        known = np.isfinite(value)
        delta = np.where(known, value - mean, 0.0)
        spread = np.sqrt(variance) + _TINY * (1.0 + np.abs(mean))
        ratio[row] = np.where(seen >= GRACE, np.abs(delta) / spread, 0.0)
        seen += known
        gain = np.where(known, 1.0 / np.minimum(np.maximum(seen, 1.0), MEMORY), 0.0)
        mean += gain * delta
        variance = (1.0 - gain) * (variance + gain * delta**2)
    score = worst(rows, squashed(ratio))
    return Scored(score, records(score))
