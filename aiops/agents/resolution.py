"""Resolution: binds the first runbook that applies to a plan, or pages why there is none; verifies a plan's result.

It answers PLAN by EXECUTE or ESCALATE, and VERIFY by CONCLUDE. It keeps no state: the same handoff and view give the
same answer, and each answer's id is made from the handoff's id.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.agents.paging import Ask, compose
from aiops.agents.situation import MUTE_KINDS, facts_of, kind_of, situation_of
from aiops.agents.view import AgentView
from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import EdgeKind
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Escalated, Handoff, Intent, Payload, Planned, Role, Routed, Verified, VerifyRequest
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Plan, Step, Verdict
from aiops.model.prose import Prose
from aiops.model.situations import Situation
from aiops.settings import Settings
from remediations.breakers import names
from remediations.runbooks import Catalogue, Runbook, RunbookStep, fill
from remediations.verification import verify
from topology.impact import blast

MOST_NEIGHBOURS = 8
ACT_BY_HAND = "Please act by hand, or change the runbooks, and acknowledge this page."


class _UnfitError(PermanentError):
    """A runbook cannot be bound to this incident; the text states why."""


class ResolutionAgent:
    """Plans the healing of one work item and verifies it.

    Args:
        settings: the tree of settings; ``control.max_attempts`` bounds the number of plans per incident.
        catalogue: the approved runbooks.
    """

    role = Role.RESOLUTION

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._attempts = settings.control.max_attempts
        self._catalogue = catalogue

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Answer PLAN or VERIFY; any other intent gets no answer."""
        match handoff.payload:
            case Routed() as routed if handoff.intent is Intent.PLAN:
                return (self._plan(handoff, view, routed),)
            case VerifyRequest() as request if handoff.intent is Intent.VERIFY:
                return (_judge(handoff, view, request),)
            case _:
                return ()

    def _plan(self, handoff: Handoff, view: AgentView, routed: Routed) -> Handoff:
        diagnosis = routed.diagnosis
        if diagnosis.unknown or not diagnosis.hypotheses:
            return _escalate(handoff, view, routed, because=Prose("the cause is not known"))
        if view.incident.attempts >= self._attempts:
            return _escalate(
                handoff, view, routed, because=Prose(f"{view.incident.attempts} plans were tried and did not help")
            )
        situation = routed.situation or situation_of(view, diagnosis)
        fitting = [runbook for runbook in self._catalogue.applicable(situation) if runbook.id in routed.runbooks]
        refused: list[str] = []
        for runbook in fitting:
            if runbook.escalate:
                return _escalate(
                    handoff,
                    view,
                    routed,
                    because=Prose(f"no safe action is known ({runbook.title})"),
                    advice=runbook.escalate,
                )
            try:
                plan = self._bind(view, diagnosis, situation, runbook=runbook)
            except PermanentError as error:
                refused.append(f"{runbook.id}: {error}")
                continue
            return _answer(
                handoff, view, Planned(plan), reasoning=(plan.reason, *(Prose(f"Not {each}.") for each in refused))
            )
        because = "; ".join(refused) or "no approved runbook applies"
        return _escalate(handoff, view, routed, because=Prose(because))

    def _bind(self, view: AgentView, diagnosis: Diagnosis, situation: Situation, *, runbook: Runbook) -> Plan:
        """The plan of a runbook for this incident; raises ``PermanentError`` if the runbook cannot be bound here."""
        root = diagnosis.hypotheses[0]
        steps = tuple(self._step(view, diagnosis, situation, step=step) for step in runbook.steps)
        targets = {step.action.target for step in steps}
        for attempt in view.attempts:
            same = attempt.plan.runbook == runbook.id and targets & {s.action.target for s in attempt.plan.steps}
            if same and attempt.verdict is not Verdict.HEALTHY:
                raise _UnfitError(f"it was tried before and ended so: {attempt.how}")
        symptom = _symptom(view, root.entity)
        cited = ", ".join(dict.fromkeys(evidence.id for evidence in root.evidence[:3])) or diagnosis.work_item
        return Plan(
            id=f"{view.incident.id}-p{view.incident.attempts + 1}",
            work_item=view.incident.id,
            runbook=runbook.id,
            steps=steps,
            symptom=symptom,
            neighbours=_neighbours(view, targets | {symptom}),
            reason=Prose(f"{runbook.title}: probably {root.kind} of {root.entity} ({root.probability:.0%}) [{cited}]"),
            expected=Prose(runbook.expected),
            expected_seconds=runbook.expected_seconds,
            verify_window_seconds=runbook.verify_window_seconds,
            verify_deadline_seconds=runbook.verify_deadline_seconds,
            confidence=root.probability,
            domain=view.incident.domain,
        )

    def _step(self, view: AgentView, diagnosis: Diagnosis, situation: Situation, *, step: RunbookStep) -> Step:
        """One step with its target, parameters, undo and blast radius."""
        target = str(fill(step.target, situation.bindings))
        parameters = {name: fill(value, situation.bindings) for name, value in step.parameters.items()}
        broken = names(target, step.primitive)
        if stopped := [name for name in broken if name in view.breakers_open]:
            raise _UnfitError(f"breaker {stopped[0]} is open")
        effect = self._catalogue.primitive(step.primitive).effect(facts_of(view, target, diagnosis), parameters)
        if step.reverse_after_seconds is not None and effect.undo is None:
            raise _UnfitError(f"step {step.id} should reverse itself, but cannot be undone")
        radius = blast([target], view.graph, view.incident.open_entities, share=effect.at_risk)
        return Step(
            id=step.id,
            action=effect.action,
            undo=effect.undo,
            blast=radius if target in radius.entities else replace(radius, entities=(target, *radius.entities)),
            timeout_seconds=step.timeout_seconds,
            settle_seconds=step.settle_seconds,
            reverse_after_seconds=step.reverse_after_seconds,
            undo_either_way=effect.undo_either_way,
            transient=effect.transient,
            postcondition=effect.postcondition,
        )


