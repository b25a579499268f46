"""Latest change: what was changed last before the trouble is to blame. The control of sets with changes."""

from __future__ import annotations

from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion


class LatestChange:
    """Entities by when they were changed last."""

    name = "latest-change"

    def scores(self, question: BaselineQuestion) -> dict[str, float] | None:
        """When each entity was last changed before the stated time, ns; None without changes."""
        case = question.case
        if not case.changes:
            return None
        until = case.to_at if question.split is None else question.split
        found: dict[str, float] = {}
        for change in case.changes:
            if change.at <= until:
                found[change.entity] = max(found.get(change.entity, 0.0), float(change.at))
        return found
