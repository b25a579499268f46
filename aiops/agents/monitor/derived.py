"""Logs and spans of a slot: counted by interval, then points of the slot's own making.

Records are taken one by one. A line or span whose interval is closed is late; an interval closes when a record brings
an event time past its end and the allowed lateness.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor import signals
from aiops.agents.monitor.detection import Detection
from aiops.model.entities import Edge, Objective
from detectors.intervals import INTERVAL, SECOND, IntervalClock
from detectors.logs.counter import Counted, LogCounter, LogSettings
from detectors.slo import Budget
from detectors.spans.flows import Flow, FlowCounter, Measured
from detectors.spans.join import SpanJoin
from detectors.transitions import CLOSED, OPENED
from detectors.wire.identity import SeriesIdentity, SeriesKind

NEWS_SECONDS = 120
"""A new error template is a signal for so long at most."""
QUIET_SECONDS = 30
"""It is one no more once it was not written for so long: what caused it has stopped."""
_SHARED_LATENESS = 30 * SECOND
"""Where counts of several partitions meet, they come at their own pace."""

Objectives = Mapping[str, tuple[Objective, ...]]


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


@dataclass(slots=True)
class _News:
    """A template that is new."""

    series: int
    begun: int
    """End of the interval in which it was written first, ns."""
    last: int
    """End of the interval in which it was written last, ns."""

    @property
    def over(self) -> int:
        """When it is news no more, as far as is known."""
        return min(self.begun + NEWS_SECONDS * SECOND, self.last + QUIET_SECONDS * SECOND)


@dataclass(slots=True)
class LogSeries:
    """Counts of templates and the news of new ones."""

    detection: Detection
    clock: IntervalClock = field(default_factory=IntervalClock)
    counter: LogCounter = field(default_factory=lambda: LogCounter(LogSettings()))
    news: dict[tuple[str, str, str], _News] = field(default_factory=dict)
    """Templates that are new, by entity, severity and template."""

    def add(self, line: tuple[str, str, str, int], count: int = 1) -> bool:
        """Counts lines given by entity, severity, masked text and interval; False: too late."""
        if line[3] < self.clock.closed:
            return False
        self.counter.add(*line, count)
        return True

    def advance(self, newest: int) -> None:
        """Takes the newest event time of a record that is through; intervals that end with it become points."""
        before = self.clock.closed
        self.clock.advance(newest)
        if self.clock.closed == before:
            return
        self._tell(self.counter.close(self.clock.closed))
        over = {key: found for key, found in self.news.items() if found.over <= self.clock.newest}
        for key in over:
            del self.news[key]
        rows = [_news_row(found.series, CLOSED, found.over, 0) for found in over.values()]
        self.detection.tell(signals.of_rows(rows))

    def _tell(self, counted: list[Counted]) -> None:
        for at in sorted({one.at for one in counted}):
            found = [one for one in counted if one.at == at]
            self.detection.emit([_log_identity(one, "log.count") for one in found], at, [one.count for one in found])
            for one in found:
                if one.count and (known := self.news.get(_key(one))) is not None:
                    known.last = at
            self._news([one for one in found if one.new], at)

    def _news(self, found: list[Counted], at: int) -> None:
        table = self.detection.table
        series = table.add([_log_identity(one, "log.new") for one in found]).tolist()
        self.detection.admit()
        told = [(number, one) for number, one in zip(series, found, strict=True) if number >= 0]
        rows = [_news_row(number, OPENED, at - INTERVAL, one.count) for number, one in told]
        self.detection.tell(signals.of_rows(rows))
        self.news |= {_key(one): _News(number, at, at) for number, one in told}

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot."""
        head = np.array([self.clock.newest], np.int64)
        state = np.frombuffer(self.counter.to_bytes(), np.uint8)
        return {"head": head, "state": state, "news": self._news_array()}

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Become what ``to_arrays`` was called on."""
        self.clock.newest = int(arrays["head"].tolist()[0])
        self.counter = LogCounter.from_bytes(arrays["state"].tobytes(), self.counter.settings)
        held = [_News(*row) for row in arrays["news"].tolist()]
        self.news = {self._key_of(found.series): found for found in held}

    def _news_array(self) -> npt.NDArray[np.int64]:
        rows = [(found.series, found.begun, found.last) for found in self.news.values()]
        return np.array(rows, np.int64).reshape(-1, 3)

    def _key_of(self, series: int) -> tuple[str, str, str]:
        identity = self.detection.table.identity(series)
        named = dict(identity.attributes)
        return identity.entity, named["severity"], named["template"]


def _key(one: Counted) -> tuple[str, str, str]:
    return one.entity, one.severity, one.template


def _log_identity(one: Counted, metric: str) -> SeriesIdentity:
    attributes = (("severity", one.severity), ("template", one.template))
    return SeriesIdentity(one.entity, metric, attributes, "1", SeriesKind.RATE)


def _news_row(series: int, what: int, at: int, count: int) -> signals.Row:
    # One line is hardly news, forty are as good as certain.
    score = 0.5 + 0.5 * count / (count + 20) if count else 0.0
    return series, what, at, score, float(count), 0.0, signals.NEW, signals.LOG_NEWS, 2


@dataclass(slots=True)
class SpanSeries:
    """Flows of services and edges, and the budgets of those services that have an objective."""

    detection: Detection
    objectives: Objectives
    clock: IntervalClock = field(default_factory=IntervalClock)
    flows: FlowCounter = field(default_factory=FlowCounter)
    join: SpanJoin = field(default_factory=SpanJoin)
    budgets: dict[tuple[str, str], Budget] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    """Edges that nobody took yet."""

    def add(self, key: tuple[str, str], interval: int, flow: Flow, *, uses: bool = False) -> bool:
        """Counts calls of a service or edge; False: too late."""
        if interval < self.clock.closed:
            return False
        if flow.calls:
            self.flows.add(key, interval, flow, uses=uses)
        return True

    def advance(self, newest: int) -> None:
        """Takes the newest event time of a record that is through; intervals that end with it become points."""
        before = self.clock.closed
        self.clock.advance(newest)
        if self.clock.closed == before:
            return
        measured, edges = self.flows.close(self.clock.closed)
        self.edges += edges
        for at in sorted({one.at for one in measured}):
            found = [one for one in measured if one.at == at]
            points = [point for one in found for point in _points(one)]
            self.detection.emit([identity for identity, _ in points], at, [value for _, value in points])
            for one in found:
                if not one.peer and one.entity in self.objectives:
                    self._burn(one)

    def _burn(self, one: Measured) -> None:
        interval = one.at // INTERVAL - 1
        for objective in self.objectives[one.entity]:
            budget = self.budgets.setdefault((one.entity, objective.name), Budget(objective))
            burn = budget.add(interval, one.flow)
            identity = SeriesIdentity(one.entity, "slo.burn", (("objective", objective.name),), "1", SeriesKind.GAUGE)
            series = int(self.detection.table.add([identity])[0])
            self.detection.admit()
            if series < 0 or (burn.ratio < 1.0 and not budget.breached):
                continue
            self.detection.objectives.add(series)
            what = OPENED if burn.ratio >= 1.0 else CLOSED
            budget.breached = burn.ratio >= 1.0
            row = (series, what, one.at, burn.score, burn.rate, 1.0, signals.UP, signals.BURN, 2)
            self.detection.tell(signals.of_rows([row]))

    def taken(self) -> list[Edge]:
        """Edges since the last call."""
        found, self.edges = self.edges, []
        return found

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot."""
        return {
            "head": np.array([self.clock.newest], np.int64),
            "flows": _bytes(json.dumps(self.flows.to_json())),
            "join": _bytes(json.dumps(self.join.to_json())),
            "budgets": _bytes(json.dumps([[*key, budget.to_json()] for key, budget in self.budgets.items()])),
            "objectives": np.array(sorted(self.detection.objectives), np.int32),
        }

    def restore(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Become what ``to_arrays`` was called on; budgets of objectives that are gone are dropped."""
        self.clock.newest = int(arrays["head"].tolist()[0])
        self.flows = FlowCounter.from_json(arrays["flows"].tobytes().decode(), self.flows.most)
        self.join = SpanJoin.from_json(arrays["join"].tobytes().decode(), self.join.most)
        self.detection.objectives = set(arrays["objectives"].tolist())
        current = {(entity, one.name): one for entity, found in self.objectives.items() for one in found}
        for entity, name, text in json.loads(arrays["budgets"].tobytes()):
            if (entity, name) in current:
                budget = self.budgets[entity, name] = Budget(current[entity, name])
                budget.restore(text)


def _points(one: Measured) -> list[tuple[SeriesIdentity, float]]:
    flow, peer = one.flow, one.peer or None
    attributes = (("peer", one.peer),) if one.peer else ()

    def identity(metric: str, unit: str, kind: SeriesKind) -> SeriesIdentity:
        return SeriesIdentity(one.entity, metric, attributes, unit, kind, peer)

    points = [(identity("span.rate", "1/s", SeriesKind.RATE), flow.calls * SECOND / INTERVAL)]
    if flow.calls:
        points += [
            (identity("span.errors", "1", SeriesKind.RATE), flow.errors / flow.calls),
            (identity("span.p50", "ms", SeriesKind.QUANTILE), flow.quantile(0.5)),
            (identity("span.p99", "ms", SeriesKind.QUANTILE), flow.quantile(0.99)),
        ]
    return points


def interval_clock(*, shared: bool) -> IntervalClock:
    """The clock of a slot's logs or spans; ``shared``: other partitions send their counts too."""
    return IntervalClock(_SHARED_LATENESS) if shared else IntervalClock()
