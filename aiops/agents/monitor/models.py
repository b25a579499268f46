"""Assigns detectors to single series of one slot, in tiers, and collects their transitions.

A series has at most one such detector: the first choice of ``data.detectors`` whose patterns match its metric and that
has room. Otherwise a series with an objective gets half-space trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from aiops.agents.monitor import signals
from aiops.agents.monitor.meanings import SeriesMeanings
from aiops.model.entities import Objective
from aiops.model.metric_semantics.semantics import MetricSemantics
from aiops.settings import DataPlane, DetectorChoice
from detectors.bank.layout import ViewCode
from detectors.half_space import HalfSpaceDetector
from detectors.model_tier import ModelTier
from detectors.protocol import Detector
from detectors.slo import indicates
from detectors.transitions import Transitions
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable

OBJECTIVES = "river"
"""Name of the tier of series with an objective, in snapshots and as the detector of a signal."""

Goals = Mapping[str, tuple[Objective, ...]]
"""Objectives by entity."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A detector that the settings assign to some series."""

    choice: DetectorChoice
    make: Callable[[], Detector]


class Models:
    """The tiers of one slot.

    Args:
        chosen: detectors of plug-ins and of settings, in their order.
        settings: ``model_series`` bounds the tier of objectives.
        goals: objectives by entity.
        code: of the first chosen detector; the others follow.
    """

    def __init__(self, chosen: Sequence[Chosen], settings: DataPlane, goals: Goals, *, code: int) -> None:
        self._goals = goals
        self._chosen = {one.choice.name: one for one in chosen}
        self.tiers = {name: ModelTier(one.make, one.choice.series) for name, one in self._chosen.items()}
        self._codes = {name: code + number for number, name in enumerate(self._chosen)}
        self.tiers[OBJECTIVES] = ModelTier(HalfSpaceDetector, settings.model_series)
        self._codes[OBJECTIVES] = int(ViewCode.MODEL)

    @property
    def error(self) -> str:
        """The newest error of each detector; empty: none."""
        return "; ".join(f"detector {name} ended: {tier.error}" for name, tier in self.tiers.items() if tier.error)

    def admit(self, series: range, table: SeriesTable, meanings: SeriesMeanings) -> None:
        """Assign detectors to the table's new series, which have these numbers."""
        codes = table.codes[series.start : series.stop]
        entities, metrics = np.unique(codes[:, 0]), np.unique(codes[:, 1])
        by_entity, by_metric = self._wanted(
            [table.entities[code] for code in entities.tolist()], [table.word(code) for code in metrics.tolist()]
        )
        may = np.isin(codes[:, 0], entities[by_entity]) | np.isin(codes[:, 1], metrics[by_metric])
        for place in np.flatnonzero(may).tolist():
            number = series[place]
            self._watch(number, int(codes[place, 5]), table.identity(number), meaning=meanings.of(number))

    def _wanted(self, entities: Sequence[str], metrics: Sequence[str]) -> tuple[list[bool], list[bool]]:
        """For each entity and for each metric, whether a series with that name may get a detector."""
        patterns = [
            pattern for name, one in self._chosen.items() if self._has_room(name) for pattern in one.choice.metrics
        ]
        by_goal = self._has_room(OBJECTIVES)
        return (
            [by_goal and name in self._goals for name in entities],
            [any(fnmatchcase(name, pattern) for pattern in patterns) for name in metrics],
        )

    def _has_room(self, name: str) -> bool:
        return len(self.tiers[name]) < self.tiers[name].limit

    def _watch(self, series: int, kind: int, identity: SeriesIdentity, *, meaning: MetricSemantics) -> None:
        """Assign a detector to a new series, if a tier matches it."""
        for name, one in self._chosen.items():
            if any(fnmatchcase(identity.metric, pattern) for pattern in one.choice.metrics):
                if self._has_room(name):
                    self.tiers[name].watch([series], [kind])
                    return
                break
        tier = self.tiers[OBJECTIVES]
        goals = self._goals.get(identity.entity, ())
        if goals and self._has_room(OBJECTIVES) and identity.peer is None and indicates(meaning, goals):
            tier.watch([series], [kind])

    def update(self, points: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> list[Transitions]:
        """Transitions from a batch: series, times, values and starts, in the form of ``SeriesBank.update``."""
        found = ((name, tier.update(points)) for name, tier in self.tiers.items() if len(tier))
        return [signals.of_models(records, self._codes[name]) for name, records in found]

    def restore(self, parts: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """Restore the tiers of a snapshot; a tier that it lacks begins empty."""
        for name, arrays in parts.items():
            if name in self.tiers:
                make = self._chosen[name].make if name in self._chosen else HalfSpaceDetector
                self.tiers[name] = ModelTier.from_arrays(arrays, make, self.tiers[name].limit)
