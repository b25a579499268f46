"""Numenta's windowed Gaussian detector, whose results for each file are published with NAB.

The detector of that name in github.com/numenta/NAB, from its description: mean and population standard deviation of up
to 6,400 values that slide by 100; the score is the normal probability of a smaller value,
``1 - erfc((x - m) / (s √2)) / 2``, so it looks upward only; the first value has 0.

It is here to check the scoring. At the published threshold of 1.0 the sums of 24 of the 31 files are the published ones
to all digits; the other seven are the files with more than 4,032 rows, but for two that agree.
"""

from __future__ import annotations

import math

import numpy as np

from tests.benchmarks.detection.protocol import Floats, Rows, Scored, worst

WINDOW, STEP = 6_400, 100
NO_SPREAD = 1e-6
"""Stands for a standard deviation of 0."""


def windowed_gaussian(rows: Rows) -> Scored:
    """The detector on each column; an entity has its worst series."""
    series = [_scores(column[np.isfinite(column)]) for column in rows.values.T]
    result = np.zeros(rows.values.shape)
    for column, scores in enumerate(series):
        result[np.isfinite(rows.values[:, column]), column] = scores
    score = worst(rows, result)
    return Scored(score, score)


def _scores(values: Floats) -> Floats:
    result = np.zeros(len(values))
    begin, end = 0, 0
    mean, spread = 0.0, 0.0
    for row, value in enumerate(values):
        if row:
            result[row] = 1.0 - math.erfc((value - mean) / spread / math.sqrt(2.0)) / 2.0
        if row < WINDOW:
            end = row + 1
        elif (row + 1 - WINDOW) % STEP == 0:
            begin, end = begin + STEP, row + 1
        else:
            continue
        window = values[begin:end]
        mean, spread = float(window.mean()), float(window.std()) or NO_SPREAD
    return result
