"""Timers: each fires once, and what it does depends on how its incident stands by then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.agents.paging import Ask
from aiops.control.events.intake import change_reported
from aiops.control.events.timers_fired import NAMES, fired
from aiops.control.incident.escalation import escalate
from aiops.control.incident.membership import close, revise
from aiops.control.plan.proposals import consider
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.transaction import Decision
from aiops.model.effects import HandOff, SendPage
from aiops.model.events import ChangeReported, TimerFired
from aiops.model.handoffs import DiagnoseRequest, Intent, Role
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from aiops.model.reports import Change
from remediations.saga_state import SagaState
from tests.unit.control.drafts import Desk, effects, ruling

ASK = Ask(PageReason(EscalationCause.NO_PLAN), Prose("No runbook fits."), Prose("Repair it."))


def event(desk: Desk, timer: str) -> TimerFired:
    """The timer fires now."""
    return TimerFired(id=f"t{desk.number}", at=desk.at, timer=timer, name="", subject="")


def fire(desk: Desk, timer: str) -> Decision:
    """Time passes until the timer is due, and it fires."""
    desk.at = max(desk.at, desk.state.timers[timer].due)
    return desk.do(fired, event(desk, timer), event=event(desk, timer))


def paged(decision: Decision) -> list[str]:
    """Keys of the pages that are sent."""
    return [one.key for one in effects(decision, SendPage)]


# ------------------------------------------------------------------------------------------------------ any timer


def test_a_timer_that_is_not_set_is_late() -> None:
    """It was cancelled or moved, or has fired."""
    desk = Desk()
    assert desk.refused(fired, event(desk, "deadline/INC-1")).kind is RefusalKind.LATE


def test_a_timer_does_not_fire_before_its_time() -> None:
    """Somebody's clock is wrong; it stays set."""
    desk = Desk()
    desk.incident("web")
    assert desk.refused(fired, event(desk, "deadline/INC-1")).kind is RefusalKind.NOT_PERMITTED
    assert "deadline/INC-1" in desk.state.timers


def test_a_timer_whose_work_is_refused_is_gone_all_the_same() -> None:
    """It would fire for ever; the journal keeps why nothing came of it."""
    desk = Desk()
    desk.do(lambda draft: draft.timer("slow", "no-plan", desk.at))
    decision = fire(desk, "slow/no-plan")
    assert decision.timers_gone == ("slow/no-plan",)
    assert "dropped" in decision.entry.consequences


def test_a_timer_of_an_unknown_name_is_gone_all_the_same() -> None:
    """A newer version may have set it; its row would be due again after each restart."""
    desk = Desk()
    desk.do(lambda draft: draft.timer("of-the-future", "INC-1", desk.at))
    decision = fire(desk, "of-the-future/INC-1")
    assert decision.timers_gone == ("of-the-future/INC-1",)
    assert "of-the-future" in decision.entry.consequences


def test_every_timer_that_is_set_has_a_name_that_is_known() -> None:
    """Those of an incident with a plan, a page, a change and a handoff among them."""
    desk = Desk()
    desk.begun("web")
    desk.incident("db")
    desk.do(escalate, "INC-2", ASK)
    assert {row.name for row in desk.state.timers.values()} <= set(NAMES)


# ----------------------------------------------------------------------------------------------------- deadlines


@pytest.mark.parametrize("state", [IncidentState.OPEN, IncidentState.DIAGNOSING, IncidentState.DECIDING])
def test_what_takes_too_long_is_a_person_s(state: IncidentState) -> None:
    """Its diagnosis is not wanted any more."""
    desk = Desk()
    name = desk.incident("web", state=state)
    desk.send(name, "h", Role.ANALYSIS, intent=Intent.DIAGNOSE, payload=DiagnoseRequest())
    desk.work(name, chain="h")
    assert paged(fire(desk, f"deadline/{name}")) == ["INC-1/too-long/0"]
    assert desk.stated(name) == "escalated"
    assert desk.state.handoffs == {}


@pytest.mark.parametrize("state", [IncidentState.HELD, IncidentState.SUPPRESSED])
def test_what_was_put_off_is_diagnosed_again(state: IncidentState) -> None:
    """The window is open, or the suppression over."""
    desk = Desk()
    name = desk.incident("web", state=state)
    decision = fire(desk, f"deadline/{name}")
    assert [one.handoff.intent for one in effects(decision, HandOff)] == [Intent.DIAGNOSE]
    assert desk.stated(name) == "diagnosing"


def test_a_plan_that_nobody_approves_is_a_person_s() -> None:
    """The page is another one than the question."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    plan = desk.plan(name)
    desk.do(consider, name, plan, ruling=ruling(plan.id, Oversight.ONE_APPROVER))
    assert paged(fire(desk, f"deadline/{name}")) == ["INC-1/not-approved/0"]


def test_an_escalated_incident_is_remembered_once_and_then_left() -> None:
    """A day each."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(escalate, name, ASK)
    assert paged(fire(desk, f"deadline/{name}")) == ["INC-1/reminder/0"]
    assert desk.due_in(f"deadline/{name}") == 86_400.0
    assert paged(fire(desk, f"deadline/{name}")) == []
    assert desk.state.incidents[name].outcome == IncidentOutcome(OutcomeKind.LEFT_WITH_PERSON)


