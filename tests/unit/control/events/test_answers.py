"""What answers of agents lead to: checked against the channels, shown to oversight, and in effect only then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.control.diagnosis.requests import diagnose
from aiops.control.events.answers import answered, failed, veto
from aiops.control.handoff.reviews import ANSWERS, review_of
from aiops.control.handoff.sending import TRIES, retry
from aiops.control.incident.membership import close
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.transaction import Decision
from aiops.model.durations import SECOND
from aiops.model.effects import HandOff, SendPage
from aiops.model.handoffs import (
    Diagnosed,
    Escalated,
    Handoff,
    Intent,
    MergeProposed,
    Payload,
    Planned,
    ReviewRequest,
    Role,
    Ruling,
    Verified,
    VerifyRequest,
)
from aiops.model.incidents import IncidentState, Priority
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import Page
from aiops.model.plans import Oversight, Verdict
from aiops.model.prose import Prose
from aiops.model.telemetry import FleetAnswer
from tests.unit.control.drafts import Desk, diagnosis, effects, routed, ruling
from tests.unit.control.fakes import answer

BROKE = Prose("KeyError")


def asked(desk: Desk | None = None) -> tuple[Desk, Handoff]:
    """INC-1, whose diagnosis was requested."""
    desk = desk or Desk()
    name = desk.incident("web")
    desk.do(diagnose, name, Prose("opened"))
    return desk, desk.state.handoffs[f"{name}/diagnose/1"].handoff


def diagnosed(request: Handoff, **fields: Any) -> Handoff:
    """Analysis's answer."""
    return answer(request, Role.ROUTING, Intent.ROUTE, Diagnosed(diagnosis(request.work_item, **fields)))


def said(desk: Desk, request: Handoff, *answers: Handoff) -> Decision:
    """The agent answers."""
    return desk.do(answered, request.id, answers)


def sent(decision: Decision) -> list[tuple[Role, Intent]]:
    """To whom handoffs go, and what for."""
    return [(one.handoff.to, one.handoff.intent) for one in effects(decision, HandOff)]


def rule(desk: Desk, about: Handoff, level: Oversight = Oversight.UNATTENDED, **fields: Any) -> Decision:
    """Oversight rules on an answer that was shown to it."""
    request = desk.state.handoffs[review_of(about)].handoff
    word = ruling(about.id, level, **fields)
    return said(desk, request, answer(request, Role.ORCHESTRATOR, Intent.RULE, word))


def on(desk: Desk, to: Role, intent: Intent) -> Handoff:
    """The handoff under way to an agent."""
    (found,) = [r.handoff for r in desk.state.handoffs.values() if (r.handoff.to, r.handoff.intent) == (to, intent)]
    return found


def routing(desk: Desk, request: Handoff) -> Handoff:
    """The diagnosis was permitted, and routing is asked."""
    found = diagnosed(request)
    said(desk, request, found)
    rule(desk, found)
    return on(desk, Role.ROUTING, Intent.ROUTE)


def resolving(desk: Desk, request: Handoff, **fields: Any) -> Handoff:
    """Routing's word was permitted, and resolution is asked for a plan."""
    request = routing(desk, request)
    word = answer(request, Role.RESOLUTION, Intent.PLAN, routed(**fields))
    said(desk, request, word)
    rule(desk, word)
    return on(desk, Role.RESOLUTION, Intent.PLAN)


# --------------------------------------------------------------------------------------------- to oversight first


def test_an_answer_goes_to_oversight_before_anything_else() -> None:
    """The incident does not know of it yet."""
    desk, request = asked()
    assert sent(said(desk, request, diagnosed(request))) == [(Role.OVERSIGHT, Intent.REVIEW)]
    assert desk.state.incidents["INC-1"].diagnosis is None


def test_a_permitted_answer_goes_on_to_its_receiver() -> None:
    """In the context of now."""
    desk, request = asked()
    found = diagnosed(request)
    said(desk, request, found)
    assert sent(rule(desk, found)) == [(Role.ROUTING, Intent.ROUTE)]
    assert desk.state.incidents["INC-1"].root == "web"
    handoff = on(desk, Role.ROUTING, Intent.ROUTE)
    assert handoff.context_version == desk.state.incidents["INC-1"].context_version


def test_the_whole_way_leads_to_a_plan() -> None:
    """Diagnosis, route, plan; each shown to oversight."""
    desk, request = asked()
    request = resolving(desk, request)
    word = answer(request, Role.ORCHESTRATOR, Intent.EXECUTE, Planned(desk.plan("INC-1")))
    said(desk, request, word)
    rule(desk, word)
    assert desk.stated("INC-1") == "acting"


