"""What Netdata runs on each metric: k-means on lagged differences, 18 models, consensus.

Source: ``src/ml`` of github.com/netdata/netdata (README, configuration, features, k-means), default settings:

* Features of a row: first differences, their mean over 3 rows, and the last 6 of these means.
* A model is k-means with two centres over a random fifth of the features of its training window. The distance of a
  row is the mean of its Euclidean distances to both centres. The model's score is ``|d - min| / (max - min)`` with the
  least and the largest distance in training, at most 1; 0 where both are equal.
* A row is anomalous if the scores of all models, at most 18, are 0.99 or more. A host's rate is the share of its
  metrics that are, over 5 minutes; from 1 % on the host is anomalous.

Netdata samples every second, trains on the last 6 hours (21,600 samples, at least 900) and every 3 hours. Here a window
is as long in time but has at least 900 rows, and a model is trained every half window. The score of a metric is the
least of its models' scores without the upper limit of 1, so that a bar can be moved. An entity of several metrics has
its rate.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from aiops.model.durations import SECOND
from tests.benchmarks.detection.protocol import Floats, Rows, Scored, squashed

MODELS, LAGS, SMOOTH = 18, 6, 3
WINDOW_SECONDS, LEAST_ROWS, RATIO = 21_600, 900, 0.2
ANOMALOUS, HOST_SECONDS = 0.99, 300
ITERATIONS, SEED = 1_000, 1
SLICE = 128
"""Rows that are scored at a time."""


@dataclass(frozen=True, slots=True)
class Model:
    """Two centres of each metric and the range of distances in training."""

    centres: Floats
    """(2, metrics, LAGS)."""
    least: Floats
    """(metrics,)."""
    largest: Floats
    """(metrics,)."""

    def scores(self, features: Floats) -> Floats:
        """(rows, metrics) from (rows, metrics, LAGS); without the upper limit."""
        spread = self.largest - self.least
        known = np.where(spread > 0, spread, 1.0)
        return np.asarray(np.where(spread > 0, np.abs(_distance(features, self.centres) - self.least) / known, 0.0))


def netdata(rows: Rows) -> Scored:
    """Consensus of the models of each column; an entity of several columns has its rate of anomalous columns."""
    series = _consensus(rows)
    if rows.apart or rows.values.shape[1] == 1:
        return Scored(squashed(series), squashed(series))
    share = (series >= ANOMALOUS).mean(axis=1, keepdims=True)
    width = max(round(HOST_SECONDS / _seconds(rows)), 1)
    sums = np.cumsum(np.concatenate([np.zeros((width, 1)), share]), axis=0)
    rate = (sums[width:] - sums[:-width]) / width
    return Scored(rate, rate)


def features(values: Floats) -> Floats:
    """(rows, metrics, LAGS) smoothed differences, the newest last; a gap repeats the value before it."""
    filled = _filled(values)
    change = np.diff(filled, axis=0, prepend=filled[:1])
    padded = np.concatenate([np.zeros((SMOOTH - 1 + LAGS - 1, values.shape[1])), change])
    smooth = sum(padded[shift : len(padded) - SMOOTH + 1 + shift] for shift in range(SMOOTH)) / SMOOTH
    return np.stack([np.asarray(smooth)[lag : lag + len(values)] for lag in range(LAGS)], axis=2)


def train(samples: Floats) -> Model:
    """k-means with two centres for each metric; it begins with a sample and the one farthest from it.

    Args:
        samples: (n, metrics, LAGS).
    """
    first = samples[0]
    far = np.argmax(np.linalg.norm(samples - first, axis=2), axis=0)
    centres = np.stack([first, np.take_along_axis(samples, far[None, :, None], axis=0)[0]])
    for _ in range(ITERATIONS):
        nearer = np.linalg.norm(samples - centres[1], axis=2) < np.linalg.norm(samples - centres[0], axis=2)
        moved = np.stack([_mean(samples, ~nearer, centres[0]), _mean(samples, nearer, centres[1])])
        if np.array_equal(moved, centres):
            break
        centres = moved
    distance = _distance(samples, centres)
    return Model(centres, distance.min(axis=0), distance.max(axis=0))


def _consensus(rows: Rows) -> Floats:
    """(rows, columns) the least score of the models that exist at a row."""
    window = max(round(WINDOW_SECONDS / _seconds(rows)), LEAST_ROWS)
    found, rng = features(rows.values), np.random.default_rng(SEED)
    models: deque[Model] = deque(maxlen=MODELS)
    result = np.zeros(rows.values.shape)
    for begin in range(0, len(rows), window // 2):
        if begin >= LEAST_ROWS:
            chosen = np.flatnonzero(rng.random(min(begin, window)) < RATIO) + max(begin - window, 0)
            models.append(train(found[chosen]))
        for row in range(begin, min(begin + window // 2, len(rows)), SLICE) if models else ():
            part = found[row : min(row + SLICE, begin + window // 2)]
            result[row : row + len(part)] = np.min([model.scores(part) for model in models], axis=0)
    return result


def _seconds(rows: Rows) -> float:
    """Median interval of the rows before the first model."""
    return float(np.median(np.diff(rows.at[:LEAST_ROWS]))) / SECOND


def _distance(samples: Floats, centres: Floats) -> Floats:
    """(n, metrics) mean distance to both centres."""
    result: Floats = (np.linalg.norm(samples - centres[0], axis=2) + np.linalg.norm(samples - centres[1], axis=2)) / 2
    return result


def _mean(samples: Floats, member: Floats, otherwise: Floats) -> Floats:
    """(metrics, LAGS) mean of the members; a centre without members stays."""
    count = member.sum(axis=0)[:, None]
    mean = (samples * member[:, :, None]).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, mean, otherwise)


def _filled(values: Floats) -> Floats:
    """Gaps with the value before them; 0 before the first."""
    place = np.where(np.isfinite(values), np.arange(len(values))[:, None], -1)
    last = np.maximum.accumulate(place, axis=0)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), 0.0)