def test_a_problem_of_the_runtime_that_is_not_heard_of_again_is_over() -> None:
    """Without a reminder."""
    desk = Desk()
    name = desk.runtime_incident()
    desk.do(escalate, name, ASK)
    assert paged(fire(desk, f"deadline/{name}")) == []
    assert desk.state.incidents[name].ended_as is OutcomeKind.NOT_HEARD_AGAIN


def test_a_shadow_incident_lasts_a_day() -> None:
    """Nobody is asked; its outcome says what would have been done."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.AWAITING_APPROVAL)
    would = IncidentOutcome(OutcomeKind.SHADOW, Prose("restart web"))
    desk.change(name, shadow=True, outcome=would)
    decision = fire(desk, f"deadline/{name}")
    assert paged(decision) == []
    assert desk.stated(name) == "awaiting-approval"
    desk.wait(86_400)
    fire(desk, f"deadline/{name}")
    assert desk.state.incidents[name].outcome == would
    assert desk.stated(name) == "resolved"


# ------------------------------------------------------------------------------------------------------ settling


def resolved(*, well: bool, **changes: object) -> Desk:
    """A closed incident whose settle time is over, its member well or not."""
    desk = Desk()
    name = desk.incident("web")
    (record,) = desk.state.episodes.values()
    ended = desk.at if well else None
    desk.do(revise, record, replace(record.episode, revision=2, ended_at=ended, **changes))  # type: ignore[arg-type]
    desk.do(close, name, Trigger.CLEARED, outcome=IncidentOutcome(OutcomeKind.CLEARED))
    return desk


def test_a_quiet_incident_is_archived() -> None:
    """Nothing is left of it but the archive."""
    desk = resolved(well=True)
    fire(desk, "settle/INC-1")
    assert desk.state.incidents == {}
    assert desk.state.timers == {}


def test_an_incident_whose_members_are_still_abnormal_is_open_again() -> None:
    """And diagnosed."""
    desk = resolved(well=False)
    decision = fire(desk, "settle/INC-1")
    assert desk.stated("INC-1") == "diagnosing"
    assert len(effects(decision, HandOff)) == 1


def test_members_that_only_wait_for_their_end_reopen_nothing() -> None:
    """It is looked at again after another settle time."""
    desk = resolved(well=False, recovering=True)
    fire(desk, "settle/INC-1")
    assert desk.stated("INC-1") == "resolved"
    assert desk.due_in("settle/INC-1") == desk.settings.control.settle_seconds


@pytest.mark.parametrize("kind", [OutcomeKind.CLOSED_BY_PERSON, OutcomeKind.LEFT_WITH_PERSON])
def test_what_a_person_closed_is_the_person_s(kind: OutcomeKind) -> None:
    """It is not opened again behind their back, and not forgotten while it is abnormal."""
    desk = resolved(well=False)
    desk.change("INC-1", outcome=IncidentOutcome(kind))
    fire(desk, "settle/INC-1")
    assert desk.stated("INC-1") == "resolved"


def test_an_incident_is_kept_while_a_plan_must_be_reversed() -> None:
    """A temporary change waits for its time."""
    desk = Desk()
    name, plan = desk.begun("web")
    (record,) = desk.state.episodes.values()
    desk.do(revise, record, replace(record.episode, revision=2, ended_at=desk.at))
    held = desk.state.sagas[plan.id]
    desk.last.put(replace(held, saga=replace(held.saga, state=SagaState.HOLDING)))
    desk.change(name, state=IncidentState.ESCALATED)
    desk.do(close, name, Trigger.CLEARED, outcome=IncidentOutcome(OutcomeKind.CLEARED))
    fire(desk, f"settle/{name}")
    assert name in desk.state.incidents
    assert f"settle/{name}" in desk.state.timers


# -------------------------------------------------------------------------------------------------------- others


def test_an_agent_s_deadline_counts_as_a_failure() -> None:
    """It is asked again."""
    desk = Desk()
    name = desk.incident("web")
    desk.send(name, "h", Role.ANALYSIS, intent=Intent.DIAGNOSE, payload=DiagnoseRequest())
    decision = fire(desk, "handoff/h")
    assert [one.key for one in effects(decision, HandOff)] == ["h/2"]
    assert desk.state.agent(Role.ANALYSIS).failures == 1


def test_silence_after_a_page_pages_the_next_level() -> None:
    """Through the timer that the page set."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(escalate, name, ASK)
    assert paged(fire(desk, "ack/INC-1/no-plan/0")) == ["INC-1/no-plan/1"]


def test_a_change_is_forgotten_after_a_day() -> None:
    """It goes to the archive; nobody suspects it any more."""
    desk = Desk()
    change = Change("c1", "web", desk.at, "deploy")
    desk.do(change_reported, ChangeReported(id="c", at=desk.at, change=change))
    assert desk.due_in("forget-change/c1") == 86_400.0
    fire(desk, "forget-change/c1")
    assert desk.state.changes == {}
    assert desk.state.changes_on == {}


def test_a_diagnosis_that_was_put_off_is_asked_for() -> None:
    """The pause is over."""
    desk = Desk()
    name = desk.incident("web")
    desk.do(lambda draft: draft.timer("ask", name, desk.at))
    (sent,) = effects(fire(desk, f"ask/{name}"), HandOff)
    assert sent.handoff.payload.reason == "more is known"