def test_routing_sets_owner_priority_and_the_time_to_repair() -> None:
    """Counted from the onset."""
    desk, request = asked()
    resolving(desk, request, repair_seconds=600.0, answer_seconds=30.0)
    incident = desk.state.incidents["INC-1"]
    assert (incident.owner, incident.priority, incident.answer_seconds) == ("team", Priority.P2, 30.0)
    assert incident.repair_by == incident.onset + 600 * SECOND
    assert desk.due_in("repair/INC-1") == 600.0


def test_a_time_to_repair_that_is_over_sets_no_timer() -> None:
    """It would fire in the past; the page says when it was."""
    desk, request = asked()
    desk.change("INC-1", onset=desk.at - 3600 * SECOND)
    resolving(desk, request, repair_seconds=600.0)
    assert "repair/INC-1" not in desk.state.timers


# -------------------------------------------------------------------------------------------- what is not said so


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": Role.TRIAGE},
        {"to": Role.RESOLUTION},
        {"intent": Intent.EXECUTE},
        {"work_item": "INC-2"},
        {"domain": "other"},
        {"id": ""},
        {"confidence": float("nan")},
        {"confidence": 1.01},
        {"reasoning": ()},
        {"reasoning": (Prose("\ud800"),)},
    ],
)
def test_a_forged_answer_is_stopped_and_is_an_incident_of_the_runtime(changes: dict[str, Any]) -> None:
    """Oversight does not see it; the diagnosis is asked for again later."""
    desk, request = asked()
    decision = said(desk, request, replace(diagnosed(request), **changes))
    assert (Role.OVERSIGHT, Intent.REVIEW) not in sent(decision)
    assert desk.state.work["INC-2"].topic == "governance-analysis"
    assert "stopped a handoff" in desk.story("INC-1")[-1]
    assert "ask/INC-1" in desk.state.timers


def test_two_answers_of_one_id_are_one() -> None:
    """The second one is stopped."""
    desk, request = asked()
    found = diagnosed(request)
    decision = said(desk, request, found, found)
    assert sent(decision) == [(Role.OVERSIGHT, Intent.REVIEW)]
    assert "its id is in use" in desk.story("INC-1")[-1]


def test_a_flood_of_answers_is_cut() -> None:
    """An agent cannot fill the journal."""
    desk, request = asked()
    many = tuple(replace(diagnosed(request), id=f"a{number}") for number in range(ANSWERS + 5))
    assert len(sent(said(desk, request, *many))) == ANSWERS


def test_no_answer_ends_the_chain() -> None:
    """Another diagnosis follows after a pause."""
    desk, request = asked()
    said(desk, request)
    assert desk.state.work["INC-1"].chain == ""
    assert "ask/INC-1" in desk.state.timers


