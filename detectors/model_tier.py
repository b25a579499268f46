"""The model tier: one detector for each of a few series, with the bank's output format.

The bank's views score every series; a detector of this tier scores only the series that it is set to watch. Its results
are TRANSITION records, as the bank's are. A detector that raises, or whose score is not a number in [0, 1], is stopped
at that point: its series continues without it, and ``error`` holds the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.model.errors import PermanentError
from detectors.bank import episodes, intake
from detectors.bank.layout import ANOMALY, ROW, TRANSITION, Array, Phase, ValueKind, ViewCode
from detectors.protocol import Detector

_LEAST = 1e-9
"""A score of 1 becomes the ratio 1 / 1e-9, which is finite."""


Batch = tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]
"""Series, times (ns), values and start times (ns) of points, as ``SeriesBank.update`` takes them."""


class ModelTier:
    """The detectors of one kind in one slot.

    Args:
        make: makes the detector of one series.
        limit: largest number of series. ``watch`` refuses more; the bank still scores them.
    """

    def __init__(self, make: Callable[[], Detector], limit: int = 256) -> None:
        self.limit = limit
        self.error = ""
        """Error of the detector that was stopped last; empty: none was."""
        self._make = make
        self._place: dict[int, int] = {}
        self._models: list[Detector] = []
        self._ended: set[int] = set()
        """Places of stopped detectors."""
        self._rows: Array = np.zeros(limit, dtype=ROW)
        self._anomalies: Array = np.zeros(limit, dtype=ANOMALY)
        self._watched = np.zeros(1, np.bool_)
        """Whether each series is watched; the last element is for all higher series numbers."""

    def __len__(self) -> int:
        return len(self._models)

    def watch(self, series: Sequence[int], kind: Sequence[int]) -> None:
        """Adds series, each with the ``ValueKind`` in ``kind``; watched ones keep their detector.

        Raises:
            PermanentError: there are more series than ``limit``.
        """
        for number, what in zip(series, kind, strict=True):
            if number in self._place:
                continue
            if len(self._models) == self.limit:
                raise PermanentError(f"the model tier holds {self.limit} series; watch fewer")
            self._place[number] = len(self._models)
            self._rows[len(self._models)]["kind"] = ValueKind(what)
            self._models.append(self._make())
        wider = np.zeros(max(self._place, default=-1) + 2, np.bool_)
        wider[list(self._place)] = True
        self._watched = wider

    def update(self, points: Batch) -> Array:
        """Scores the watched points of a batch; TRANSITION records of view MODEL, in the order of the points."""
        series, at, value, start = points
        transitions = []
        for k in np.flatnonzero(self._watched[np.minimum(series, len(self._watched) - 1)]).tolist():
            point = int(at[k]), float(value[k]), int(start[k])
            transition = self._take(int(series[k]), point)
            if transition is not None:
                transitions.append(transition)
        return np.concatenate(transitions) if transitions else np.empty(0, dtype=TRANSITION)

    def _take(self, number: int, point: tuple[int, float, int]) -> Array | None:
        place = self._place[number]
        if place in self._ended:
            return None
        row, anomaly = self._rows[place], self._anomalies[place]
        ended, relative, _ = intake.take(row, *point, late_ns=0)
        if ended != intake.NEW:
            return None
        row["n"] += 1
        at, value = point[0], float(row["origin"]) + relative
        expected = self._models[place].expected
        score = self._score(place, at, value)
        if score is None:
            return None
        ratio = score / max(1.0 - score, _LEAST)
        if ratio >= 1.0:
            row["centre"] = (expected if math.isfinite(expected) else value) - row["origin"]
            direction = 1 if relative >= row["centre"] else -1
            episodes.flagged(row, anomaly, at, relative, (ratio, int(ViewCode.MODEL), direction))
            phase = episodes.after_flagged(row, anomaly, at, np.iinfo(np.int64).max)
        else:
            phase = episodes.after_usual(row, anomaly, ratio)
        if phase < 0:
            return None
        out = np.zeros(1, dtype=TRANSITION)
        episodes.report(anomaly, number, at, Phase(phase), out[0])
        return out

    def _score(self, place: int, at: int, value: float) -> float | None:
        """The detector's score; None: it failed and is stopped."""
        try:
            score = float(self._models[place].update(at, value))
        except Exception as error:  # noqa: BLE001 (a plug-in's code; the slot and its other series go on)
            self.error = f"{type(error).__name__}: {error}"
        else:
            if 0.0 <= score <= 1.0:
                return score
            self.error = f"its score was {score}, and must be a number in [0, 1]"
        self._ended.add(place)
        return None

    def to_arrays(self) -> dict[str, Array]:
        """All state. A tier made by ``from_arrays`` gives the same further results."""
        arrays: dict[str, Array] = {
            "series": np.fromiter(self._place, dtype=np.int32, count=len(self._place)),
            "rows": self._rows[: len(self)].copy().view(np.uint8),
            "troubles": self._anomalies[: len(self)].copy().view(np.uint8),
        }
        for place, model in enumerate(self._models):
            arrays |= {f"{place}/{name}": array for name, array in model.snapshot().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], make: Callable[[], Detector], limit: int = 256) -> ModelTier:
        """The tier that ``to_arrays`` was called on; ``ValueError`` when the snapshot does not fit."""
        tier = cls(make, limit)
        numbers = np.asarray(arrays["series"]).tolist()
        rows = np.asarray(arrays["rows"]).view(ROW)
        tier.watch(numbers, rows["kind"].tolist())
        tier._rows[: len(numbers)] = rows
        tier._anomalies[: len(numbers)] = np.asarray(arrays["troubles"]).view(ANOMALY)
        states: dict[int, dict[str, Array]] = {}
        for name, array in arrays.items():
            number, found, rest = name.partition("/")
            if found:
                states.setdefault(int(number), {})[rest] = np.asarray(array)
        for place, model in enumerate(tier._models):
            model.restore(states.get(place, {}))
        return tier
