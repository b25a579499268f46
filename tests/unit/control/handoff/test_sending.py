"""Handoffs under way: sent once, tried again within their deadline, and then a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.control.handoff.sending import (
    FAILURES_UNTIL_INCIDENT,
    RETRY_SECONDS,
    TRIES,
    ask,
    failed,
    restarted,
    retry,
    review,
    send,
    take,
)
from aiops.control.state.transaction import Draft
from aiops.model.effects import HandOff
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, ReviewRequest, Role
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from tests.unit.control.drafts import Desk, effects

BROKE = Prose("KeyError")


def under_way(to: Role = Role.ANALYSIS, intent: Intent = Intent.DIAGNOSE) -> Desk:
    """A handoff ``h`` of INC-1."""
    desk = Desk()
    desk.incident("web")
    desk.send("INC-1", "h", to, intent=intent, payload=DiagnoseRequest())
    return desk


def keys(desk: Desk, name: str, reason: Prose = BROKE, *, late: bool = False) -> tuple[Handoff | None, list[str]]:
    """What a failure leads to: the handoff that has failed for good, and what is sent."""
    found: list[Handoff | None] = []
    decision = desk.do(lambda draft: found.append(failed(draft, name, reason, late=late)))
    return found[0], [one.key for one in effects(decision, HandOff)]


def test_a_handoff_says_what_it_follows_from() -> None:
    """Its cause is the event, its deadline the settings'."""
    desk = under_way()
    handoff = desk.state.handoffs["h"].handoff
    assert handoff.cause in handoff.reasoning[0]
    assert handoff.deadline_at == desk.at + 5_000_000_000
    assert desk.due_in("handoff/h") == 5.0


def test_a_handoff_without_an_incident_has_the_first_context() -> None:
    """Triage reads tickets before there is an incident."""
    desk = Desk()
    handoff = desk.send("ticket/7", "h", Role.TRIAGE, intent=Intent.READ, payload=DiagnoseRequest())
    assert (handoff.work_item, handoff.context_version) == ("ticket/7", 1)


def test_two_handoffs_of_one_id_cannot_be_under_way() -> None:
    """An answer could not be told apart."""
    desk = under_way()
    again = desk.state.handoffs["h"].handoff
    assert desk.refused(send, again).kind is RefusalKind.LATE


def test_the_deadline_counts_from_sending_not_from_what_the_sender_wrote() -> None:
    """An agent cannot give itself time."""
    desk = Desk()
    name = desk.incident("web")
    far = replace(desk.handoff(name), deadline_at=desk.at * 2, at=1)
    desk.do(send, far)
    held = desk.state.handoffs["h"].handoff
    assert (held.at, held.deadline_at) == (desk.at, desk.at + 5_000_000_000)


def test_an_answer_is_shown_to_oversight_whole() -> None:
    """Under an id that follows from its own."""
    desk = under_way()
    answer = replace(desk.state.handoffs["h"].handoff, id="answer")

    def reviewed(draft: Draft) -> None:
        draft.subject = "INC-1"
        review(draft, answer)

    (sent,) = effects(desk.do(reviewed), HandOff)
    assert (sent.handoff.id, sent.handoff.to) == ("review/answer", Role.OVERSIGHT)
    assert sent.handoff.payload == ReviewRequest(answer)


def test_a_taken_handoff_is_over() -> None:
    """A second answer to it is late."""
    desk = under_way()
    decision = desk.do(take, "h")
    assert decision.effects_done == ("h/1",)
    assert "handoff/h" in decision.timers_gone
    assert desk.refused(take, "h").kind is RefusalKind.LATE
    assert desk.refused(failed, "h", BROKE).kind is RefusalKind.LATE


def test_an_answer_clears_the_agent_s_failures() -> None:
    """It works again."""
    desk = under_way()
    keys(desk, "h")
    assert desk.state.agent(Role.ANALYSIS).failures == 1
    desk.do(take, "h")
    assert desk.state.agent(Role.ANALYSIS).failures == 0


