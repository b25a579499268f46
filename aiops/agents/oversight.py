"""Oversight: sees every handoff before it takes effect and every step before it begins; what it does not permit stops.

REVIEW and AUTHORISE are answered by RULE. Each check is a small rule that carries its reason, so that a refusal
explains itself. Actions need a Cedar policy that permits them at this moment, an open window, closed breakers and
fresh evidence; pages need nothing and are never vetoed. Oversight that is late or down vetoes: the orchestrator sees
to that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from aiops.agents.objections import (
    wrong_with_handoff,
    wrong_with_plan,
    wrong_with_step,
)
from aiops.agents.situation import facts_of, item_of
from aiops.agents.view import AgentView
from aiops.model.episodes import Source
from aiops.model.errors import PermanentError
from aiops.model.handoffs import (
    Diagnosed,
    Escalated,
    Handoff,
    Intent,
    Planned,
    ReviewRequest,
    Role,
    Ruling,
    StepRequest,
)
from aiops.model.plans import Action, Oversight, Plan, StepDirection
from aiops.model.prose import Prose
from remediations.breakers import names
from remediations.policy import RISING, PolicyDecision, PolicyQuestion, PolicySet
from remediations.primitives.protocol import Primitive
from remediations.primitives.shipped import shipped
from remediations.windows import Hold, Windows

APPROVERS = {Oversight.UNATTENDED: 0, Oversight.ONE_APPROVER: 1, Oversight.TWO_APPROVERS: 2}
_Text = TypeVar("_Text", bound=str)


@dataclass(frozen=True, slots=True)
class _Word:
    """Oversight's word before it is written as a ruling."""

    permitted: bool
    level: Oversight
    reasons: tuple[Prose, ...]
    policies: tuple[str, ...] = ()
    digest: str = ""
    request: str = ""
    hold_until: int | None = None


class OversightAgent:
    """Rules on handoffs and steps.

    Args:
        policies: what is permitted; with problems, nothing is.
        windows: when changes are held.
        evidence_seconds: older evidence is no ground to act on; policies are told.
        primitives: by name; None: those that are shipped.
    """

    role = Role.OVERSIGHT

    def __init__(
        self,
        policies: PolicySet,
        windows: Windows,
        evidence_seconds: float = 120.0,
        *,
        primitives: Mapping[str, Primitive] | None = None,
    ) -> None:
        self._policies = policies
        self._primitives = shipped() if primitives is None else primitives
        self._windows = windows
        self._evidence_seconds = evidence_seconds

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Answer REVIEW or AUTHORISE; anything else is nothing to oversight."""
        match handoff.payload:
            case ReviewRequest(handoff=shown) if handoff.intent is Intent.REVIEW:
                return (_rule(handoff, view, shown.id, word=self._review(shown, view)),)
            case StepRequest() as step if handoff.intent is Intent.AUTHORISE:
                subject = f"{step.plan}/{step.step}/{step.direction}"
                return (_rule(handoff, view, subject, word=self._authorise(step, view)),)
            case _:
                return ()

    def _review(self, shown: Handoff, view: AgentView) -> _Word:
        if isinstance(shown.payload, Escalated) and shown.intent is Intent.ESCALATE:
            return _Word(permitted=True, level=Oversight.UNATTENDED, reasons=(Prose("pages are never vetoed"),))
        wrong = tuple(wrong_with_handoff(shown, view))
        if wrong:
            return _veto(wrong)
        match shown.payload:
            case Planned(plan=plan):
                return self._review_plan(plan, view)
            case Diagnosed(diagnosis=diagnosis):
                total = sum(h.probability for h in diagnosis.hypotheses) + diagnosis.p_unknown + diagnosis.p_rest
                if not math.isclose(total, 1.0, abs_tol=0.01):
                    return _veto((Prose(f"the diagnosis' probabilities add up to {total:.3f}, not 1"),))
        return _Word(permitted=True, level=Oversight.UNATTENDED, reasons=(Prose("it is complete and changes nothing"),))

    def _review_plan(self, plan: Plan, view: AgentView) -> _Word:
        unknown = (line for step in plan.steps for line in self._unknown(step.action))
        wrong = (*unknown, *wrong_with_plan(plan, view))
        if wrong:
            return _veto(wrong)
        hold = self._windows.hold(view.at)
        diagnosis = view.incident.diagnosis
        questions = [
            PolicyQuestion(
                step.action,
                item_of(view, step.action.target),
                step.blast,
                runbook=plan.runbook,
                confidence=min(plan.confidence, _confidence(view)) if diagnosis else plan.confidence,
                evidence_age_seconds=_age(view, 0),
                evidence_limit_seconds=self._evidence_seconds,
                attempts=view.incident.attempts,
                reversible=step.transient or step.undo is not None,
                change_suspected=facts_of(view, step.action.target, diagnosis).changed,
                ticket_only=_ticket_only(view),
                frozen=hold is not None,
                breaker_open=_breaker_open(view, step.action),
                halted=view.halted,
            )
            for step in plan.steps
        ]
        return self._ask(questions, hold)

    def _unknown(self, action: Action) -> Iterator[Prose]:
        if action.primitive not in self._primitives:
            yield Prose(f"no primitive {action.primitive} is registered")

    def _authorise(self, step: StepRequest, view: AgentView) -> _Word:
        """The facts of this moment; an undo is held by a halt and by a security hold only."""
        wrong = (*self._unknown(step.action), *wrong_with_step(step, view))
        if wrong:
            return _veto(wrong)
        hold = self._windows.hold(view.at) if step.direction is StepDirection.DO else None
        diagnosis = view.incident.diagnosis
        facts = facts_of(view, step.action.target, diagnosis)
        reversible = True
        if step.direction is StepDirection.DO:
            try:
                effect = self._primitives[step.action.primitive].effect(facts, step.action.parameters)
            except PermanentError as error:
                return _veto((Prose(f"precondition: {error}"),))
            reversible = effect.transient or effect.undo is not None
        question = PolicyQuestion(
            step.action,
            item_of(view, step.action.target),
            step.blast,
            direction=step.direction,
            approvers=step.approvals,
            confidence=_confidence(view),
            evidence_age_seconds=_age(view, step.evidence_at),
            evidence_limit_seconds=self._evidence_seconds,
            # the plan that asks is counted among the attempts already
            attempts=max(view.incident.attempts - 1, 0),
            reversible=reversible,
            change_suspected=facts.changed,
            ticket_only=_ticket_only(view),
            frozen=hold is not None,
            breaker_open=_breaker_open(view, step.action),
            halted=view.halted,
            budget_reserved=True,
        )
        word = self._ask([question], hold)
        missing = APPROVERS.get(word.level, 0) - len(set(step.approvals))
        if word.permitted and missing > 0:
            return replace(word, permitted=False, reasons=(*word.reasons, Prose(f"{missing} approval(s) are missing")))
        return word

    def _ask(self, questions: list[PolicyQuestion], hold: Hold | None) -> _Word:
        """Every step is asked for; the strictest tier is the plan's."""
        decisions = [self._policies.decide(question) for question in questions]
        word = _strictest(decisions)
        if word.permitted or hold is None or hold.until is None:
            return word
        later = _strictest([self._policies.decide(replace(question, frozen=False)) for question in questions])
        if not later.permitted:
            return word
        return replace(word, level=later.level, reasons=(hold.reason, *word.reasons), hold_until=hold.until)


