"""One question prepared for the witnesses: candidates, evidence by candidate, and who calls whom, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aiops.model.entity_names import instance_stem
from aiops.model.metric_semantics.semantics import MetricSemantics, MetricSubject, Worse
from aiops.model.series_evidence import EvidenceKind, Floats, Ints, SeriesEvidence
from topology.graph import CALLS, USES
from topology.hints import Family, Hints
from topology.rankers.protocol import RankingQuestion

Flags = npt.NDArray[np.bool_]

SLOW = frozenset({Family.LATENCY})
FAILING = frozenset({Family.ERROR, Family.AVAILABILITY})
FELT = SLOW | FAILING
"""Families that a victim shows too: PRISM's external metrics, without traffic."""
MOST_SIBLINGS = 30
INNER = frozenset({Family.CPU, Family.MEMORY, Family.DISK, Family.QUEUE, Family.RESTART, Family.CERTIFICATE})
"""Families that describe the entity's own resources: PRISM's internal metrics."""


class Inquiry:
    """Candidates 0 … m-1: entities with evidence, and what they need.

    Args:
        question: its rows and graph.
        evidence: of the question.
    """

    def __init__(self, question: RankingQuestion, evidence: SeriesEvidence) -> None:
        self.question = question
        self.evidence = evidence
        self.graph = question.graph
        self.hints = Hints(question.metrics)
        near = dict.fromkeys(evidence.entities)
        for name in evidence.entities:
            near.update(dict.fromkeys(end for end, _ in self.graph.needs_of(name)))
        self.names: tuple[str, ...] = tuple(sorted(near))
        self.number = {name: at for at, name in enumerate(self.names)}
        self._place = np.array([self.number[name] for name in evidence.entities] or [0], np.int32)

    def __len__(self) -> int:
        return len(self.names)

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
        """(e,), (e,) caller and callee of each call between candidates."""
        caller, callee = [], []
        rows = self.graph.needs
        for at, name in enumerate(self.names):
            number = self.graph.number(name)
            if number is None:
                continue
            for end, kind in zip(rows.of(number).tolist(), rows.kinds_of(number).tolist(), strict=True):
                to = self.number.get(self.graph.names[end])
                if to is not None and kind in (CALLS, USES):
                    caller.append(at)
                    callee.append(to)
        return np.array(caller, np.int32), np.array(callee, np.int32)

    @cached_property
    def _meanings(self) -> dict[str, tuple[MetricSemantics, Family]]:
        return {metric: self.hints.of_metric(metric) for metric in dict.fromkeys(self.evidence.metric)}

    @cached_property
    def families(self) -> Sequence[Family]:
        """Family of each row's metric."""
        return [self._meanings[metric][1] for metric in self.evidence.metric]

    def meaning(self, row: int) -> MetricSemantics:
        """Semantics of one row's metric."""
        return self._meanings[self.evidence.metric[row]][0]

    @cached_property
    def metrics(self) -> Flags:
        """(n,) rows of metrics."""
        return self.evidence.of_kind(EvidenceKind.METRIC)

    @cached_property
    def own(self) -> Flags:
        """(n,) metrics that describe their entity, and no call to another and no host below."""
        entity = {m: held[0].about is MetricSubject.ENTITY for m, held in self._meanings.items()}
        return np.array([entity[m] for m in self.evidence.metric], np.bool_) & (self.evidence.peer < 0) & self.metrics

    @cached_property
    def worse(self) -> Floats:
        """(n,) sign of the direction in which each metric gets worse; 0: neither."""
        known = {m: int(held[0].worse) for m, held in self._meanings.items()}
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
        found = np.zeros(len(self))
        np.maximum.at(found, self.of[rows], value[rows])
        return found

    def total(self, rows: Flags, value: Floats) -> Floats:
        """(m,) sum of ``value`` over each candidate's ``rows``."""
        return np.bincount(self.of[rows], value[rows], minlength=len(self)).astype(np.float64)

    def row_of(self, candidate: int, rows: Flags, value: Floats) -> int | None:
        """The candidate's row with the largest ``value`` among ``rows``; None: it has none."""
        mine = np.flatnonzero(rows & (self.of == candidate))
        return int(mine[np.argmax(value[mine])]) if len(mine) else None

    def of_callees(self, value: Floats) -> Floats:
        """(m,) largest ``value`` among each candidate's callees; 0: it calls nobody."""
        found = np.zeros(len(self))
        caller, callee = self.calls
        np.maximum.at(found, caller, value[callee])
        return found

    def of_callers(self, value: Floats) -> Floats:
        """(m,) largest ``value`` among each candidate's callers; 0: nobody calls it."""
        found = np.zeros(len(self))
        caller, callee = self.calls
        np.maximum.at(found, callee, value[caller])
        return found

    @cached_property
    def entrances(self) -> frozenset[int]:
        """Where the trouble is noticed: the stated symptom, or else who calls others and is called by nobody."""
        stated = self.number.get(self.evidence.symptom or "")
        if stated is not None:
            return frozenset({stated})
        caller, callee = self.calls
        return frozenset(caller.tolist()) - frozenset(callee.tolist())

    @cached_property
    def akin(self) -> Flags:
        """(n,) own metrics of the kind in which the entrances are worst: slow makes slow, failing makes failing.

        Of a candidate that has none of that kind, whatever is felt.
        """
        felt = self.own & self.in_families(FELT)
        noticed = felt & np.isin(self.of, sorted(self.entrances)) & (self.harm > 0)
        if not np.any(noticed):
            return felt
        worst = int(np.argmax(np.where(noticed, self.harm, -1.0)))
        alike = self.own & self.in_families(SLOW if self.families[worst] in SLOW else FAILING)
        return alike | (felt & ~np.isin(self.of, self.of[alike]))

    @cached_property
    def kin(self) -> Floats:
        """(m,) largest harm in the metrics that are akin to the symptom's, nats."""
        return self.largest(self.akin, self.harm)

    @cached_property
    def siblings(self) -> Sequence[tuple[int, ...]]:
        """(m) up to ``MOST_SIBLINGS`` other instances of the same thing, by name: ``web-1`` and ``web-2``."""
        stems: dict[str, list[int]] = {}
        for at, name in enumerate(self.names):
            stems.setdefault(instance_stem(name), []).append(at)
        firsts = {stem: held[: MOST_SIBLINGS + 1] for stem, held in stems.items()}
        held = [firsts[instance_stem(name)] for name in self.names]
        return [tuple(other for other in others if other != at) for at, others in enumerate(held)]