# ------------------------------------------------------------------------------------------------------ failures


def test_a_crash_is_tried_again_after_a_pause() -> None:
    """Under a new key, so that a late answer of the first is still an answer to the same handoff."""
    desk = under_way()
    assert keys(desk, "h") == (None, [])
    assert desk.due_in("retry/h") == RETRY_SECONDS
    decision = desk.do(retry, "h")
    assert [one.key for one in effects(decision, HandOff)] == ["h/2"]
    assert decision.effects_done == ("h/1",)


def test_after_the_last_try_it_has_failed() -> None:
    """Whoever asked is told."""
    desk = under_way()
    for _ in range(TRIES - 1):
        assert keys(desk, "h")[0] is None
        desk.do(retry, "h")
    gone, _ = keys(desk, "h")
    assert gone is not None
    assert gone.id == "h"
    assert desk.state.handoffs == {}


def test_there_is_no_try_that_would_begin_at_the_deadline() -> None:
    """A moment before is early enough."""
    for seconds, given_up in ((3.99, False), (4.0, True)):
        desk = under_way()
        desk.wait(seconds)
        assert (keys(desk, "h")[0] is not None) is given_up


def test_a_late_agent_gets_a_second_deadline() -> None:
    """And is asked again at once."""
    desk = under_way()
    desk.wait(5)
    assert keys(desk, "h", late=True) == (None, ["h/2"])
    assert desk.due_in("handoff/h") == 5.0


def test_oversight_gets_no_second_deadline() -> None:
    """Its silence is a veto, and an action must not wait for it."""
    desk = under_way(Role.OVERSIGHT, Intent.REVIEW)
    desk.wait(5)
    gone, sent = keys(desk, "h", late=True)
    assert gone is not None
    assert sent == []


def test_an_agent_that_fails_again_and_again_is_a_problem_of_the_runtime() -> None:
    """Its incident names the agent and the newest error."""
    desk = under_way()
    for number in range(FAILURES_UNTIL_INCIDENT):
        name = f"h{number}"
        desk.send("INC-1", name, Role.ROUTING, intent=Intent.ROUTE, payload=DiagnoseRequest())
        keys(desk, name)
        assert ("INC-2" in desk.state.incidents) is (number == FAILURES_UNTIL_INCIDENT - 1)
    assert desk.state.work["INC-2"].topic == "agent-routing"
    assert "The routing agent fails repeatedly: KeyError" in desk.story("INC-2")[0]


def test_a_retry_of_what_was_answered_meanwhile_is_nothing() -> None:
    """The timer may fire late."""
    desk = under_way()
    desk.do(take, "h")
    assert desk.do(retry, "h").effects == ()


# ------------------------------------------------------------------------------------------------------- restart


def test_a_restart_gives_handoffs_their_whole_time() -> None:
    """The agents are started again too."""
    desk = under_way()
    desk.wait(4)
    desk.do(restarted)
    assert desk.due_in("handoff/h") == 5.0


def test_a_handoff_sent_at_this_moment_keeps_its_deadline() -> None:
    """It has its whole time anyway."""
    desk = under_way()
    assert desk.do(restarted).timers_set == ()


@pytest.mark.parametrize("to", [Role.ANALYSIS, Role.OVERSIGHT])
def test_the_orchestrator_signs_what_it_asks(to: Role) -> None:
    """Sender, domain and confidence are its own."""
    desk = Desk()
    name = desk.incident("web")

    def asked(draft: Draft) -> None:
        draft.subject = name
        ask(draft, "h", to, intent=Intent.DIAGNOSE, payload=DiagnoseRequest())

    (sent,) = effects(desk.do(asked), HandOff)
    handoff = sent.handoff
    assert (handoff.sender, handoff.to, handoff.confidence) == (Role.ORCHESTRATOR, to, 1.0)
    assert handoff.domain == sent.domain == desk.settings.domain
