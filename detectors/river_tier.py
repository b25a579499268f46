"""The dear tier: a river model for each of a few series, those that carry an objective.

The model is river's HalfSpaceTrees (Tan, Ting & Liu, IJCAI 2011) over level and change of the series. Its raw score has
no fixed meaning, so it is measured against its own running mean and deviation, and what comes out reads as the bank's
scores do: 0.5 is the edge of what the series does by itself. About 50 to 100 µs a point, hence the bounded number.

Snapshots hold no pickle. The trees follow from the seed and the names of the features; only the masses of their nodes
and the scalars are stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from river.anomaly import HalfSpaceTrees

from aiops.model.errors import PermanentError
from detectors.bank import episodes, intake
from detectors.bank.layout import ROW, TRANSITION, TROUBLE, Array, Kind, Phase, View

TREES, HEIGHT, WINDOW, SEED = 10, 6, 250, 7
FORMAT = 1
SCALE_GAIN = 1 / 512
EDGE = 4.0
"""Deviations of the raw score from its mean that make the edge."""
_SCALARS = 9
_MASSES = (attrgetter("l_mass"), attrgetter("r_mass"))


class HalfSpaceDetector:
    """One series through half-space trees; silent for its first window of 250 points."""

    def __init__(self) -> None:
        self._trees = HalfSpaceTrees(n_trees=TREES, height=HEIGHT, window_size=WINDOW, seed=SEED)
        self._count = 0
        self._centre = self._spread = self._last = self._change = 0.0
        self._mean = self._square = 0.0
        self._scored = 0
        self._nodes: list[Any] = []
        """Of all trees, in their order; found at the first snapshot."""

    def update(self, at: int, value: float) -> float:  # noqa: ARG002 (the model sees no time)
        """Score in [0, 1); what lies at the edge or beyond is not learned."""
        features = self._features(value)
        raw = float(self._trees.score_one(features))
        ratio = self._ratio(raw) if self._count >= 2 * WINDOW else 0.0
        if ratio < 1.0:
            self._learn(features, value, raw)
        self._last = value
        self._count += 1
        return episodes.score_of(ratio)

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
        """Scalars, and two masses a node."""
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
        """Builds the same trees from the seed and puts the masses back; ``ValueError`` for a foreign snapshot."""
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
    """A distance in usual distances to [0, 1]: half the range for four of them."""
    return float(0.5 + 0.5 * distance / (4.0 + abs(distance)))


class RiverTier:
    """The models of one slot.

    Args:
        limit: most series; more are refused, the objective's own burn rate still watches them.
    """

    def __init__(self, limit: int = 256) -> None:
        self.limit = limit
        self._place: dict[int, int] = {}
        self._models: list[HalfSpaceDetector] = []
        self._rows: Array = np.zeros(limit, dtype=ROW)
        self._troubles: Array = np.zeros(limit, dtype=TROUBLE)
        self._watched = np.zeros(1, np.bool_)
        """Whether each series is watched; the last place stands for all that follow."""

    def __len__(self) -> int:
        return len(self._models)

    def watch(self, series: Sequence[int], kind: Sequence[int]) -> None:
        """Watches further series from now on; those watched already go on. ``PermanentError`` past the limit."""
        for number, what in zip(series, kind, strict=True):
            if number in self._place:
                continue
            if len(self._models) == self.limit:
                raise PermanentError(f"the dear tier holds {self.limit} series; fewer series must carry an objective")
            self._place[number] = len(self._models)
            self._rows[len(self._models)]["kind"] = Kind(what)
            self._models.append(HalfSpaceDetector())
        wider = np.zeros(max(self._place, default=-1) + 2, np.bool_)
        wider[list(self._place)] = True
        self._watched = wider

    def update(
        self,
        series: npt.NDArray[np.int32],
        at: npt.NDArray[np.int64],
        value: npt.NDArray[np.float64],
        start: npt.NDArray[np.int64],
    ) -> Array:
        """Takes the watched points of a batch in; TRANSITION records with view MODEL, in the order of the points."""
        told = []
        for k in np.flatnonzero(self._watched[np.minimum(series, len(self._watched) - 1)]).tolist():
            point = int(at[k]), float(value[k]), int(start[k])
            transition = self._take(int(series[k]), point)
            if transition is not None:
                told.append(transition)
        return np.concatenate(told) if told else np.empty(0, dtype=TRANSITION)

    def _take(self, number: int, point: tuple[int, float, int]) -> Array | None:
        place = self._place[number]
        row, trouble = self._rows[place], self._troubles[place]
        ended, relative, _ = intake.take(row, *point, late_ns=0)
        if ended != intake.NEW:
            return None
        row["n"] += 1
        at, value = point[0], float(row["origin"]) + relative
        score = self._models[place].update(at, value)
        ratio = score / (1.0 - score)
        if ratio >= 1.0:
            row["centre"] = self._models[place]._centre - row["origin"]  # noqa: SLF001 (same file)
            direction = 1 if relative >= row["centre"] else -1
            episodes.flagged(row, trouble, at, relative, (ratio, int(View.MODEL), direction))
            phase = episodes.after_flagged(row, trouble, at, np.iinfo(np.int64).max)
        else:
            phase = episodes.after_usual(row, trouble, ratio)
        if phase < 0:
            return None
        out = np.zeros(1, dtype=TRANSITION)
        episodes.tell(trouble, number, at, Phase(phase), out[0])
        return out

    def to_arrays(self) -> dict[str, Array]:
        """All state; ``from_arrays`` of it goes on with the same bytes."""
        arrays: dict[str, Array] = {
            "series": np.fromiter(self._place, dtype=np.int32, count=len(self._place)),
            "rows": self._rows[: len(self)].copy().view(np.uint8),
            "troubles": self._troubles[: len(self)].copy().view(np.uint8),
        }
        for place, model in enumerate(self._models):
            arrays |= {f"{place}/{name}": array for name, array in model.snapshot().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], limit: int = 256) -> RiverTier:
        """The tier that ``to_arrays`` was called on; ``ValueError`` when the snapshot does not fit."""
        tier = cls(limit)
        numbers = np.asarray(arrays["series"]).tolist()
        rows = np.asarray(arrays["rows"]).view(ROW)
        tier.watch(numbers, rows["kind"].tolist())
        tier._rows[: len(numbers)] = rows
        tier._troubles[: len(numbers)] = np.asarray(arrays["troubles"]).view(TROUBLE)
        for place, model in enumerate(tier._models):
            model.restore({name: np.asarray(arrays[f"{place}/{name}"]) for name in ("head", "scalars", "masses")})
        return tier
