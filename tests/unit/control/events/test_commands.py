"""Commands of people: who may, what for, and what comes too late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as each
from hypothesis import strategies as st

from aiops.agents.paging import Ask
from aiops.control.events.commands import COMMANDS, LONGEST_SUPPRESSION_MINUTES, given, halt_changed
from aiops.control.incident.escalation import escalate
from aiops.control.plan.proposals import consider
from aiops.model.effects import Release, Reserve
from aiops.model.events import CommandGiven, HaltChanged
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from remediations.saga_state import SagaState
from tests.unit.control.drafts import Desk, effects, ruling

ASK = Ask(PageReason(EscalationCause.NO_PLAN), Prose("No runbook fits."), Prose("Repair it."))


def command(word: str, subject: str = "INC-1", who: str = "ann", **arguments: str) -> CommandGiven:
    """One command of one person."""
    return CommandGiven(id="c", at=0, command=word, subject=subject, who=who, arguments=arguments)


def why(desk: Desk, word: str, subject: str = "INC-1", who: str = "ann", **arguments: str) -> RefusalKind:
    """Kind of the refusal of a command."""
    return desk.refused(given, command(word, subject, who, **arguments)).kind


def waiting(level: Oversight = Oversight.ONE_APPROVER) -> Desk:
    """A plan of INC-1 that waits for approval."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    plan = desk.plan(name)
    desk.do(consider, name, plan, ruling=ruling(plan.id, level))
    return desk


def begun(desk: Desk) -> bool:
    """The plan has asked for its budget."""
    return bool(desk.state.sagas)


# ---------------------------------------------------------------------------------------------------- any command


@pytest.mark.parametrize("word", COMMANDS)
@pytest.mark.parametrize("who", ["", "   ", "\t\n"])
def test_a_command_without_a_name_is_refused(word: str, who: str) -> None:
    """The story must say who."""
    assert why(waiting(), word, who=who) is RefusalKind.MALFORMED


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    """A newer client may know more."""
    refusal = waiting().refused(given, command("explode"))
    assert refusal.kind is RefusalKind.UNKNOWN
    assert all(word in refusal.reason for word in COMMANDS)


@pytest.mark.parametrize("word", sorted(set(COMMANDS) - {"halt", "resume"}))
@pytest.mark.parametrize("subject", ["", "INC-9", "inc-1", "INC-1/p"])
def test_a_command_on_what_is_not_open_is_refused(word: str, subject: str) -> None:
    """Nothing is guessed from a part of a name."""
    assert why(waiting(), word, subject) is RefusalKind.UNKNOWN


def test_an_incident_is_named_by_itself_its_plan_or_its_page() -> None:
    """Whatever the person has before them."""
    for subject in ("INC-1", "INC-1/p/plan", "INC-1/approval-1/0"):
        desk = waiting()
        desk.do(given, command("approve", subject))
        assert begun(desk)


# ------------------------------------------------------------------------------------------------------- approve


def test_two_people_approve() -> None:
    """Spaces and capitals make no second person."""
    desk = waiting(Oversight.TWO_APPROVERS)
    desk.do(given, command("approve", who="Ann  Lee"))
    assert not begun(desk)
    for same in ("ann lee", " ANN LEE ", "Ann\tLee"):
        assert why(desk, "approve", who=same) is RefusalKind.NOT_PERMITTED
    desk.do(given, command("approve", who="bob"))
    assert begun(desk)
    assert desk.state.sagas["INC-1/p/plan"].approvals == ("Ann Lee", "bob")


def test_another_plan_than_the_waiting_one_is_not_approved() -> None:
    """The person saw an older page."""
    assert why(waiting(), "approve", plan="INC-1/old/plan") is RefusalKind.LATE


@each(st.text(max_size=12))
def test_only_a_version_on_which_the_plan_rests_is_approved(version: str) -> None:
    """Up to the present one; no other text is one."""
    desk = waiting()
    basis, now = desk.state.work["INC-1"].basis, desk.state.incidents["INC-1"].context_version
    if version.isdecimal() and basis <= int(version) <= now:
        desk.do(given, command("approve", version=version))
        assert begun(desk)
    else:
        assert why(desk, "approve", version=version) is RefusalKind.LATE


def test_a_version_of_thousands_of_digits_is_refused() -> None:
    """It is no number that anybody was shown."""
    assert why(waiting(), "approve", version="1" * 5000) is RefusalKind.LATE


@pytest.mark.parametrize("state", [IncidentState.OPEN, IncidentState.HELD, IncidentState.ESCALATED])
def test_only_a_plan_that_waits_is_approved(state: IncidentState) -> None:
    """The refusal says what the incident is instead."""
    desk = Desk()
    desk.incident("web", state=state)
    assert why(desk, "approve") is RefusalKind.LATE


def test_nothing_is_approved_in_shadow_mode() -> None:
    """Also when the setting was changed after the decision."""
    desk = waiting()
    desk.change("INC-1", shadow=True)
    assert why(desk, "approve") is RefusalKind.NOT_PERMITTED


def test_an_approval_counts_once() -> None:
    """The plan has begun: the second one is late."""
    desk = waiting()
    assert len(effects(desk.do(given, command("approve")), Reserve)) == 1
    assert why(desk, "approve", who="bob") is RefusalKind.LATE


