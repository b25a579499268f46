"""Analysis: from an incident's episodes to ranked causes with evidence, impact and suspicious changes.

Answers DIAGNOSE with a diagnosis for routing, and proposes to merge incidents that have one cause. It keeps no state:
the same handoff and view give the same answer.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.agents.view import AgentView
from aiops.model.diagnoses import Diagnosis, Evidence, Hypothesis
from aiops.model.episodes import Episode
from aiops.model.handoffs import Diagnosed, DiagnoseRequest, Handoff, Intent, MergeProposed, Payload, Role
from aiops.model.incidents import Incident
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.prose import Prose
from aiops.settings import Settings
from topology.diagnosis import DiagnosisSubject, diagnose, onset_of
from topology.rankers.protocol import Ranker, RankingQuestion
from topology.rankers.walk import WalkRanker

MERGE_SURE = 0.5
"""A merge is proposed when the first hypothesis is at least this probable."""
MOST_SENTENCES = 6


class AnalysisAgent:
    """Finds the probable cause of an incident, its evidence and its impact.

    Args:
        settings: the tree of settings; the correlation window bounds which incidents may be merged.
        ranker: ranks the causes; None: the default.
        metrics: what metrics mean; None: the shipped table.
    """

    role = Role.ANALYSIS

    def __init__(self, settings: Settings, ranker: Ranker | None = None, *, metrics: MetricTable | None = None) -> None:
        self._metrics = metrics or MetricTable()
        self._window = int(settings.control.correlation_seconds * 1e9)
        self._ranker = ranker or WalkRanker()

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Answer DIAGNOSE; any other intent gets no answer."""
        if handoff.intent is not Intent.DIAGNOSE or not isinstance(handoff.payload, DiagnoseRequest):
            return ()
        found = self._diagnose(view)
        answers = [_answer(handoff, view, Role.ROUTING, intent=Intent.ROUTE, payload=Diagnosed(found), found=found)]
        answers.extend(
            _answer(handoff, view, Role.ORCHESTRATOR, intent=Intent.MERGE, payload=MergeProposed(other.id), found=found)
            for other in view.others
            if self._is_one(view.incident, other, found)
        )
        return tuple(answers)

    def _diagnose(self, view: AgentView) -> Diagnosis:
        incident = view.incident
        # a member that is normal again is still evidence of when and where the incident began
        question = RankingQuestion(
            episodes=view.episodes,
            graph=view.graph,
            onset=onset_of(view.episodes) or incident.onset,
            changes=view.changes,
            metrics=self._metrics,
        )
        subject = DiagnosisSubject(incident.id, view.at, incident.context_version, incident.domain)
        return diagnose(question, self._ranker, subject)

    def _is_one(self, incident: Incident, other: Incident, found: Diagnosis) -> bool:
        """Whether another open incident has the same cause: its root, or without a root one of its members."""
        if found.unknown or other.id == incident.id or found.hypotheses[0].probability < MERGE_SURE:
            return False
        if abs(other.onset - incident.onset) > self._window:
            return False
        root = found.hypotheses[0].entity
        if other.root is not None:
            return other.root == root
        return root in other.entities


def _answer(
    handoff: Handoff, view: AgentView, to: Role, *, intent: Intent, payload: Payload, found: Diagnosis
) -> Handoff:
    reasoning = _reasoning(found, view.episodes)
    cited = [e.id for h in found.hypotheses[:3] for e in h.evidence] + [c.id for c in found.changes]
    answer = handoff.answer(
        to,
        intent,
        payload,
        confidence=found.hypotheses[0].probability if found.hypotheses else 0.0,
        reasoning=(*_preamble(payload, found), *reasoning),
        evidence=tuple(dict.fromkeys(cited)) or (handoff.id,),
        at=view.at,
    )
    # One diagnosis may propose several merges: the other incident keeps their ids apart.
    return replace(answer, id=f"{answer.id}/{payload.other}") if isinstance(payload, MergeProposed) else answer


def _preamble(payload: Payload, found: Diagnosis) -> tuple[Prose, ...]:
    if isinstance(payload, MergeProposed):
        return (Prose(f"{payload.other} has the same cause, {found.hypotheses[0].entity}. [{payload.other}]"),)
    return ()


def _reasoning(found: Diagnosis, episodes: tuple[Episode, ...]) -> tuple[Prose, ...]:
    """The diagnosis and its evidence as sentences; each names its evidence ids in brackets."""
    ids = ", ".join(episode.id for episode in episodes[:3]) or found.work_item
    if found.unknown:
        return (
            Prose(f"The cause is not known: no hypothesis is good enough. [{ids}]"),
            *_because(found.hypotheses[:2]),
        )
    first = found.hypotheses[0]
    cites = ", ".join(dict.fromkeys(e.id for e in first.evidence[:3])) or ids
    verdict = f"{first.entity} is the most probable cause ({first.probability:.0%}, {first.kind}). [{cites}]"
    changes = (Prose(f"Change {c.id} is suspicious ({c.suspicion:.0%}): {c.why}. [{c.id}]") for c in found.changes[:2])
    return (Prose(verdict), *_because(found.hypotheses[:1]), *changes)


def _because(hypotheses: tuple[Hypothesis, ...]) -> list[Prose]:
    return [_sentence(h.entity, e) for h in hypotheses for e in h.evidence][:MOST_SENTENCES]


def _sentence(entity: str, evidence: Evidence) -> Prose:
    return Prose(f"{'For' if evidence.supports else 'Against'} {entity}: {evidence.what}. [{evidence.id}]")
