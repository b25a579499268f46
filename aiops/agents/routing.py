"""Routing sets priority and agreement, and selects owner, runbooks and the least level of oversight.

It escalates to a person if the cause is unknown, if no runbook applies, or if only tickets report the incident. It
gives no answer, and so waits for more evidence, if the diagnosis is uncertain or the incident has just been opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiops.agents.paging import Ask, compose
from aiops.agents.situation import situation_of
from aiops.agents.view import AgentView
from aiops.model.agreements import Agreement, agreement_of
from aiops.model.diagnoses import Diagnosis
from aiops.model.durations import SECOND
from aiops.model.entities import Criticality
from aiops.model.episodes import Source
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Diagnosed, Escalated, Handoff, Intent, Payload, Role, Routed
from aiops.model.incidents import Priority
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from aiops.settings import Control
from remediations.runbooks import Catalogue
from topology.kinds import SILENT_CAUSE

WAIT_SHARE: Final = 0.25
"""Share of the gathering time that every incident waits for episodes of its neighbours."""
TIERS: Final[Mapping[Criticality, Priority]] = {
    Criticality.CRITICAL: Priority.P1,
    Criticality.HIGH: Priority.P2,
    Criticality.MEDIUM: Priority.P3,
    Criticality.LOW: Priority.P4,
}
VALUES: Final = ((1000.0, Priority.P1), (100.0, Priority.P2), (1.0, Priority.P3))
"""Least value a minute at stake of each priority; the more urgent of the priorities by tier and by value counts."""
SURE: Final = 0.6
"""Below this probability of the cause a person must approve, even if policy permits the action unattended."""


class RoutingAgent:
    """Routes the diagnosis of a handoff.

    Args:
        catalogue: the approved runbooks; the answer lists those that apply to the situation.
        settings: the least probability to act on, and the gathering time.
    """

    role = Role.ROUTING

    def __init__(self, catalogue: Catalogue, settings: Control) -> None:
        self._catalogue = catalogue
        self._settings = settings

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Answer ``ROUTE`` by ``PLAN`` or ``ESCALATE``, or by nothing to wait for more evidence."""
        if not isinstance(handoff.payload, Diagnosed):
            raise PermanentError(f"routing does not {handoff.intent}")
        diagnosis = handoff.payload.diagnosis
        if self._worth_waiting(diagnosis, view):
            return ()
        priority = priority_of(diagnosis, view)
        problem = self._problem(diagnosis, view)
        if problem is not None:
            return (self._escalate(handoff, view, (diagnosis, priority, problem)),)
        root = diagnosis.hypotheses[0]
        situation = situation_of(view, diagnosis)
        runbooks = tuple(runbook.id for runbook in self._catalogue.applicable(situation))
        if not runbooks:
            problem = Prose(f"No approved runbook applies to {root.kind} of {root.entity}.")
            return (self._escalate(handoff, view, (diagnosis, priority, problem)),)
        owner, agreement = owner_of(root.entity, view), terms_of(diagnosis, view)
        level = Oversight.UNATTENDED if root.probability >= SURE else Oversight.ONE_APPROVER
        routed = Routed(
            diagnosis,
            priority,
            agreement.text,
            owner,
            runbooks,
            level,
            situation,
            answer_seconds=agreement.answer_seconds,
            repair_seconds=agreement.repair_seconds,
        )
        why = f"{root.kind} of {root.entity} is {priority.value} ({agreement.text}); {runbooks[0]} applies"
        return (_answer(handoff, view, (Role.RESOLUTION, Intent.PLAN, routed, Prose(why))),)

    def _worth_waiting(self, diagnosis: Diagnosis, view: AgentView) -> bool:
        """Whether to wait: neighbours' episodes may still arrive, or the first hypothesis is not certain yet."""
        age = (view.at - view.incident.opened_at) / SECOND
        if age >= self._settings.gather_seconds:
            return False
        best = diagnosis.hypotheses[0].probability if diagnosis.hypotheses else 0.0
        # a cause without an anomaly of its own is inferred from other entities, and more of them may still report
        accused = bool(diagnosis.hypotheses) and diagnosis.hypotheses[0].kind == SILENT_CAUSE
        doubtful = diagnosis.unknown or accused or best < self._settings.least_probability
        return doubtful or age < self._settings.gather_seconds * WAIT_SHARE

    def _problem(self, diagnosis: Diagnosis, view: AgentView) -> Prose | None:
        """Why a person must handle the incident even if runbooks apply; None: no such reason."""
        if view.episodes and all(e.source is Source.TICKET for e in view.episodes):
            return Prose("Only users' tickets speak of it, and nothing is done on tickets alone.")
        if diagnosis.unknown or not diagnosis.hypotheses:
            return Prose("The cause is not known.")
        root = diagnosis.hypotheses[0]
        if root.probability < self._settings.least_probability:
            return Prose(f"The cause is not clear: {root.entity} is only {root.probability:.0%} probable.")
        return None

    def _escalate(self, handoff: Handoff, view: AgentView, found: tuple[Diagnosis, Priority, Prose]) -> Handoff:
        diagnosis, priority, problem = found
        root = diagnosis.hypotheses[0].entity if diagnosis.hypotheses else ""
        owner = owner_of(root, view)
        asks = f"{owner or 'Whoever is on call'}: please find and remove the cause."
        page = compose(
            view,
            Ask(PageReason(EscalationCause.AGENT_ESCALATES, Role.ROUTING), problem, Prose(asks)),
            diagnosis=diagnosis,
            priority=priority,
        )
        return _answer(handoff, view, (Role.ORCHESTRATOR, Intent.ESCALATE, Escalated(page, problem), problem))


def _answer(handoff: Handoff, view: AgentView, content: tuple[Role, Intent, Payload, Prose]) -> Handoff:
    to, intent, payload, why = content
    assert isinstance(handoff.payload, Diagnosed)
    best = handoff.payload.diagnosis.hypotheses[:1]
    return handoff.answer(
        to,
        intent,
        payload,
        confidence=best[0].probability if best else 0.0,
        reasoning=(Prose(f"{why} [{handoff.id}]"),),
        evidence=(handoff.id, *(e.id for h in best for e in h.evidence[:8])),
        at=view.at,
    )


def priority_of(diagnosis: Diagnosis, view: AgentView) -> Priority:
    """The most urgent priority by value and by tier of all entities that are abnormal or at risk."""
    touched = {i.entity for i in diagnosis.impact if i.business_service} | set(view.incident.entities)
    tiers = [TIERS[view.items[e].criticality] for e in touched if e in view.items]
    value = sum(i.value_per_minute for i in diagnosis.impact if i.business_service)
    value = value or max((view.items[e].value_per_minute for e in touched if e in view.items), default=0.0)
    by_value = next((priority for least, priority in VALUES if value >= least), Priority.P4)
    return min([by_value, *tiers])


def owner_of(root: str, view: AgentView) -> str:
    """Owner of the cause; else of the first member with an owner."""
    for entity in (root, *view.incident.entities):
        item = view.items.get(entity)
        if item is not None and item.owner:
            return item.owner
    return ""


def terms_of(diagnosis: Diagnosis, view: AgentView) -> Agreement:
    """The terms of the strictest objective of all affected entities."""
    touched = dict.fromkeys([i.entity for i in diagnosis.impact] + list(view.incident.entities))
    return agreement_of((e, o) for e in touched if e in view.items for o in view.items[e].objectives)
