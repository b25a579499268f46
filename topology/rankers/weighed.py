"""The weighed ranker: a sum of what witnesses say of each candidate, with few weights that hold for every estate.

The weights are those of a conditional logistic regression over labelled incidents: each candidate of an incident, and
"unknown", has a score, and the probability of the cause is the softmax of the scores. ``topology.rankers.fitted`` has
them and the command that made them. The probability of the first candidate is calibrated (Platt, 1999) on incidents of
data sets that were left out of fitting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aiops.model.diagnoses import Evidence
from aiops.model.prose import Prose
from aiops.model.series_evidence import Floats
from topology.rankers import fitted
from topology.rankers.protocol import DIGITS, MOST_CANDIDATES, NOTHING, Candidate, Ranking, RankingQuestion
from topology.rankers.walk import WalkRanker
from topology.testimony.inquiry import FELT, INNER, Inquiry
from topology.testimony.witnesses import WITNESSES

EXPLAINED = 3
"""Candidates whose evidence is told."""
STRONGEST = 2
"""Witnesses for a candidate that are told, beside the strongest against it."""
LEAST_NATS = 0.05
"""A contribution below says nothing."""
ABNORMAL = float(np.log1p(5.0))
"""Nats from which an entity counts as abnormal for the list of those that a cause explains."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """What was fitted."""

    by_witness: Mapping[str, float]
    unknown: float
    """Score of "unknown", nats."""
    slope: float
    offset: float
    """Calibrated log-odds of the first candidate: ``slope`` times the log-odds of the softmax, plus ``offset``."""


FITTED = Weights(fitted.BY_WITNESS, fitted.UNKNOWN, fitted.SLOPE, fitted.OFFSET)


class WeighedTestimony:
    """What all witnesses say of all candidates of one question.

    Args:
        inquiry: the question, prepared.
        weights: by witness.
    """

    def __init__(self, inquiry: Inquiry, weights: Weights) -> None:
        self._inquiry = inquiry
        self.weights = weights

    @cached_property
    def scores(self) -> Matrix:
        """(m, witnesses) unweighted."""
        return np.stack([witness.scores(self._inquiry) for witness in WITNESSES], axis=1)

    @cached_property
    def nats(self) -> Matrix:
        """(m, witnesses) weighted."""
        found: Matrix = self.scores * np.array(
            [self.weights.by_witness.get(witness.name, 0.0) for witness in WITNESSES]
        )
        return found

    @cached_property
    def totals(self) -> Floats:
        """(m,) nats, rounded so that the order of sums does not matter."""
        found: Floats = np.round(self.nats.sum(axis=1), DIGITS)
        return found

    def chances(self) -> tuple[Floats, float]:
        """(m,) probability of each candidate, and of "unknown"; calibrated."""
        every = np.append(self.totals, self.weights.unknown)
        shares = np.exp(every - every.max())
        shares /= shares.sum()
        first = float(shares[:-1].max(initial=0.0))
        sure = _calibrated(first, self.weights)
        ties = int((shares[:-1] == first).sum())
        rest = (1.0 - sure * ties) / max(1.0 - first * ties, 1e-12) if first * ties < 1.0 else 0.0
        if sure * ties > 1.0:
            sure, rest = 1.0 / ties, 0.0
        found = np.where(shares == first, sure, np.minimum(shares * rest, sure))
        known = found[:-1]
        return known, max(1.0 - float(known.sum()), 0.0)

    def evidence(self, candidate: int) -> tuple[Evidence, ...]:
        """The strongest witnesses for a candidate and the strongest against it: what tells most for a rival."""
        mine = self.nats[candidate] - np.median(self.nats, axis=0)
        supports = [at for at in np.argsort(-mine, kind="stable").tolist() if mine[at] > LEAST_NATS]
        told = [one for at in supports if (one := self._told(candidate, at, float(mine[at]))) is not None][:STRONGEST]
        return (*told, *self._against(candidate))

    def _told(self, candidate: int, witness: int, nats: float) -> Evidence | None:
        what = WITNESSES[witness].says(self._inquiry, candidate)
        return None if what is None else self._evidence(candidate, witness, nats=nats, what=what, supports=True)

    def _against(self, candidate: int) -> tuple[Evidence, ...]:
        order = [at for at in np.argsort(-self.totals, kind="stable").tolist() if at != candidate][: EXPLAINED + 1]
        gaps = [
            (float(self.nats[rival, at] - self.nats[candidate, at]), -at, rival)
            for rival in order
            for at in range(len(WITNESSES))
        ]
        for nats, at, rival in sorted(gaps, reverse=True):
            what = WITNESSES[-at].says(self._inquiry, rival) if nats > LEAST_NATS else None
            if what is not None:
                return (self._evidence(rival, -at, nats=nats, what=what, supports=False),)
        return ()

    def _evidence(self, subject: int, witness: int, *, nats: float, what: Prose, supports: bool) -> Evidence:
        evidence, name = self._inquiry.evidence, self._inquiry.names[subject]
        return Evidence(
            id=f"{WITNESSES[witness].name}@{name}",
            supports=supports,
            what=what,
            source=str(WITNESSES[witness].source),
            from_at=evidence.onset_interval[0] or evidence.onset,
            to_at=evidence.onset,
            weight=round(nats, 6),
        )

    def members(self, candidate: int) -> tuple[str, ...]:
        """Abnormal entities that reach a candidate through calls, itself first when abnormal."""
        inquiry = self._inquiry
        abnormal = inquiry.largest(inquiry.own & inquiry.in_families(FELT | INNER), inquiry.harm) > ABNORMAL
        caller, callee = inquiry.calls
        seen = np.zeros(len(inquiry), np.bool_)
        seen[candidate] = True
        fresh = np.array([candidate])
        while len(fresh):
            above = np.unique(caller[np.isin(callee, fresh)])
            fresh = above[~seen[above]]
            seen[fresh] = True
        others = [inquiry.names[at] for at in np.flatnonzero(seen & abnormal).tolist() if at != candidate]
        return tuple([inquiry.names[candidate], *others] if abnormal[candidate] else others)


class WeighedRanker:
    """Weighs the witnesses' scores; a question without evidence of series is answered as ``walk`` answers it.

    Args:
        weights: None: the fitted ones.
    """

    name = "weighed"

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights or FITTED
        self._without = WalkRanker()

    def rank(self, question: RankingQuestion) -> Ranking:
        """Candidates, the first three with the two strongest witnesses for and the strongest against each."""
        if question.evidence is None:
            return self._without.rank(question)
        inquiry = Inquiry(question, question.evidence)
        if not len(inquiry):
            return NOTHING
        told = WeighedTestimony(inquiry, self._weights)
        chances, _ = told.chances()
        chances = np.round(chances, DIGITS)
        best = sorted(np.flatnonzero(chances > 0).tolist(), key=lambda at: (-chances[at], inquiry.names[at]))
        listed = tuple(
            Candidate(
                inquiry.names[at],
                float(chances[at]),
                told.evidence(at) if place < EXPLAINED else (),
                told.members(at) if place < EXPLAINED else (),
            )
            for place, at in enumerate(best[:MOST_CANDIDATES])
        )
        held = sum(candidate.probability for candidate in listed)
        rest = max(float(chances.sum()) - held, 0.0) if len(best) > len(listed) else 0.0
        rest = min(rest, 1.0 - held)
        return Ranking(listed, max(1.0 - rest - held, 0.0), rest)


def _calibrated(chance: float, weights: Weights) -> float:
    inside = min(max(chance, 1e-9), 1.0 - 1e-9)
    odds = weights.slope * float(np.log(inside / (1.0 - inside))) + weights.offset
    return float(1.0 / (1.0 + np.exp(-odds)))