def _strictest(decisions: list[PolicyDecision]) -> _Word:
    order = (*RISING, Oversight.FORBIDDEN)
    level = max((decision.level for decision in decisions), key=order.index)
    deciding = [decision for decision in decisions if decision.level is level]
    return _Word(
        permitted=level is not Oversight.FORBIDDEN,
        level=level,
        reasons=_once(reason for decision in deciding for reason in decision.reasons),
        policies=_once(policy for decision in decisions for policy in decision.policies),
        digest=decisions[0].digest,
        request=json.dumps([json.loads(decision.request or "null") for decision in decisions], separators=(",", ":")),
    )


def _once(texts: Iterable[_Text]) -> tuple[_Text, ...]:
    return tuple(dict.fromkeys(texts))


def _veto(reasons: tuple[Prose, ...]) -> _Word:
    return _Word(permitted=False, level=Oversight.FORBIDDEN, reasons=reasons)


# --------------------------------------------------------------------------------------------------------- rules


def _breaker_open(view: AgentView, action: Action) -> bool:
    return not view.breakers_open.isdisjoint(names(action.target, action.primitive))


def _ticket_only(view: AgentView) -> bool:
    return all(episode.source is Source.TICKET for episode in view.episodes)


def _age(view: AgentView, evidence_at: int) -> float:
    """Age of the newest evidence, seconds: of the open episodes, or of what the plan was made on."""
    live = [episode.watermark for episode in view.episodes if episode.ended_at is None]
    newest = max((*live, evidence_at)) if live or evidence_at else view.evidence_at
    return max(view.at - newest, 0) / 1e9


def _confidence(view: AgentView) -> float:
    """Of the first hypothesis; 0 when there is none."""
    found = view.incident.diagnosis
    return found.hypotheses[0].probability if found and found.hypotheses else 0.0


def _rule(handoff: Handoff, view: AgentView, subject: str, *, word: _Word) -> Handoff:
    ruling = Ruling(
        subject,
        word.permitted,
        word.level,
        word.reasons,
        word.policies,
        word.digest,
        word.request,
        word.hold_until,
    )
    return handoff.answer(
        Role.ORCHESTRATOR,
        Intent.RULE,
        ruling,
        confidence=1.0,
        reasoning=tuple(Prose(f"{reason} [{handoff.id}]") for reason in word.reasons),
        evidence=(handoff.id,),
        at=view.at,
    )
