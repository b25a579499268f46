"""A detector on river's half-space trees: the model of the series that carry an objective.

The model is river's HalfSpaceTrees (Tan, Ting & Liu, IJCAI 2011) over level and change of the series. Its raw score has
no fixed meaning. The detector therefore measures it against its own running mean and deviation, which gives the bank's
scale: 0.5 is the edge of the series' usual range. A point costs about 50 to 100 µs, so the number of models is bounded.

Snapshots hold no pickle. The trees follow from the seed and the names of the features; only the masses of their nodes
and the scalars are stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from river.anomaly import HalfSpaceTrees

from detectors.bank import episodes

TREES, HEIGHT, WINDOW, SEED = 10, 6, 250, 7
FORMAT = 1
SCALE_GAIN = 1 / 512
EDGE = 4.0
"""The edge (score 0.5) is this many deviations of the raw score above its mean."""
_SCALARS = 9
_MASSES = (attrgetter("l_mass"), attrgetter("r_mass"))


class HalfSpaceDetector:
    """Half-space trees over one series. The score is 0 for the first two windows (500 points)."""

    def __init__(self) -> None:
        self._trees = HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=SEED)
        self._count = 0
        self._centre = self._spread = self._last = self._change = 0.0
        self._mean = self._square = 0.0
        self._scored = 0
        self._nodes: list[Any] = []
        """Nodes of all trees, in their order; collected at the first snapshot."""

    def update(self, at: int, value: float) -> float:  # noqa: ARG002 (the model sees no time)
        """Score in [0, 1); a point at the edge or beyond is not learned."""
        features = self._features(value)
        raw = float(self._trees.score_one(features))
        ratio = self._ratio(raw) if self._count >= 2 * WINDOW else 0.0
        if ratio < 1.0:
            self._learn(features, value, raw)
        self._last = value
        self._count += 1
        return episodes.score_of(ratio)

    @property
    def expected(self) -> float:
        """Running mean of the learned values."""
        return self._centre

    def _features(self, value: float) -> dict[str, float]:
        if self._count == 0:
            return {"change": 0.5, "level": 0.5}
        level = (value - self._centre) / (self._spread + 1e-9 + 1e-6 * abs(value))
        change = (value - self._last) / (self._change + 1e-9 + 1e-6 * abs(value))
        return {"change": _squash(change), "level": _squash(level)}

    def _ratio(self, raw: float) -> float:
        deviation = math.sqrt(max(self._square - self._mean * self._mean, 1e-6))
        return max(0.0, float(raw - self._mean) / (EDGE * float(deviation)))

    def _learn(self, features: dict[str, float], value: float, raw: float) -> None:
        gain = max(SCALE_GAIN, 1.0 / (self._count + 1))
        if self._count == 0:
            self._centre = value
        else:
            self._spread += gain * (abs(value - self._centre) - self._spread)
            self._change += gain * (abs(value - self._last) - self._change)
            self._centre += gain * (value - self._centre)
        self._trees.learn_one(features)
        if self._count >= WINDOW:
            step = max(SCALE_GAIN, 1.0 / (self._scored + 1))
            self._mean += step * (raw - self._mean)
            self._square += step * (raw * raw - self._square)
            self._scored += 1

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """``head`` (6,) int64, ``scalars`` (9,) float64, ``masses`` (nodes, 2) int32."""
        trees = self._trees
        scalars = [self._count, self._centre, self._spread, self._last, self._change, self._mean, self._square]
        scalars += [self._scored, float(trees.counter)]
        if not self._nodes and self._count:
            self._nodes = [node for nodes in trees._tree_nodes for node in nodes]  # noqa: SLF001 (river shows no state)
        masses = np.empty((len(self._nodes), 2), np.int32)
        for side, mass in enumerate(_MASSES):
            masses[:, side] = np.fromiter(map(mass, self._nodes), np.int32, len(self._nodes))
        head = [FORMAT, TREES, HEIGHT, WINDOW, SEED, int(trees._first_window)]  # noqa: SLF001 (the same)
        return {
            "head": np.array(head, dtype=np.int64),
            "scalars": np.array(scalars, dtype=np.float64),
            "masses": masses,
        }

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Builds the same trees from the seed and sets the masses; ``ValueError`` if the snapshot does not fit."""
        if missing := {"head", "scalars", "masses"} - set(arrays):
            raise ValueError(f"a snapshot without {', '.join(sorted(missing))} does not fit")
        head, scalars, masses = (np.asarray(arrays[name]) for name in ("head", "scalars", "masses"))
        if head.tolist()[:5] != [FORMAT, TREES, HEIGHT, WINDOW, SEED] or len(scalars) != _SCALARS:
            raise ValueError(f"a snapshot with head {head.tolist()} does not fit this model")
        self.__init__()  # type: ignore[misc]
        numbers = scalars.tolist()
        self._count, self._scored = int(numbers[0]), int(numbers[7])
        self._centre, self._spread, self._last, self._change, self._mean, self._square = numbers[1:7]
        if self._count == 0:
            return
        trees = self._trees
        trees.learn_one({"change": 0.5, "level": 0.5})
        nodes = [node for tree in trees._tree_nodes for node in tree]  # noqa: SLF001 (river shows no state)
        if len(nodes) != len(masses):
            raise ValueError(f"a snapshot of {len(masses)} nodes does not fit trees of {len(nodes)}")
        for node, (left, right) in zip(nodes, masses.tolist(), strict=True):
            node.l_mass, node.r_mass = left, right
        trees.counter = int(numbers[8])
        trees._first_window = bool(head[5])  # noqa: SLF001 (the same)


def _squash(distance: float) -> float:
    """Maps a signed distance, in usual distances, to (0, 1): 0 to 0.5, four to 0.75, minus four to 0.25."""
    return float(0.5 + 0.5 * distance / (4.0 + abs(distance)))
