"""One diagnosis: rank the causes, name the kind of fault, say what it breaks and which changes are suspicious."""

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
"""Kind of fault: the figures are wrong, not what they tell of."""
DISBELIEF = 0.75
"""Probability of that where one host alone speaks of trouble against others' silence."""
LEAST_SURE = 0.25
"""A first hypothesis below this is not named as the cause: the diagnosis is "unknown"."""


@dataclass(frozen=True, slots=True)
class DiagnosisSubject:
    """What the diagnosis is of."""

    work_item: str
    at: int
    context_version: int = 1
    domain: str = MAIN_DOMAIN


def diagnose(question: RankingQuestion, ranker: Ranker, subject: DiagnosisSubject) -> Diagnosis:
    """Everything analysis says of an incident. Pure."""
    ranked = ranker.rank(question)
    hints = Hints(question.metrics)
    doubted = doubt(question.episodes, question.graph, hints)
    if doubted is not None:
        ranked = _disbelieved(ranked, doubted, question)
    first = ranked.candidates[0] if ranked.candidates else None
    unwell = list(dict.fromkeys(episode.entity for episode in question.episodes))
    causes = {candidate.entity: candidate.probability for candidate in ranked.candidates[:3]}
    suspected = suspects(question.changes, causes, question.graph, onset=question.onset, members=unwell)
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
        onset=question.onset,
        hypotheses=hypotheses,
        p_unknown=ranked.p_unknown,
        p_rest=ranked.p_rest,
        impact=impact(question.graph, [first.entity] if first and not unknown else unwell, unwell),
        changes=suspected,
        unknown=unknown,
        members=first.members if first is not None else (),
        domain=subject.domain,
    )


def _disbelieved(ranked: Ranking, found: Doubt, question: RankingQuestion) -> Ranking:
    """The ranking with the telemetry itself in the first place."""
    left = 1.0 - DISBELIEF
    others = (replace(c, probability=c.probability * left) for c in ranked.candidates if c.entity != found.suspect)
    unwell = tuple(dict.fromkeys(episode.entity for episode in question.episodes))
    quiet = ", ".join(found.quiet[:MOST_NAMED])
    what = f"only {found.host} tells of trouble; {quiet}, which would feel it elsewhere, show none"
    evidence = Evidence(question.episodes[0].id, True, Prose(what), "graph", 0, 0, 1.0)
    first = Candidate(found.suspect, DISBELIEF, (evidence,), unwell)
    told = (first, *others)
    rest = max(1.0 - ranked.p_unknown * left - sum(c.probability for c in told), 0.0)
    return Ranking(told, ranked.p_unknown * left, rest)


def _kind(candidate: Candidate, question: RankingQuestion, suspected: Iterable[ChangeSuspect], *, hints: Hints) -> str:
    episodes = [episode for episode in question.episodes if episode.entity == candidate.entity]
    # a place that says nothing itself is told of by its parts
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
    """Kind of each change by its id."""
    return {change.id: change.kind for change in changes}


def onset_of(episodes: Iterable[Episode]) -> int:
    """Earliest abnormal point of any signal, ns; 0 when no time is known."""
    times = [at for e in episodes for at in (e.opened_at, *(s.since for s in e.signals)) if at > 0]
    return min(times, default=0)
