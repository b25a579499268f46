"""Traversal to the last abnormal entity: from the symptom along calls while callees are abnormal.

MicroHECL (Liu et al., ICSE-SEIP 2021) and the baseline of PetShop (Hardt et al., CLeaR 2024): a cause is an abnormal
entity that no abnormal callee explains and that a path of abnormal entities joins with the symptom. Its score is the
largest sum of scores along such a path.
"""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from aiops.model.entities import EdgeKind
from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.benchmarks.rootcause.baselines.symptom import symptom
from tests.benchmarks.rootcause.evidence import of_wholes

LONGEST = 8
"""Calls on a path."""


class Traversal:
    """The abnormal entities at the ends of abnormal paths."""

    name = "traversal"

    def scores(self, question: BaselineQuestion) -> dict[str, float] | None:
        """The best path's sum for each end; None without a graph, metrics or times."""
        calls = [edge for edge in question.case.edges if edge.kind in {EdgeKind.CALLS, EdgeKind.USES}]
        if question.split is None or question.case.metrics.is_empty() or not calls:
            return None
        question = replace(question, case=of_wholes(question.case))
        start = symptom(question)
        if start is None or start.entity not in start.abnormal:
            return {}
        graph: nx.DiGraph[str] = nx.DiGraph((edge.source, edge.target) for edge in calls)
        graph.add_node(start.entity)
        abnormal = graph.subgraph(set(start.abnormal))
        reached = nx.descendants(abnormal, start.entity) | {start.entity}
        ends = [name for name in sorted(reached) if not set(abnormal.successors(name)) - {name}]
        found = {name: self._best(abnormal, (start.entity, name), start.abnormal) for name in ends}
        return {name: score for name, score in found.items() if score > 0}

    @staticmethod
    def _best(graph: nx.DiGraph[str], ends: tuple[str, str], scores: dict[str, float]) -> float:
        first, last = ends
        if first == last:
            return scores[last]
        paths = nx.all_simple_paths(graph, first, last, cutoff=LONGEST)
        return max((sum(scores[name] for name in path) for path in paths), default=0.0)
