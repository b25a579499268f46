"""Multi-window burn rates of the error budgets of availability and latency objectives.

There are two pairs of windows, as in Google's SRE workbook, chapter 5. A budget is breached at a burn rate above 14.4
over both one hour and five minutes, or above 6 over both six hours and half an hour. A service with less data than a
window is measured over the data that exists. The score is 0.5 at the limit and 0.8 at four times the limit, as the
bank's scores are.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiops.model.durations import SECOND
from aiops.model.entities import Objective
from aiops.model.metric_semantics.semantics import MetricRole, MetricSemantics
from detectors.intervals import INTERVAL
from detectors.spans.flows import Flow, milliseconds

_PAIRS = (
    (3600 * SECOND // INTERVAL, 300 * SECOND // INTERVAL, 14.4),
    (21_600 * SECOND // INTERVAL, 1800 * SECOND // INTERVAL, 6.0),
)
_LEAST_CALLS = 20
"""A window with fewer calls has burn rate 0."""


_SHOWN_BY: Mapping[str, frozenset[MetricRole]] = {
    "availability": frozenset({MetricRole.ERRORS, MetricRole.AVAILABILITY}),
    "latency": frozenset({MetricRole.LATENCY}),
}
"""Roles of metrics that show an indicator."""


def indicates(meaning: MetricSemantics, objectives: Iterable[Objective]) -> bool:
    """Whether a metric of this meaning shows the indicator of any of the objectives."""
    return any(meaning.role in _SHOWN_BY.get(one.indicator, ()) for one in objectives)


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast an error budget burns."""

    rate: float
    """Burn rate: share of bad calls over the long window divided by the budget; 1 uses up exactly the budget."""
    ratio: float
    """Lower burn rate of the worst pair's two windows divided by the pair's limit; above 1 is a breach."""

    @property
    def score(self) -> float:
        """Score in [0, 1): 0.5 at the limit."""
        return self.ratio / (1.0 + self.ratio)


def bad(flow: Flow, objective: Objective) -> int:
    """Number of calls in an interval that miss the objective: failed ones, or those slower than ``threshold_ms``."""
    if objective.indicator != "latency" or objective.threshold_ms is None:
        return flow.errors
    return sum(count for number, count in flow.durations.items() if milliseconds(number) > objective.threshold_ms)


@dataclass(slots=True)
class Budget:
    """One objective of one service over the last six hours."""

    objective: Objective
    _intervals: deque[tuple[int, int, int]] = field(default_factory=deque)
    """Interval, calls, bad calls; oldest first."""
    breached: bool = False

    def add(self, interval: int, flow: Flow) -> Burn:
        """Adds the calls of an interval; returns the current burn."""
        self._intervals.append((interval, flow.calls, bad(flow, self.objective)))
        while self._intervals[0][0] <= interval - _PAIRS[-1][0]:
            self._intervals.popleft()
        budget = max(1e-9, 1.0 - self.objective.target)
        rates = []
        for long, short, allowed in _PAIRS:
            over_long, over_short = self._share(interval - long), self._share(interval - short)
            rates.append((min(over_long, over_short) / budget / allowed, over_long / budget))
        ratio, rate = max(rates)
        return Burn(rate, ratio)

    def _share(self, after: int) -> float:
        calls = failed = 0
        for interval, count, failures in reversed(self._intervals):
            if interval <= after:
                break
            calls += count
            failed += failures
        return failed / calls if calls >= _LEAST_CALLS else 0.0

    def to_json(self) -> str:
        """State for a snapshot."""
        return json.dumps([list(self._intervals), self.breached])

    def restore(self, text: str) -> None:
        """Replaces the state by that of the budget that ``to_json`` was called on."""
        intervals, self.breached = json.loads(text)
        self._intervals = deque((a, b, c) for a, b, c in intervals)
