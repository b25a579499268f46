"""Counting alerts: who reports most, where a rare kind of alert weighs more.

The control of alert-only sets. The weight of a kind is the inverse document frequency (Spärck Jones, 1972) over the
entities of the case, so that nothing is learned from other cases:

    score(entity) = sum over its alerts of log(1 + entities / entities that report this kind)
"""

from __future__ import annotations

from collections import Counter
from math import log

from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.benchmarks.rootcause.evidence import entities


class AlertCounts:
    """Entities by the weighted number of their alerts."""

    name = "alert-counts"

    def scores(self, question: BaselineQuestion) -> dict[str, float] | None:
        """The weighted number of each entity's alerts; None without alerts."""
        alerts = question.case.alerts
        if alerts.is_empty():
            return None
        reported = alerts.select("entity", "source", "name").rows()
        kinds = Counter((source, name) for _, source, name in set(reported))
        many = len(entities(question.case))
        found: dict[str, float] = {}
        for entity, source, name in reported:
            found[entity] = found.get(entity, 0.0) + log(1.0 + many / kinds[source, name])
        return found