# ------------------------------------------------------------------------------------- reject, acknowledge, close


def test_a_rejected_plan_is_the_person_s() -> None:
    """With the reason in the story; it cannot be approved any more."""
    desk = waiting()
    desk.do(given, command("reject", reason="not at noon"))
    assert desk.stated("INC-1") == "escalated"
    assert desk.state.incidents["INC-1"].outcome == IncidentOutcome(OutcomeKind.REJECTED, Prose("ann"))
    assert desk.story("INC-1")[-1] == "ann: rejects INC-1/p/plan: not at noon"
    assert why(desk, "approve") is RefusalKind.LATE


def test_a_plan_under_way_cannot_be_rejected() -> None:
    """Halt stops it."""
    desk = Desk()
    desk.begun("web")
    assert why(desk, "reject") is RefusalKind.LATE


def test_an_acknowledgement_names_who() -> None:
    """A second one has nothing to acknowledge."""
    desk = Desk()
    desk.incident("web")
    desk.do(escalate, "INC-1", ASK)
    desk.do(given, command("acknowledge", "INC-1/no-plan/0"))
    assert desk.state.pages["INC-1/no-plan/0"].acknowledged_by == "ann"
    assert why(desk, "acknowledge", who="bob") is RefusalKind.LATE


def test_only_an_escalated_incident_is_closed_by_a_person() -> None:
    """One that the runtime works on is suppressed, or halted."""
    desk = Desk()
    desk.incident("web")
    assert why(desk, "close") is RefusalKind.LATE
    desk.do(escalate, "INC-1", ASK)
    desk.do(given, command("close"))
    assert desk.state.incidents["INC-1"].outcome == IncidentOutcome(OutcomeKind.CLOSED_BY_PERSON, Prose("ann"))


# --------------------------------------------------------------------------------------------- suppress, take over


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "1e400", "", "ten", "10081", "0x10"])
def test_a_suppression_has_an_end_within_a_week(minutes: str) -> None:
    """Nothing is put off for ever by a slip of the hand."""
    desk = Desk()
    desk.incident("web")
    assert why(desk, "suppress", minutes=minutes) is RefusalKind.MALFORMED


@pytest.mark.parametrize(
    ("given_", "seconds"), [({}, 3600.0), ({"minutes": "0.5"}, 30.0), ({"minutes": "10080"}, 604_800.0)]
)
def test_a_suppressed_incident_is_looked_at_after_that_time(given_: dict[str, Any], seconds: float) -> None:
    """An hour, unless the person says otherwise; a week is the longest."""
    desk = Desk()
    desk.incident("web")
    desk.do(given, command("suppress", **given_))
    assert desk.stated("INC-1") == "suppressed"
    assert desk.due_in("deadline/INC-1") == seconds
    assert seconds <= LONGEST_SUPPRESSION_MINUTES * 60


def test_a_stuck_plan_is_taken_over_and_gives_its_budget_back() -> None:
    """Once."""
    desk = Desk()
    name, plan = desk.begun("web")
    assert why(desk, "take-over") is RefusalKind.LATE
    record = desk.state.sagas[plan.id]
    stuck = replace(record, saga=replace(record.saga, state=SagaState.STUCK, timer=""))
    desk.last.put(stuck)
    desk.change(name, state=IncidentState.ESCALATED)
    decision = desk.do(given, command("take-over"))
    assert [one.reservation for one in effects(decision, Release)] == list(record.saga.reservations)
    assert desk.story(name)[-1] == f"ann: took over {plan.id}"
    assert why(desk, "take-over") is RefusalKind.LATE


# ------------------------------------------------------------------------------------------------- halt and resume


def halt(generation: int, *, halted: bool = True) -> HaltChanged:
    """The halt row changed."""
    return HaltChanged(id="h", at=0, generation=generation, halted=halted, who="ann")


def test_the_word_alone_halts_nothing() -> None:
    """The row does, which every gate reads; the command is on record."""
    desk = Desk()
    desk.do(given, command("halt", subject=""))
    assert not desk.state.leadership.halted


def test_a_halt_stops_every_plan_and_a_resume_lets_it_go_on() -> None:
    """Each story says so."""
    desk = Desk()
    names = [desk.begun(entity, key=entity)[0] for entity in ("web", "db")]
    desk.do(halt_changed, halt(1))
    assert desk.state.leadership.halted
    assert all(record.saga.halted or record.saga.over for record in desk.state.sagas.values())
    assert all("ann: halted" in desk.story(name) for name in names)


def test_an_older_generation_of_the_halt_is_refused() -> None:
    """A resume that was overtaken by a halt must not lift it."""
    desk = Desk()
    desk.do(halt_changed, halt(5))
    assert desk.refused(halt_changed, halt(4, halted=False)).kind is RefusalKind.LATE
    assert desk.state.leadership.halted


def test_the_same_halt_twice_tells_no_plan_twice() -> None:
    """The generation is kept all the same."""
    desk = Desk()
    desk.begun("web")
    desk.do(halt_changed, halt(1))
    story = desk.story("INC-1")
    desk.do(halt_changed, halt(2))
    assert desk.story("INC-1") == story
    assert desk.state.leadership.halt_generation == 2
