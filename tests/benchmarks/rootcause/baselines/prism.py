"""PRISM: the cause shows trouble inside and outside, a victim only outside.

Pham, "Graph-Free Root Cause Analysis", arXiv 2601.21359, 2026. The paper's default (z-score, maximum, additive):

    S(series) = max |x - mean| / std            mean and std of the reference before the onset
    I = max S over internal series (processor, memory, disk, sockets), E = max S over external ones
    score = I + E - log(1 + I + E)              a class without a series counts as 0

A class is read from words of the metric's name; a metric of neither class is left out. Constant series are left out.
"""

from __future__ import annotations

import re
from math import log1p

from tests.benchmarks.rootcause.baselines.deviation import MEAN, STD, deviations
from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion

_INTERNAL = re.compile(r"cpu|mem|disk|socket|syscall", re.IGNORECASE)
_EXTERNAL = re.compile(
    r"laten|delay|duration|response|error|fail|success|availab|request|workload|throughput|load|rate|ops", re.IGNORECASE
)


def is_internal(metric: str) -> bool | None:
    """Whether the metric is internal; None: of neither class."""
    if _INTERNAL.search(metric):
        return True
    return False if _EXTERNAL.search(metric) else None


class Prism:
    """The entity with the largest sum of an internal and an external deviation."""

    name = "prism"

    def scores(self, question: BaselineQuestion) -> dict[str, float] | None:
        """The additive score of each entity; None without metrics or times."""
        if question.split is None or question.case.metrics.is_empty():
            return None
        inside: dict[str, float] = {}
        outside: dict[str, float] = {}
        for entity, metric, _, score in deviations(question, MEAN, STD, signed=False).iter_rows():
            internal = is_internal(metric)
            if internal is not None:
                held = inside if internal else outside
                held[entity] = max(held.get(entity, 0.0), score)
        totals = {name: inside.get(name, 0.0) + outside.get(name, 0.0) for name in inside | outside}
        return {name: total - log1p(total) for name, total in totals.items()}
