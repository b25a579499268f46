"""Error budgets that burn: multi-window burn rates of availability and latency objectives.

Two pairs of windows as in Google's SRE workbook, chapter 5: 14.4 times the budget over an hour and still over five
minutes, or 6 times over six hours and still over half an hour. A young service is judged on what there is. The score
is 0.5 at the limit and 0.8 at four times of it, as the bank's scores are.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiops.model.entities import Objective
from aiops.model.metric_semantics.semantics import MetricRole, MetricSemantics
from detectors.intervals import INTERVAL, SECOND
from detectors.spans.flows import Flow, milliseconds

_PAIRS = (
    (3600 * SECOND // INTERVAL, 300 * SECOND // INTERVAL, 14.4),
    (21_600 * SECOND // INTERVAL, 1800 * SECOND // INTERVAL, 6.0),
)
_LEAST_CALLS = 20
"""Fewer calls in the short window say nothing."""


_SHOWN_BY: Mapping[str, frozenset[MetricRole]] = {
    "availability": frozenset({MetricRole.ERRORS, MetricRole.AVAILABILITY}),
    "latency": frozenset({MetricRole.LATENCY}),
}
"""Roles of metrics that show an indicator."""


def indicates(meaning: MetricSemantics, objectives: Iterable[Objective]) -> bool:
    """Whether an objective is computed from such a metric, or the metric shows the same."""
    return any(meaning.role in _SHOWN_BY.get(one.indicator, ()) for one in objectives)


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast the budget burns."""

    rate: float
    """Share of bad calls over the long window, in budgets; 1: the budget lasts exactly its window."""
    ratio: float
    """The rate over what is allowed, of the worst pair of windows; above 1 is a breach."""

    @property
    def score(self) -> float:
        """In [0, 1)."""
        return self.ratio / (1.0 + self.ratio)


def bad(flow: Flow, objective: Objective) -> int:
    """Calls of an interval that do not meet the objective."""
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
        """Takes an interval; how fast the budget burns now."""
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
        """Become the budget that ``to_json`` was called on."""
        intervals, self.breached = json.loads(text)
        self._intervals = deque((a, b, c) for a, b, c in intervals)
