"""What agents' answers lead to: each is checked against the channels, shown to oversight, and only then takes effect.

Oversight that is down, late or talks nonsense vetoes every action, and no page.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from aiops.agents.paging import Ask
from aiops.control.diagnosis.merging import merge_proposed
from aiops.control.diagnosis.requests import WATCHED, chain_at, chain_ended
from aiops.control.diagnosis.second_diagnosis import finding, thought_again
from aiops.control.events import tickets
from aiops.control.handoff import sending
from aiops.control.handoff.channels import objection
from aiops.control.handoff.reviews import ANSWERS, review_of
from aiops.control.incident.escalation import escalate
from aiops.control.incident.membership import move
from aiops.control.incident.runtime_incidents import report_runtime_problem
from aiops.control.plan import saga_driver
from aiops.control.plan.proposals import TAKE_OVER, consider, give_to_person
from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import EARLY, LAST, Trigger
from aiops.control.state.transaction import Draft
from aiops.model.codec import decode, encode
from aiops.model.diagnoses import Diagnosis
from aiops.model.durations import SECOND
from aiops.model.handoffs import (
    Diagnosed,
    Escalated,
    Handoff,
    Intent,
    MergeProposed,
    Planned,
    ReviewRequest,
    Role,
    Routed,
    Ruling,
    StepRequest,
    Verified,
)
from aiops.model.incidents import IncidentState
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind, RefusedError

CHAIN: Final = frozenset({Intent.DIAGNOSE, Intent.ROUTE, Intent.PLAN})
"""Intents of the way from a diagnosis to a plan."""
ON_CHAIN: Final = CHAIN | {Intent.EXECUTE, Intent.ESCALATE}


def answered(draft: Draft, name: str, answers: tuple[Handoff, ...]) -> None:
    """An agent answered: stop what may not be said, show the rest to oversight."""
    request = sending.take(draft, name)
    if request.to is Role.OVERSIGHT:
        _oversight_answered(draft, request, answers)
        return
    if request.intent is not Intent.READ and _closed(draft, request.work_item):
        draft.note(dropped=name, because="the incident is closed")
        return
    passed = [answer for answer in answers[:ANSWERS] if _shown(draft, answer, request)]
    if request.intent in CHAIN:
        follow = next((answer for answer in passed if answer.intent in ON_CHAIN), None)
        if follow is not None:
            chain_at(draft, request.work_item, review_of(follow))
        else:
            chain_ended(draft, request.work_item)


def _shown(draft: Draft, answer: Handoff, request: Handoff) -> bool:
    """Show the answer to oversight, unless it is stopped; each before the next is checked, so that ids differ."""
    if not _passes(draft, answer, request):
        return False
    sending.review(draft, answer)
    return True


def _closed(draft: Draft, work_item: str) -> bool:
    incident = draft.state.incidents.get(work_item)
    return incident is None or incident.state in LAST


def _passes(draft: Draft, answer: Handoff, request: Handoff) -> bool:
    """Stop what is outside the table or malformed: that is an incident of the runtime."""
    why = objection(answer, request) or _unreadable(answer)
    if why is None and review_of(answer) in draft.state.handoffs:
        why = Prose("its id is in use")
    if why is None:
        return True
    route = f"{answer.sender.value} → {answer.to.value}, {answer.intent.value}"
    draft.line(request.work_item, "orchestrator", f"stopped a handoff ({route}): {why}", ref=request.id)
    report_runtime_problem(draft, f"governance-{request.to.value}", Prose(f"A handoff was stopped ({route}): {why}."))
    return False


def _unreadable(answer: Handoff) -> Prose | None:
    """What cannot be written and read again cannot be in the journal."""
    try:
        same = decode(Handoff, encode(answer)) == answer
    except (ValidationError, PydanticSerializationError, UnicodeEncodeError) as error:
        return Prose(f"it cannot be written down: {type(error).__name__}")
    return None if same else Prose("it cannot be written down without loss")


# ---------------------------------------------------------------------------------------------------- oversight


def _oversight_answered(draft: Draft, request: Handoff, answers: tuple[Handoff, ...]) -> None:
    answer = answers[0] if len(answers) == 1 else None
    if answer is not None and not _passes(draft, answer, request):
        answer = None
    ruling = answer.payload if answer is not None else None
    match request.payload:
        case ReviewRequest(handoff=reviewed):
            if not isinstance(ruling, Ruling) or ruling.subject != reviewed.id:
                ruling = veto(reviewed.id, Prose("oversight gave no ruling on it"))
            _ruled(draft, reviewed, ruling)
        case StepRequest() as step:
            subject = f"{step.plan}/{step.step}/{step.direction}"
            ruled = ruling if isinstance(ruling, Ruling) else veto(subject, Prose("oversight gave no ruling on it"))
            draft.attempt(lambda: saga_driver.ruled(draft, step, ruled), subject)
        case _:
            raise RefusedError(RefusalKind.NOT_PERMITTED, f"oversight was not asked for {request.intent}")


def veto(subject: str, why: Prose) -> Ruling:
    """What silence of oversight means."""
    return Ruling(subject=subject, permitted=False, level=Oversight.FORBIDDEN, reasons=(why,))


def failed(draft: Draft, name: str, reason: Prose, *, late: bool = False) -> None:
    """An agent failed; for good, when no further try is left."""
    handoff = sending.failed(draft, name, reason, late=late)
    if handoff is None:
        return
    match handoff.payload:
        case ReviewRequest(handoff=reviewed):
            _ruled(draft, reviewed, veto(reviewed.id, Prose(f"oversight did not rule: {reason}")))
        case StepRequest(plan=plan, step=step, direction=direction) as request:
            ruling = veto(f"{plan}/{step}/{direction}", Prose(f"oversight did not rule: {reason}"))
            draft.attempt(lambda: saga_driver.ruled(draft, request, ruling), ruling.subject)
        case _ if handoff.intent in CHAIN and _watched(draft, handoff.work_item):
            chain_ended(draft, handoff.work_item)
        case _ if handoff.intent in CHAIN and not _closed(draft, handoff.work_item):
            work = draft.state.work[handoff.work_item]
            draft.put(replace(work, chain=""))
            because = f"The {handoff.to.value} agent could not {handoff.intent.value}: {reason}."
            give_to_person(
                draft,
                handoff.work_item,
                PageReason(EscalationCause.AGENT_FAILED, handoff.to.value),
                because=Prose(because),
            )
        case _:
            pass


def _watched(draft: Draft, name: str) -> bool:
    """A person has it already, and what failed was only a second look."""
    incident = draft.state.incidents.get(name)
    return incident is not None and incident.state in WATCHED


def _ruled(draft: Draft, answer: Handoff, ruling: Ruling) -> None:
    """Oversight ruled on an agent's answer."""
    name = answer.work_item
    draft.subject = name
    draft.note(ruling=answer.id, permitted=ruling.permitted, policies=ruling.policies, digest=ruling.digest)
    if answer.intent is Intent.LINK:
        draft.attempt(lambda: tickets.linked(draft, answer, ruling), answer.id)
        return
    if _closed(draft, name):
        draft.note(dropped=answer.id, because="the incident is closed")
        return
    if answer.intent in ON_CHAIN:
        chain_at(draft, name, "")
    held = answer.intent is Intent.EXECUTE and ruling.hold_until is not None
    if ruling.permitted or held or answer.intent is Intent.ESCALATE:
        taken = draft.attempt(lambda: _accept(draft, answer, ruling), answer.id)
        if not taken and answer.intent in ON_CHAIN:
            chain_ended(draft, name)
        return
    why = "; ".join(ruling.reasons)
    draft.line(name, "oversight", f"vetoes {answer.intent.value} of {answer.sender.value}: {why}", ref=answer.id)
    if answer.intent in ON_CHAIN and _watched(draft, name):
        chain_ended(draft, name)
    elif answer.intent in ON_CHAIN and draft.state.incidents[name].state in EARLY:
        because = f"Oversight vetoed to {answer.intent.value}: {why}."
        give_to_person(draft, name, PageReason(EscalationCause.VETOED, answer.intent.value), because=Prose(because))