def _symptom(view: AgentView, root: str) -> str:
    """The entity that shows success: an abnormal one that breaches its objective, else the worst, else the cause."""
    live = [e for e in view.episodes if e.ended_at is None and kind_of(view, e.entity) not in MUTE_KINDS]
    if not live:
        return root
    return min(live, key=lambda e: (not e.breaches_objective, -e.severity, e.opened_at, e.entity)).entity


def _neighbours(view: AgentView, done: set[str]) -> tuple[str, ...]:
    """Callers and dependencies of the targets that send telemetry themselves, at most ``MOST_NEIGHBOURS``."""
    found: dict[str, None] = {}
    for target in sorted(done):
        users = [name for name, how in view.graph.serves_of(target) if how in (EdgeKind.CALLS, EdgeKind.USES)]
        needs = [name for name, how in view.graph.needs_of(target) if how in (EdgeKind.CALLS, EdgeKind.USES)]
        found |= dict.fromkeys((*users, *needs))
    watched = [name for name in found if name not in done and kind_of(view, name) not in MUTE_KINDS]
    return tuple(watched[:MOST_NEIGHBOURS])


def _judge(handoff: Handoff, view: AgentView, request: VerifyRequest) -> Handoff:
    plan = request.plan
    ill = _abnormal_before(view, request)
    entities = (plan.symptom, *(step.action.target for step in plan.steps), *plan.neighbours)
    mute = frozenset(entity for entity in entities if kind_of(view, entity) in MUTE_KINDS)
    found = verify(plan, request.since, request.fleet, abnormal_before=ill, mute=mute, opening=request.signals)
    verified = Verified(plan.id, found.verdict, found.reasons, found.findings)
    reasoning = tuple(Prose(f"{reason} [{request.fleet.question}]") for reason in found.reasons)
    return _answer(handoff, view, verified, reasoning=reasoning)


def _abnormal_before(view: AgentView, request: VerifyRequest) -> frozenset[str]:
    """Entities that were abnormal before the plan, so the plan did not cause their anomaly."""
    logged = [line.at for line in view.incident.story if line.ref == request.plan.id and line.at <= request.since]
    longest = sum(step.timeout_seconds for step in request.plan.steps)
    begun = max(logged, default=request.since - round(longest * 1e9))
    return frozenset(
        episode.entity
        for episode in view.episodes
        if min((episode.opened_at, *(signal.since for signal in episode.signals))) < begun
    )


def _escalate(handoff: Handoff, view: AgentView, routed: Routed, *, because: Prose, advice: str = "") -> Handoff:
    """The answer that pages a person, with all known facts."""
    ask = Ask(
        PageReason(EscalationCause.NO_PLAN),
        Prose(f"The runtime does not act: {because}."),
        Prose(f"{advice} {ACT_BY_HAND}".strip()),
    )
    page = compose(view, ask, diagnosis=routed.diagnosis, priority=routed.priority)
    text = f"No plan was made: {because}. [{handoff.id}]"
    return _answer(handoff, view, Escalated(page, because), reasoning=(Prose(text),))


def _answer(handoff: Handoff, view: AgentView, payload: Payload, *, reasoning: tuple[Prose, ...]) -> Handoff:
    rests_on: tuple[str, ...]
    match payload:
        case Planned(plan=plan):
            intent, confidence = Intent.EXECUTE, plan.confidence
            rests_on = handoff.evidence
        case Verified(verdict=verdict):
            intent, confidence = Intent.CONCLUDE, 0.5 if verdict is Verdict.INCONCLUSIVE else 1.0
            rests_on = ()
        case _:
            intent, confidence = Intent.ESCALATE, 1.0
            rests_on = handoff.evidence
    return handoff.answer(
        Role.ORCHESTRATOR,
        intent,
        payload,
        confidence=min(max(confidence, 0.0), 1.0),
        reasoning=reasoning,
        evidence=tuple(dict.fromkeys((handoff.id, *rests_on))),
        at=view.at,
    )
