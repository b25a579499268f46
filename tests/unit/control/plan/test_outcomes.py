"""What a plan's end does to its incident, for each outcome, called with the saga's own words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.control.plan.outcomes import finished, recurred
from aiops.control.state.documents import SagaRecord
from aiops.model.effects import HandOff, SendPage
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.plans import Verdict
from aiops.model.prose import Prose
from remediations.breakers import Result
from remediations.saga_messages import Finished, SagaOutcome
from remediations.saga_state import SagaState, StepMark, Track
from tests.unit.control.drafts import Desk, effects

WHY = Prose("errors stay high")


def over(desk: Desk, outcome: SagaOutcome = SagaOutcome.UNDONE, mark: StepMark = StepMark.UNDONE) -> SagaRecord:
    """The record of a begun plan of INC-1 that is over, its one step in this state."""
    name, plan = desk.begun("web")
    record = desk.state.sagas[plan.id]
    state = SagaState.STUCK if outcome is SagaOutcome.STUCK else SagaState.FINISHED
    saga = replace(record.saga, tracks=(Track(mark),), state=state, ended=outcome, timer="")
    record = replace(record, saga=saga)
    desk.last.put(record)
    assert name == "INC-1"
    return record


def end(outcome: SagaOutcome, reason: Prose, verdict: Verdict | None = None) -> Finished:
    """The saga's own word."""
    return Finished(outcome, reason, (), verdict)


def learned(desk: Desk) -> list[Result]:
    """What the target's breaker has counted."""
    record = desk.state.breakers.get("target:web")
    return [] if record is None else [result for _, result in record.breaker.endings]


def test_a_verified_plan_heals_its_incident() -> None:
    """It is closed, its breaker learns of a success, and nobody is paged."""
    desk = Desk()
    record = over(desk, SagaOutcome.VERIFIED, StepMark.DONE)
    decision = desk.do(finished, record, end(SagaOutcome.VERIFIED, Prose("healthy")))
    assert desk.state.incidents["INC-1"].outcome == IncidentOutcome(OutcomeKind.HEALED)
    assert learned(desk) == [Result.HEALED]
    assert effects(decision, SendPage) == []


def test_an_undone_plan_leads_to_another_diagnosis() -> None:
    """The next plan is told of this one."""
    desk = Desk()
    record = over(desk)
    decision = desk.do(finished, record, end(SagaOutcome.UNDONE, WHY, Verdict.UNHEALTHY))
    assert [sent.handoff.id for sent in effects(decision, HandOff)] == ["INC-1/diagnose/1"]
    (attempt,) = desk.state.work["INC-1"].attempts
    assert (attempt.plan, attempt.verdict) == (record.saga.plan, Verdict.UNHEALTHY)
    assert attempt.how == "undone: errors stay high"


def test_the_last_attempt_ends_with_a_person() -> None:
    """At the number of the settings, not one later."""
    desk = Desk()
    record = over(desk)
    desk.last.put(replace(desk.state.incidents["INC-1"], attempts=2))
    decision = desk.do(finished, record, end(SagaOutcome.UNDONE, WHY))
    (sent,) = effects(decision, SendPage)
    assert sent.page.key == "INC-1/attempts/0"
    assert "2 plans did not heal it; the last: errors stay high." in sent.page.asks


def test_a_plan_that_a_halt_undid_is_a_person_s() -> None:
    """Nothing more begins while the runtime is halted, whatever attempts are left."""
    desk = Desk()
    record = over(desk)
    desk.last.put(replace(desk.state.leadership, halted=True))
    decision = desk.do(finished, record, end(SagaOutcome.UNDONE, Prose("halted by ann")))
    (sent,) = effects(decision, SendPage)
    assert sent.page.key == "INC-1/halted/0"
    assert desk.stated("INC-1") == "escalated"


def test_a_stuck_plan_pages_with_its_own_name() -> None:
    """A second stuck plan of the incident pages again."""
    desk = Desk()
    record = over(desk, SagaOutcome.STUCK, StepMark.UNDO_IN_DOUBT)
    decision = desk.do(finished, record, end(SagaOutcome.STUCK, WHY))
    (sent,) = effects(decision, SendPage)
    assert sent.page.key == f"INC-1/stuck-{record.saga.plan.id}/0"
    assert learned(desk) == [Result.FAILED]