def test_an_answer_on_a_closed_incident_is_dropped() -> None:
    """A plan's verification is still under way when a person closes the incident."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.ESCALATED)
    payload = VerifyRequest(desk.plan(name), desk.at, FleetAnswer("q", desk.at, ()))
    request = desk.send(name, "h", Role.RESOLUTION, intent=Intent.VERIFY, payload=payload)
    desk.do(close, name, Trigger.CLOSED_BY_PERSON, outcome=IncidentOutcome(OutcomeKind.CLOSED_BY_PERSON))
    verdict = Verified(payload.plan.id, Verdict.HEALTHY, (Prose("well"),))
    decision = said(desk, request, answer(request, Role.ORCHESTRATOR, Intent.CONCLUDE, verdict))
    assert sent(decision) == []
    assert "the incident is closed" in decision.entry.consequences


# ---------------------------------------------------------------------------------------------- oversight's silence


@pytest.mark.parametrize("words", [0, 2])
def test_oversight_that_says_nothing_or_too_much_has_vetoed(words: int) -> None:
    """Only one ruling is a ruling."""
    desk, request = asked()
    found = diagnosed(request)
    said(desk, request, found)
    review = on(desk, Role.OVERSIGHT, Intent.REVIEW)
    rulings = [
        answer(review, Role.ORCHESTRATOR, Intent.RULE, ruling(found.id), suffix=str(number)) for number in range(words)
    ]
    decision = said(desk, review, *rulings)
    assert [one.key for one in effects(decision, SendPage)] == ["INC-1/vetoed-route/0"]


@pytest.mark.parametrize("payload", [ruling("another"), Diagnosed(diagnosis())])
def test_a_ruling_on_something_else_is_a_veto(payload: Payload) -> None:
    """It was not asked about that."""
    desk, request = asked()
    said(desk, request, diagnosed(request))
    review = on(desk, Role.OVERSIGHT, Intent.REVIEW)
    said(desk, review, answer(review, Role.ORCHESTRATOR, Intent.RULE, payload))
    assert desk.stated("INC-1") == "escalated"


def test_oversight_that_failed_vetoes() -> None:
    """The page says why."""
    desk, request = asked()
    said(desk, request, diagnosed(request))
    review = on(desk, Role.OVERSIGHT, Intent.REVIEW)
    decision = desk.do(failed, review.id, Prose("no answer"), late=True)
    (page,) = effects(decision, SendPage)
    assert "oversight did not rule: no answer" in page.page.asks


def test_silence_is_a_veto_of_everything() -> None:
    """At the highest level."""
    word = veto("h", Prose("down"))
    assert word == Ruling("h", permitted=False, level=Oversight.FORBIDDEN, reasons=(Prose("down"),))


def test_a_page_is_never_vetoed() -> None:
    """Whatever oversight says, a person is told."""
    desk, request = asked()
    request = routing(desk, request)
    page = Page(
        "k", "INC-1", 0, desk.at, Priority.P1, Prose("web"), Prose(""), Prose(""), (), (), (), Prose("look")
    )  # fmt: skip
    word = answer(request, Role.ORCHESTRATOR, Intent.ESCALATE, Escalated(page, Prose("no runbook")))
    said(desk, request, word)
    decision = rule(desk, word, Oversight.FORBIDDEN)
    assert [one.key for one in effects(decision, SendPage)] == ["INC-1/routing-escalates/0"]
    assert desk.state.incidents["INC-1"].priority is Priority.P1


def test_a_vetoed_second_look_leaves_the_person_s_incident_alone() -> None:
    """Nobody is paged about it again."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.ESCALATED)
    desk.do(diagnose, name, Prose("changed"))
    request = on(desk, Role.ANALYSIS, Intent.DIAGNOSE)
    found = diagnosed(request)
    said(desk, request, found)
    assert effects(rule(desk, found, Oversight.FORBIDDEN), SendPage) == []
    assert desk.state.work[name].chain == ""


# --------------------------------------------------------------------------------------------------- what is late


def test_a_ruling_after_the_end_is_dropped() -> None:
    """The incident cleared while oversight thought."""
    desk, request = asked()
    found = diagnosed(request)
    said(desk, request, found)
    review = on(desk, Role.OVERSIGHT, Intent.REVIEW)
    desk.do(close, "INC-1", Trigger.CLEARED, outcome=IncidentOutcome(OutcomeKind.CLEARED))
    assert review.id not in desk.state.handoffs


def test_a_merge_that_is_permitted_is_made() -> None:
    """Analysis proposed it."""
    desk, request = asked()
    desk.wait(1)
    desk.incident("shop")
    word = answer(request, Role.ORCHESTRATOR, Intent.MERGE, MergeProposed("INC-2"))
    said(desk, request, word)
    rule(desk, word)
    assert list(desk.state.incidents) == ["INC-1"]


def test_a_merge_with_what_is_gone_leaves_both_as_they_are() -> None:
    """The note in the journal says why."""
    desk, request = asked()
    word = answer(request, Role.ORCHESTRATOR, Intent.MERGE, MergeProposed("INC-9"))
    said(desk, request, word)
    assert "cannot be merged" in rule(desk, word).entry.consequences


# ------------------------------------------------------------------------------------------------------- failures


def test_an_agent_that_fails_for_good_is_a_person_s_incident() -> None:
    """The page names the agent and what it could not do; the tries before it page nobody."""
    desk, request = asked()
    for number in range(TRIES):
        pages = effects(desk.do(failed, request.id, BROKE), SendPage)
        assert [one.page.work_item for one in pages if one.page.work_item == "INC-1"] == ["INC-1"] * (
            number == TRIES - 1
        )
        desk.do(retry, request.id)
    assert "The analysis agent could not diagnose: KeyError." in pages[-1].page.asks
    assert desk.stated("INC-1") == "escalated"


def test_a_second_look_that_fails_pages_nobody() -> None:
    """A person has the incident already."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.ESCALATED)
    desk.do(diagnose, name, Prose("changed"))
    request = on(desk, Role.ANALYSIS, Intent.DIAGNOSE)
    desk.last.put(replace(desk.state.handoffs[request.id], attempt=TRIES))
    assert effects(desk.do(failed, request.id, BROKE), SendPage) == []
    assert desk.state.work[name].chain == ""


def test_a_review_request_shows_the_whole_answer() -> None:
    """Oversight sees what would take effect."""
    desk, request = asked()
    found = diagnosed(request)
    said(desk, request, found)
    assert on(desk, Role.OVERSIGHT, Intent.REVIEW).payload == ReviewRequest(found)
