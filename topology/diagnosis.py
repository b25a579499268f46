"""One diagnosis: ranked causes, their kinds of fault, the impact, and suspicious changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from aiops.model.diagnoses import ChangeSuspect, Diagnosis, Evidence, Hypothesis
from aiops.model.entities import MAIN_DOMAIN, EdgeKind
from aiops.model.episodes import Episode
from aiops.model.prose import Prose
from aiops.model.reports import Change
from topology.hints import Hints
from topology.impact import impact
from topology.kinds import SILENT_CAUSE, UNKNOWN, kind_of
from topology.rankers.protocol import Candidate, Ranker, Ranking, RankingQuestion
from topology.rankers.reasons import MOST_NAMED
from topology.suspects import suspects
from topology.witnesses import Doubt, doubt

TELEMETRY = "telemetry"
"""Kind of fault: the figures are wrong, not the entities that they describe."""
DISBELIEF = 0.75
"""Probability of ``TELEMETRY`` when one host alone reports anomalies; see ``topology.witnesses``."""
LEAST_SURE = 0.25
"""If the first hypothesis has a lower probability, the diagnosis is "unknown"."""


@dataclass(frozen=True, slots=True)
class DiagnosisSubject:
    """The work item that a diagnosis is for, and the time, ns."""

    work_item: str
    at: int
    context_version: int = 1
    domain: str = MAIN_DOMAIN


def diagnose(question: RankingQuestion, ranker: Ranker, subject: DiagnosisSubject) -> Diagnosis:
    """Diagnoses an incident; a pure function.

    Args:
        question: episodes, graph, changes and metric semantics.
        ranker: ranks the candidate causes.
        subject: identifies the diagnosis.
    """
    ranked = ranker.rank(question)
    hints = Hints(question.metrics)
    doubted = doubt(question.episodes, question.graph, hints)
    if doubted is not None:
        ranked = _disbelieved(ranked, doubted, question)
    first = ranked.candidates[0] if ranked.candidates else None
    abnormal = list(dict.fromkeys(episode.entity for episode in question.episodes))
    causes = {candidate.entity: candidate.probability for candidate in ranked.candidates[:3]}
    onset = (question.evidence.onset if question.evidence is not None else 0) or question.onset
    suspected = suspects(question.changes, causes, question.graph, onset=onset, members=abnormal)
    unknown = first is None or first.probability < LEAST_SURE or first.probability < ranked.p_unknown
    hypotheses = tuple(
        Hypothesis(
            c.entity,
            c.probability,
            TELEMETRY if doubted is not None and c is first else _kind(c, question, suspected, hints=hints),
            c.evidence,
        )
        for c in ranked.candidates
    )
    return Diagnosis(
        work_item=subject.work_item,
        context_version=subject.context_version,
        at=subject.at,
        onset=onset,
        hypotheses=hypotheses,
        p_unknown=ranked.p_unknown,
        p_rest=ranked.p_rest,
        impact=impact(question.graph, [first.entity] if first and not unknown else abnormal, abnormal),
        changes=suspected,
        unknown=unknown,
        members=first.members if first is not None else (),
        domain=subject.domain,
    )


def _disbelieved(ranked: Ranking, found: Doubt, question: RankingQuestion) -> Ranking:
    """The ranking with faulty telemetry as the first candidate; the other probabilities are scaled down."""
    left = 1.0 - DISBELIEF
    others = (replace(c, probability=c.probability * left) for c in ranked.candidates if c.entity != found.suspect)
    abnormal = tuple(dict.fromkeys(episode.entity for episode in question.episodes))
    quiet = ", ".join(found.quiet[:MOST_NAMED])
    what = f"only {found.host} reports anomalies; {quiet}, which also run elsewhere, are normal there"
    evidence = Evidence(question.episodes[0].id, True, Prose(what), "graph", 0, 0, 1.0)
    first = Candidate(found.suspect, DISBELIEF, (evidence,), abnormal)
    candidates = (first, *others)
    rest = max(1.0 - ranked.p_unknown * left - sum(c.probability for c in candidates), 0.0)
    return Ranking(candidates, ranked.p_unknown * left, rest)


def _kind(candidate: Candidate, question: RankingQuestion, suspected: Iterable[ChangeSuspect], *, hints: Hints) -> str:
    episodes = [episode for episode in question.episodes if episode.entity == candidate.entity]
    # a zone or site without episodes of its own is described by its parts
    parts = {name for name, how in question.graph.serves_of(candidate.entity) if how is EdgeKind.PART_OF}
    episodes = episodes or [e for e in question.episodes if e.entity in parts]
    if not episodes:
        return SILENT_CAUSE
    kinds = kinds_of_changes(question.changes)
    on_it = [(s.suspicion, s.id) for s in suspected if s.entity == candidate.entity]
    suspicion, change = max(on_it, default=(0.0, None))
    signals = [signal for episode in episodes for signal in episode.signals]
    if not signals:
        return UNKNOWN
    return kind_of(signals, hints, kinds.get(change) if change else None, suspicion=suspicion)


def kinds_of_changes(changes: Iterable[Change]) -> Mapping[str, str]:
    """Change id to the kind of the change."""
    return {change.id: change.kind for change in changes}


def onset_of(episodes: Iterable[Episode]) -> int:
    """Time of the earliest abnormal point of any signal, ns; 0: not known."""
    times = [at for e in episodes for at in (e.opened_at, *(s.since for s in e.signals)) if at > 0]
    return min(times, default=0)