@pytest.mark.parametrize("outcome", [SagaOutcome.UNDONE, SagaOutcome.STUCK])
def test_harm_counts_however_the_undo_ended(outcome: SagaOutcome) -> None:
    """The verdict decides, not a word in the reason."""
    desk = Desk()
    record = over(desk, outcome)
    desk.do(finished, record, end(outcome, Prose("fine"), Verdict.HARMED))
    assert learned(desk) == [Result.HARMED]
    assert desk.state.work["INC-1"].attempts[0].verdict is Verdict.HARMED


def test_a_reason_that_speaks_of_harm_is_not_harm() -> None:
    """Nothing reads it."""
    desk = Desk()
    record = over(desk)
    desk.do(finished, record, end(SagaOutcome.UNDONE, Prose("harmed nothing"), Verdict.UNHEALTHY))
    assert learned(desk) == [Result.FAILED]


def test_a_refused_plan_teaches_breakers_nothing() -> None:
    """Nothing was done: it is an attempt without a verdict."""
    desk = Desk()
    record = over(desk, SagaOutcome.REFUSED, StepMark.PENDING)
    desk.do(finished, record, end(SagaOutcome.REFUSED, Prose("budget spent")))
    assert desk.state.breakers == {}
    assert desk.state.work["INC-1"].attempts[0].verdict is None


def test_a_reversal_at_its_time_is_one_line() -> None:
    """The plan was verified before: it is no second attempt and no second success."""
    desk = Desk()
    record = over(desk, SagaOutcome.VERIFIED, StepMark.DONE)
    desk.do(finished, record, end(SagaOutcome.VERIFIED, Prose("healthy")))
    desk.do(finished, record, end(SagaOutcome.REVERSED, Prose("its time came")))
    assert learned(desk) == [Result.HEALED]
    assert len(desk.state.work["INC-1"].attempts) == 1
    assert desk.story("INC-1")[-1].endswith("reversed: its time came")


def test_a_plan_of_an_incident_that_a_person_has_changes_no_state() -> None:
    """It is an attempt; the incident stays with its person."""
    desk = Desk()
    record = over(desk)
    desk.last.put(replace(desk.state.incidents["INC-1"], state=IncidentState.ESCALATED))
    desk.do(finished, record, end(SagaOutcome.UNDONE, WHY))
    assert desk.stated("INC-1") == "escalated"
    assert len(desk.state.work["INC-1"].attempts) == 1


def test_the_end_of_an_older_plan_does_not_end_the_present_one() -> None:
    """The incident acts under another plan meanwhile."""
    desk = Desk()
    record = over(desk)
    desk.last.put(replace(desk.state.incidents["INC-1"], plan="another"))
    draft = desk.draft()
    finished(draft, record, end(SagaOutcome.VERIFIED, Prose("healthy")))
    assert desk.stated("INC-1") == "acting"


def test_several_checks_are_counted_in_the_story() -> None:
    """One check is not worth a word."""
    desk = Desk()
    record = replace(over(desk), checks=3)
    desk.do(finished, record, end(SagaOutcome.UNDONE, WHY))
    assert any(line.endswith("undone: errors stay high (after 3 checks)") for line in desk.story("INC-1"))


def test_a_recurrence_after_healing_counts_against_the_plan() -> None:
    """What did not last was no cure."""
    desk = Desk()
    record = over(desk, SagaOutcome.VERIFIED, StepMark.DONE)
    desk.do(finished, record, end(SagaOutcome.VERIFIED, Prose("healthy")))
    desk.do(recurred, "INC-1", Prose("web is abnormal again"))
    assert learned(desk) == [Result.HEALED, Result.RECURRED]
    assert desk.stated("INC-1") == "diagnosing"


def test_a_recurrence_after_it_cleared_by_itself_is_nobody_s_fault() -> None:
    """Its plan, if it had one, healed nothing."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.RESOLVED)
    desk.change(name, outcome=IncidentOutcome(OutcomeKind.CLEARED), closed_at=desk.at)
    desk.do(recurred, name, Prose("web is abnormal again"))
    assert desk.state.breakers == {}
    assert desk.state.work[name].reopened == 1
