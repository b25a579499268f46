"""Spans of a slot: calls counted by interval, and the points, edges and burnt error budgets made from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor import signals
from aiops.agents.monitor.detection import SlotDetection
from aiops.agents.monitor.points import PointFeed
from aiops.model.durations import SECOND
from aiops.model.entities import Edge, Objective
from detectors.intervals import INTERVAL, IntervalClock
from detectors.slo import Budget
from detectors.spans.flows import Added, ClosedFlows, FlowCounter
from detectors.spans.join import SpanJoin
from detectors.spans.names import NONE, SpanNames
from detectors.transitions import CLOSED, OPENED
from detectors.wire.identity import SeriesIdentity, SeriesKind

Objectives = Mapping[str, tuple[Objective, ...]]
_METRICS = (
    ("span.rate", "1/s", SeriesKind.RATE),
    ("span.errors", "1", SeriesKind.RATE),
    ("span.p50", "ms", SeriesKind.QUANTILE),
    ("span.p99", "ms", SeriesKind.QUANTILE),
)
"""Metrics of a flow's points; only the first exists without calls."""
_MANY_NAMES = 1024
"""Names are looked through for unused ones when so many more have come."""


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


@dataclass(slots=True)
class SpanSeries:
    """Flows of services and edges, and the budgets of those services that have an objective."""

    detection: SlotDetection
    objectives: Objectives
    clock: IntervalClock = field(default_factory=IntervalClock)
    names: SpanNames = field(default_factory=SpanNames)
    flows: FlowCounter = field(init=False)
    join: SpanJoin = field(default_factory=SpanJoin)
    budgets: dict[tuple[str, str], Budget] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    """Edges that were not collected yet."""
    _kept: int = 0
    """Names that were left when they were last looked through."""

    def __post_init__(self) -> None:
        self.flows = FlowCounter(self.names)

    def add(self, added: Added) -> None:
        """Count calls of services and edges; calls of closed intervals are left out."""
        open_now = (added.interval >= self.clock.closed) & (added.calls > 0)
        if open_now.any():
            self.flows.add(added if open_now.all() else _chosen(added, open_now))

    def advance(self, newest: int) -> None:
        """Takes the newest event time of a record that is through; intervals that end with it become points."""
        before = self.clock.closed
        self.clock.advance(newest)
        if self.clock.closed == before:
            return
        measured, edges = self.flows.close(self.clock.closed)
        self.edges += edges
        for closed in measured:
            self._emit(closed)
            self._burn_all(closed)
        self.flows.forget(self.clock.closed)
        self._shrink()

    def _emit(self, closed: ClosedFlows) -> None:
        spoken = closed.calls > 0
        wanted = np.stack([np.ones(len(spoken), np.bool_), spoken, spoken, spoken], axis=1)
        share = closed.errors / np.maximum(closed.calls, 1)
        values = np.column_stack([closed.calls * SECOND / INTERVAL, share, closed.quantiles])
        series = self.flows.series
        missing = np.argwhere(wanted & (series < 0))
        if len(missing):
            identities = [self._identity(closed, row, column) for row, column in missing.tolist()]
            series[missing[:, 0], missing[:, 1]] = self.detection.table.add(identities)
            self.detection.admit()
        wanted &= series >= 0
        times = np.full(int(np.count_nonzero(wanted)), closed.at, np.int64)
        self.detection.take(PointFeed(series[wanted], times, values[wanted]))

    def _identity(self, closed: ClosedFlows, row: int, column: int) -> SeriesIdentity:
        metric, unit, kind = _METRICS[column]
        entity, code = self.names.texts[closed.entity[row]], int(closed.peer[row])
        if code == NONE:
            return SeriesIdentity(entity, metric, (), unit, kind, None)
        peer = self.names.texts[code]
        return SeriesIdentity(entity, metric, (("peer", peer),), unit, kind, peer)

    def _burn_all(self, closed: ClosedFlows) -> None:
        if not self.objectives:
            return
        for row in np.flatnonzero(closed.peer == NONE).tolist():
            entity = self.names.texts[closed.entity[row]]
            if entity in self.objectives:
                self._burn(entity, closed, row)

    def _burn(self, entity: str, closed: ClosedFlows, row: int) -> None:
        interval = closed.at // INTERVAL - 1
        for objective in self.objectives[entity]:
            budget = self.budgets.setdefault((entity, objective.name), Budget(objective))
            burn = budget.add(interval, closed.flow(row))
            identity = SeriesIdentity(entity, "slo.burn", (("objective", objective.name),), "1", SeriesKind.GAUGE)
            series = int(self.detection.table.add([identity])[0])
            self.detection.admit()
            if series < 0 or (burn.ratio < 1.0 and not budget.breached):
                continue
            self.detection.objectives.add(series)
            what = OPENED if burn.ratio >= 1.0 else CLOSED
            budget.breached = burn.ratio >= 1.0
            told = (series, what, closed.at, burn.score, burn.rate, 1.0, signals.UP, signals.BURN, 2)
            self.detection.tell(signals.of_rows([told]))

    def _shrink(self) -> None:
        """Remove names that are no longer used."""
        names = len(self.names)
        if names <= 2 * self._kept + _MANY_NAMES and names < self.names.most:
            return
        codes = self.names.keep(self.flows.used(names) | self.join.used(names))
        self.flows.renamed(codes)
        self.join.renamed(codes)
        self._kept = len(self.names)

    def taken(self) -> list[Edge]:
        """Edges since the last call."""
        found, self.edges = self.edges, []
        return found

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot."""
        made: dict[str, npt.NDArray[np.generic]] = {
            "head": np.array([self.clock.newest, self._kept], np.int64),
            "names": _bytes(json.dumps(self.names.texts, ensure_ascii=False)),
            "budgets": _bytes(json.dumps([[*key, budget.to_json()] for key, budget in self.budgets.items()])),
            "objectives": np.array(sorted(self.detection.objectives), np.int32),
        }
        made |= {f"flows.{name}": array for name, array in self.flows.to_arrays().items()}
        return made | {f"join.{name}": array for name, array in self.join.to_arrays().items()}

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Become what ``to_arrays`` was called on; budgets of objectives that are gone are dropped."""
        self.clock.newest, self._kept = arrays["head"].tolist()
        self.names = SpanNames(self.names.most, json.loads(arrays["names"].tobytes()))
        self.flows = FlowCounter.from_arrays(_part(arrays, "flows."), self.names, self.flows.most)
        self.join = SpanJoin.from_arrays(_part(arrays, "join."), self.join.most)
        self.detection.objectives = set(arrays["objectives"].tolist())
        current = {(entity, one.name): one for entity, found in self.objectives.items() for one in found}
        for entity, name, text in json.loads(arrays["budgets"].tobytes()):
            if (entity, name) in current:
                budget = self.budgets[entity, name] = Budget(current[entity, name])
                budget.restore(text)


def _part(arrays: Mapping[str, npt.NDArray[np.generic]], prefix: str) -> dict[str, npt.NDArray[np.generic]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _chosen(added: Added, which: npt.NDArray[np.bool_]) -> Added:
    return Added(
        added.entity[which],
        added.peer[which],
        added.uses[which],
        added.interval[which],
        added.bucket[which],
        added.calls[which],
        added.errors[which],
    )
