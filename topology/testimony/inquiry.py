"""One question prepared for the witnesses: candidates, evidence by candidate, and who calls whom, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aiops.model.metric_semantics.semantics import MetricSubject, Worse
from aiops.model.series_evidence import EvidenceKind, Floats, Ints, SeriesEvidence
from topology.graph import CALLS, USES, Graph
from topology.hints import Family, Hints
from topology.rankers.protocol import RankingQuestion

Flags = npt.NDArray[np.bool_]

FELT = frozenset({Family.LATENCY, Family.ERROR, Family.AVAILABILITY})
"""Families that a victim shows too: PRISM's external metrics, without traffic."""
INNER = frozenset({Family.CPU, Family.MEMORY, Family.DISK, Family.QUEUE, Family.RESTART, Family.CERTIFICATE})
"""Families that describe the entity's own resources: PRISM's internal metrics."""


class Inquiry:
    """Candidates 0 … m-1: entities with evidence, and what they need.

    Args:
        question: has evidence.
    """

    def __init__(self, question: RankingQuestion) -> None:
        if question.evidence is None:
            raise ValueError("an inquiry needs evidence; a question of episodes alone has none")
        self.question = question
        self.evidence: SeriesEvidence = question.evidence
        self.hints = Hints(question.metrics)
        graph = question.graph
        near = dict.fromkeys(self.evidence.entities)
        for name in self.evidence.entities:
            near.update(dict.fromkeys(end for end, _ in graph.needs_of(name)))
        self.names: tuple[str, ...] = tuple(sorted(near))
        self.number = {name: at for at, name in enumerate(self.names)}
        self._place = np.array([self.number[name] for name in self.evidence.entities] or [0], np.int32)

    @property
    def graph(self) -> Graph:
        """The graph of the question."""
        return self.question.graph

    @cached_property
    def of(self) -> Ints:
        """(n,) candidate of each row."""
        return self._place[self.evidence.entity]

    @cached_property
    def peer(self) -> Ints:
        """(n,) candidate of each row's peer; -1: there is none."""
        return np.where(self.evidence.peer >= 0, self._place[self.evidence.peer], -1).astype(np.int32)

    @cached_property
    def calls(self) -> tuple[Ints, Ints]:
        """(e,), (e,) caller and callee of each call between candidates; a pair that calls both ways has both."""
        caller, callee = [], []
        for at, name in enumerate(self.names):
            number = self.graph.number(name)
            if number is None:
                continue
            rows = self.graph.needs
            for end, kind in zip(rows.of(number).tolist(), rows.kinds_of(number).tolist(), strict=True):
                to = self.number.get(self.graph.names[end])
                if to is not None and kind in (CALLS, USES):
                    caller.append(at)
                    callee.append(to)
        return np.array(caller, np.int32), np.array(callee, np.int32)

    @cached_property
    def families(self) -> Sequence[Family]:
        """Family of each row's metric."""
        known = {metric: self.hints.of_metric(metric)[1] for metric in set(self.evidence.metric)}
        return [known[metric] for metric in self.evidence.metric]

    @cached_property
    def own(self) -> Flags:
        """(n,) metrics that describe their entity, and no call to another and no host below."""
        about = {m: self.hints.of_metric(m)[0].about for m in set(self.evidence.metric)}
        entity = np.array([about[m] is MetricSubject.ENTITY for m in self.evidence.metric], np.bool_)
        return entity & (self.evidence.peer < 0) & self.evidence.of_kind(EvidenceKind.METRIC)

    @cached_property
    def worse(self) -> Floats:
        """(n,) sign of the direction in which each metric gets worse; 0: neither."""
        known = {m: int(self.hints.of_metric(m)[0].worse) for m in set(self.evidence.metric)}
        return np.array([known[m] for m in self.evidence.metric], np.float64)

    def in_families(self, families: frozenset[Family]) -> Flags:
        """(n,) rows whose metric is of one of ``families``."""
        return np.array([family in families for family in self.families], np.bool_)

    @cached_property
    def size(self) -> Floats:
        """(n,) nats: log of 1 + absolute deviation; without a cap."""
        return np.log1p(np.abs(self.evidence.deviation))

    @cached_property
    def harm(self) -> Floats:
        """(n,) ``size`` where the metric moved to the worse, or either way if neither is worse; else 0."""
        way = np.sign(self.evidence.deviation)
        return np.where((self.worse == way) | (self.worse == int(Worse.NEITHER)), self.size, 0.0)

    def largest(self, rows: Flags, value: Floats) -> Floats:
        """(m,) largest ``value`` among each candidate's ``rows``; 0: it has none."""
        found = np.zeros(len(self.names))
        np.maximum.at(found, self.of[rows], value[rows])
        return found

    def total(self, rows: Flags, value: Floats) -> Floats:
        """(m,) sum of ``value`` over each candidate's ``rows``."""
        return np.bincount(self.of[rows], value[rows], minlength=len(self.names)).astype(np.float64)

    def of_callees(self, value: Floats) -> Floats:
        """(m,) largest ``value`` among each candidate's callees; 0: it calls nobody."""
        found = np.zeros(len(self.names))
        caller, callee = self.calls
        np.maximum.at(found, caller, value[callee])
        return found

    def of_callers(self, value: Floats) -> Floats:
        """(m,) largest ``value`` among each candidate's callers; 0: nobody calls it."""
        found = np.zeros(len(self.names))
        caller, callee = self.calls
        np.maximum.at(found, callee, value[caller])
        return found

    @cached_property
    def felt(self) -> Floats:
        """(m,) largest harm in latency, errors and availability, nats."""
        return self.largest(self.own & self.in_families(FELT), self.harm)

    @cached_property
    def below_symptom(self) -> Flags:
        """(m,) the symptom and what it needs through calls; all, where no symptom is stated or nothing is below it."""
        start = self.number.get(self.evidence.symptom or "")
        seen = np.zeros(len(self.names), np.bool_)
        if start is None:
            return ~seen
        seen[start] = True
        caller, callee = self.calls
        for _ in self.names:
            fresh = callee[seen[caller] & ~seen[callee]]
            if not len(fresh):
                break
            seen[fresh] = True
        return seen if seen.sum() > 1 else np.ones(len(self.names), np.bool_)