# ------------------------------------------------------------------------------------------------------- effect


def _accept(draft: Draft, answer: Handoff, ruling: Ruling) -> None:
    name = answer.work_item
    state = draft.state.incidents[name].state
    match answer.payload:
        case Diagnosed(diagnosis=diagnosis) if state is IncidentState.DIAGNOSING:
            _diagnosed(draft, answer, diagnosis)
        case Diagnosed(diagnosis=diagnosis) if state in WATCHED:
            if thought_again(draft, answer, diagnosis):
                _diagnosed(draft, answer, diagnosis)
        case Routed() as routed if state is IncidentState.DECIDING:
            _routed(draft, answer, routed)
        case Planned(plan=plan) if state is IncidentState.DECIDING:
            consider(draft, name, plan, ruling=ruling)
        case Escalated(page=page, reason=reason):
            ask = Ask(
                PageReason(EscalationCause.AGENT_ESCALATES, answer.sender.value), reason, Prose(TAKE_OVER.format(name))
            )
            draft.incident(replace(draft.state.incidents[name], priority=page.priority))
            escalate(draft, name, ask, page=page)
        case MergeProposed(other=other):
            merge_proposed(draft, name, other, why=Prose("; ".join(answer.reasoning)))
        case Verified() as verified:
            saga_driver.record_check(draft, verified, answer.id)
        case _:
            raise RefusedError(RefusalKind.LATE, f"{answer.intent} comes too late: {name} is {state.value}")


def _diagnosed(draft: Draft, answer: Handoff, diagnosis: Diagnosis) -> None:
    """Keep the diagnosis; a new root is a new context."""
    name = answer.work_item
    incident = draft.state.incidents[name]
    after = move(draft, name, Trigger.DIAGNOSED, diagnosis=diagnosis)
    if after.root != incident.root:
        draft.incident(replace(after, context_version=after.context_version + 1))
    work, named = draft.state.work[name], doc.named(diagnosis)
    if named != work.named:
        draft.put(replace(work, named=named))
        draft.line(name, "analysis", finding(diagnosis), ref=answer.id)
    _pass_on(draft, answer)


def _routed(draft: Draft, answer: Handoff, routed: Routed) -> None:
    name = answer.work_item
    incident = draft.state.incidents[name]
    repair_by = None if routed.repair_seconds is None else incident.onset + round(routed.repair_seconds * SECOND)
    draft.incident(
        replace(
            incident,
            priority=routed.priority,
            owner=routed.owner,
            level=routed.level,
            agreement=routed.agreement,
            answer_seconds=routed.answer_seconds,
            repair_by=repair_by,
        )
    )
    draft.put(replace(draft.state.work[name], least_level=routed.level))
    if repair_by is not None and repair_by > draft.at:
        draft.timer("repair", name, repair_by)
    runbooks = ", ".join(routed.runbooks)
    draft.line(name, "routing", f"{routed.priority.value}, owner {routed.owner or 'nobody'}; may help: {runbooks}")
    _pass_on(draft, answer)


def _pass_on(draft: Draft, answer: Handoff) -> None:
    """Give a permitted answer to its receiver, in the context of now."""
    incident = draft.state.incidents[answer.work_item]
    chain_at(draft, answer.work_item, answer.id)
    sending.send(draft, replace(answer, context_version=incident.context_version))
