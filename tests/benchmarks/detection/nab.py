"""The scoring of the Numenta Anomaly Benchmark, from its definition.

Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", ICMLA 2015 (arXiv:1510.03336), section II, and the
scoring's page in the wiki of github.com/numenta/NAB. In short:

* A row at or above the threshold is a detection. The first 15 % of a file, at most 750 rows, are not judged.
* A detection at position ``y`` relative to a window is worth ``S(y) = 2 / (1 + exp(5 y)) - 1``. In a window of ``w``
  rows whose last row is ``r``, row ``i`` has ``y = -(r - i + 1) / w``, so the first row has -1. Behind it
  ``y = (i - r) / (w - 1)``; from 3 on, and before the first window, S is -1.
* A window gives ``A_TP * S(y) / S(-1)`` for its best detection, which is its earliest, or ``-A_FN`` without one. Each
  detection outside all windows gives ``A_FP * S(y)``, which is negative.
* One threshold holds for all files: the one with the highest sum. The sum is stated as a share of the way from a
  detector without detections (0) to one that detects each window at its first row and nothing else (100).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.benchmarks.detection.protocol import Floats

FAR = 3.0
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Profile:
    """Weights of an application profile."""

    name: str
    hit: float
    """A_TP."""
    false: float
    """A_FP."""
    miss: float
    """A_FN."""


STANDARD = Profile("standard", 1.0, 0.11, 1.0)
LOW_FP = Profile("reward_low_FP", 1.0, 0.22, 1.0)
LOW_FN = Profile("reward_low_FN", 1.0, 0.11, 2.0)
PROFILES = (STANDARD, LOW_FP, LOW_FN)


@dataclass(frozen=True, slots=True)
class Curve:
    """Sum of one file over all thresholds."""

    thresholds: Floats
    """The file's distinct scores, falling."""
    sums: Floats
    """(thresholds + 1,) sum without a detection, then with all rows at or above each threshold."""
    windows: int
    """Windows with at least one row that is judged."""

    def at(self, thresholds: Floats) -> Floats:
        """The sums at any thresholds."""
        place = np.searchsorted(-self.thresholds, -thresholds, side="right")
        return np.asarray(self.sums[place])


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best threshold over all files, and its score."""

    threshold: float
    score: float
    """Normalised: 0 without detections, 100 for a perfect detector."""


def probation(rows: int) -> int:
    """Number of first rows that are not judged."""
    return min(math.floor(0.15 * rows), 750)


def sigmoid(position: float) -> float:
    """S(y), the worth of a detection by its position."""
    return -1.0 if position >= FAR else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def worths(rows: int, windows: Sequence[tuple[int, int]], profile: Profile) -> tuple[Floats, Rows]:
    """(rows,) what a detection at each row is worth, and the number of its window, -1 outside.

    Args:
        rows: of the file.
        windows: first and last row of each, both inside, in order.
        profile: the weights.
    """
    gain = np.full(rows, -profile.false)
    member = np.full(rows, -1, dtype=np.int64)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        for row in range(first, last + 1):
            gain[row] = profile.hit * sigmoid(-(last - row + 1) / width) / sigmoid(-1.0)
            member[row] = number
        behind = windows[number + 1][0] if number + 1 < len(windows) else rows
        for row in range(last + 1, min(behind, last + 1 + math.ceil(FAR) * width)):
            gain[row] = profile.false * sigmoid((row - last) / max(width - 1, 1))
    return gain, member


def curve(scores: Floats, windows: Sequence[tuple[int, int]], profile: Profile) -> Curve:
    """Sums of one file over all thresholds, without its probation."""
    begin = probation(len(scores))
    gain, member = (part[begin:] for part in worths(len(scores), windows, profile))
    order = np.argsort(-scores[begin:], kind="stable")
    gain, member, ranked = gain[order], member[order], scores[begin:][order]
    step = np.where(member < 0, gain, 0.0)
    judged = [number for number in range(len(windows)) if np.any(member == number)]
    for number in judged:
        places = np.flatnonzero(member == number)
        best = np.maximum(np.maximum.accumulate(gain[places]), -profile.miss)
        step[places] = np.diff(best, prepend=-profile.miss)
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    none = -profile.miss * len(judged)
    return Curve(ranked[ends], np.concatenate([[none], none + np.cumsum(step)[ends]]), len(judged))


def normalised(total: npt.ArrayLike, windows: npt.ArrayLike, profile: Profile) -> Floats:
    """Sums as 0 (no detection) to 100 (perfect); without windows there is nothing to find, and the result is NaN."""
    none = -profile.miss * np.asarray(windows, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(100.0 * (np.asarray(total) - none) / (-none * (1.0 + profile.hit / profile.miss)))


def optimum(curves: Sequence[Curve], profile: Profile) -> Optimum:
    """The threshold with the highest sum over all files. Infinity: no detection at all is best."""
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([each.thresholds for each in curves]))[::-1]])
    total = np.sum([each.at(thresholds) for each in curves], axis=0)
    best = int(np.argmax(total))
    score = normalised(total[best], sum(each.windows for each in curves), profile)
    return Optimum(float(thresholds[best]), float(score))


def resampled(curves: Sequence[Curve], profile: Profile, *, times: int, seed: int) -> Floats:
    """(times,) score with files drawn with replacement, each time with its own best threshold out of 2,000."""
    every = np.unique(np.concatenate([each.thresholds for each in curves]))
    grid = np.concatenate([[np.inf], np.quantile(every, np.linspace(1, 0, 2000), method="nearest")])
    sums = np.array([each.at(grid) for each in curves])
    windows = np.array([each.windows for each in curves])
    drawn = np.random.default_rng(seed).integers(0, len(curves), (times, len(curves)))
    counts = np.stack([np.bincount(row, minlength=len(curves)) for row in drawn])
    return normalised((counts @ sums).max(axis=1), counts @ windows, profile)
