"""Counting alerts: who is named most, where a rare kind of alert weighs more.

The control of alert-only sets. An alert about a call counts for the callee. The weight of a kind is its inverse
document frequency (Spärck Jones, "A statistical interpretation of term specificity", 1972) over the cases of the set,
whose labels it does not see:

    score(entity) = sum over its alerts of log(1 + cases / cases in which this kind occurs)
"""

from __future__ import annotations

from math import log

from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion


class AlertCounts:
    """Entities by the weighted number of their alerts."""

    name = "alert-counts"

    def scores(self, question: BaselineQuestion) -> dict[str, float] | None:
        """The weighted number of each entity's alerts; None without alerts."""
        alerts = question.case.alerts
        if alerts.is_empty():
            return None
        found: dict[str, float] = {}
        for entity, peer, source, name in alerts.select("entity", "peer", "source", "name").iter_rows():
            seen = max(question.alert_kinds.get((source, name), 0), 1)
            named = peer or entity
            found[named] = found.get(named, 0.0) + log(1.0 + max(question.cases, 1) / seen)
        return found
