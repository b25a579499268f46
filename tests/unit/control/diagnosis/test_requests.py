"""When a diagnosis is requested: once at a time, again after changes, never while a plan runs."""

from __future__ import annotations

import pytest

from aiops.control.diagnosis.requests import (
    CHANGED_SECONDS,
    WATCHED_SECONDS,
    chain_at,
    chain_ended,
    changed,
    diagnose,
)
from aiops.control.incident.membership import join
from aiops.control.state.transaction import Draft
from aiops.model.effects import HandOff, SendPage
from aiops.model.handoffs import DiagnoseRequest, Intent, Role
from aiops.model.incidents import IncidentState
from aiops.model.prose import Prose
from tests.unit.control.drafts import Desk, effects
from tests.unit.control.fakes import episode

WHY = Prose("opened")


def asked(desk: Desk, name: str) -> list[HandOff]:
    """What is sent when a diagnosis is wanted."""
    return effects(desk.do(diagnose, name, WHY), HandOff)


def ended(desk: Desk, name: str) -> None:
    """The diagnosis was answered, and nothing followed from it."""

    def end(draft: Draft) -> None:
        for key in list(desk.state.handoffs):
            draft.remove("handoff", key)
        chain_ended(draft, name)

    desk.do(end)


def grow(desk: Desk, name: str, entity: str) -> None:
    """One more member."""
    desk.do(join, name, episode(entity, desk.at))


def test_analysis_is_asked_why() -> None:
    """The request names the incident, its reason and a deadline."""
    desk = Desk()
    name = desk.incident("web")
    (sent,) = asked(desk, name)
    assert (sent.handoff.to, sent.handoff.intent) == (Role.ANALYSIS, Intent.DIAGNOSE)
    assert sent.handoff.payload == DiagnoseRequest(reason=WHY)
    assert sent.handoff.deadline_at > desk.at
    assert desk.stated(name) == "diagnosing"
    assert desk.state.work[name].chain == sent.handoff.id


def test_one_diagnosis_is_pending_at_a_time() -> None:
    """The end of the chain asks again."""
    desk = Desk()
    name = desk.incident("web")
    asked(desk, name)
    assert asked(desk, name) == []


def test_each_request_has_its_own_id() -> None:
    """A late answer to the first is not taken for one to the second."""
    desk = Desk()
    name = desk.incident("web")
    first = asked(desk, name)
    ended(desk, name)
    second = asked(desk, name)
    assert [one.handoff.id for one in first + second] == ["INC-1/diagnose/1", "INC-1/diagnose/2"]


@pytest.mark.parametrize("state", [IncidentState.RESOLVED, IncidentState.SUPPRESSED])
def test_a_closed_or_suppressed_incident_is_not_diagnosed(state: IncidentState) -> None:
    """Nobody asked for it."""
    desk = Desk()
    name = desk.incident("web", state=state)
    assert asked(desk, name) == []


def test_an_incident_with_a_plan_under_way_is_not_diagnosed() -> None:
    """The plan's end decides what comes next."""
    desk = Desk()
    name, _ = desk.begun()
    assert asked(desk, name) == []


@pytest.mark.parametrize("state", [IncidentState.AWAITING_APPROVAL, IncidentState.ESCALATED])
def test_a_person_s_incident_is_diagnosed_and_keeps_its_state(state: IncidentState) -> None:
    """The person sees the newest cause."""
    desk = Desk()
    name = desk.incident("web", state=state)
    assert len(asked(desk, name)) == 1
    assert desk.stated(name) == state.value


def test_an_incident_of_the_runtime_goes_to_a_person() -> None:
    """It cannot heal itself; the page says what the story says."""
    desk = Desk()
    name = desk.runtime_incident()
    desk.do(lambda draft: draft.line(name, "broker", "no leader"))
    decision = desk.do(diagnose, name, WHY)
    assert effects(decision, HandOff) == []
    (sent,) = effects(decision, SendPage)
    assert sent.page.asks.startswith("no leader The runtime cannot heal itself")
    assert desk.do(diagnose, name, WHY).effects == ()


def test_the_first_member_asks_at_once() -> None:
    """And names its reason."""
    desk = Desk()
    name = desk.incident("web")
    (sent,) = effects(desk.do(changed, name), HandOff)
    assert sent.handoff.payload == DiagnoseRequest(reason=Prose("opened"))


def test_members_that_come_while_analysis_thinks_ask_again_soon_after() -> None:
    """The answer did not know them."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(changed, name)
    grow(desk, name, "db")
    assert effects(desk.do(changed, name), HandOff) == []
    ended(desk, name)
    assert desk.due_in(f"ask/{name}") == CHANGED_SECONDS


def test_without_news_the_next_request_waits_longer() -> None:
    """A quarter of the time to gather evidence; news shorten it, and a second piece of news does not lengthen it."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(changed, name)
    ended(desk, name)
    assert desk.due_in(f"ask/{name}") == desk.settings.control.gather_seconds / 4
    grow(desk, name, "db")
    desk.do(changed, name)
    assert desk.due_in(f"ask/{name}") == CHANGED_SECONDS
    desk.wait(0.5)
    desk.do(changed, name)
    assert desk.due_in(f"ask/{name}") == CHANGED_SECONDS / 2


def test_a_watched_incident_collects_changes_before_it_is_diagnosed() -> None:
    """One request for a burst of members."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.ESCALATED)
    for entity in ("db", "mail"):
        grow(desk, name, entity)
        assert desk.do(changed, name).effects == ()
    assert desk.due_in(f"ask/{name}") == WATCHED_SECONDS


def test_a_request_cancels_the_one_that_waits() -> None:
    """It was asked already."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.ESCALATED)
    desk.do(changed, name)
    asked(desk, name)
    assert f"ask/{name}" not in desk.state.timers


def test_the_end_of_a_chain_of_an_archived_incident_is_nothing() -> None:
    """The answer came after the end."""
    desk = Desk()
    assert desk.do(chain_ended, "INC-7").effects == ()


def test_a_person_s_incident_without_news_is_not_asked_about_again() -> None:
    """Only news start another look."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.ESCALATED)
    asked(desk, name)
    ended(desk, name)
    assert f"ask/{name}" not in desk.state.timers


def test_the_chain_names_the_handoff_under_way() -> None:
    """From diagnosis to routing to plan."""
    desk = Desk()
    name = desk.incident("web")
    asked(desk, name)
    (key,) = desk.state.handoffs
    desk.do(chain_at, name, "")
    desk.do(chain_at, name, key)
    assert desk.state.work[name].chain == key
