"""The authority of a plan ends with that of its incident, and its temporary change ends at its time all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.agents.view import AgentView
from aiops.control.incident.membership import move
from aiops.control.plan.authority import withdraw
from aiops.control.state.lifecycle import Trigger
from aiops.model.handoffs import Handoff, Intent, Planned, Role, Ruling, StepRequest
from aiops.model.plans import Oversight, StepDirection
from aiops.model.prose import Prose
from remediations.saga_messages import SagaOutcome
from remediations.saga_state import SagaState
from tests.unit.control.drafts import Desk
from tests.unit.control.fakes import SECOND, START, FakeOversight, FakeResolution, Loop, answer, settings

HOUR = 3600.0


class Freeze(FakeOversight):
    """Permits plans, and holds each step until the freeze is over."""

    until = START + round(14 * HOUR) * SECOND

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Steps wait."""
        asked = handoff.payload
        if not isinstance(asked, StepRequest) or view.at >= self.until:
            return super().handle(handoff, view)
        subject = f"{asked.plan}/{asked.step}/{asked.direction}"
        why = (Prose("freeze"),)
        ruling = Ruling(subject, permitted=False, level=Oversight.FORBIDDEN, reasons=why, hold_until=self.until)
        return (answer(handoff, Role.ORCHESTRATOR, Intent.RULE, ruling),)


class Temporary(FakeResolution):
    """Its changes are taken back after five minutes."""

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """One temporary step."""
        (made,) = super().handle(handoff, view)
        if not isinstance(made.payload, Planned):
            return (made,)
        plan = made.payload.plan
        step = replace(plan.steps[0], reverse_after_seconds=300.0)
        return (replace(made, payload=Planned(replace(plan, steps=(step,)))),)


@pytest.mark.parametrize("closing", [False, True])
def test_an_approved_plan_that_waits_for_a_window_ends_with_its_incident(*, closing: bool) -> None:
    """It was approved in the evening and held by a freeze; in the morning it does not run."""
    loop = Loop(settings(), oversight=Freeze())
    loop.oversight.level = Oversight.ONE_APPROVER
    loop.abnormal("web")
    loop.wait(61)
    loop.runtime.command("approve", "INC-1", "ann")
    loop.wait(2 * HOUR)
    assert loop.incidents == {"INC-1": "escalated"}
    (record,) = loop.runtime.orchestrator.state.sagas.values()
    assert (record.saga.state, record.saga.ended) == (SagaState.FINISHED, SagaOutcome.REFUSED)
    assert record.saga.why == "INC-1 is escalated and does not act on this plan any more"
    if closing:
        loop.runtime.command("close", "INC-1", "bob")
    loop.wait(13 * HOUR)
    assert (dict(loop.target.effects), loop.target.reserved) == ({}, {})


def test_the_plan_of_an_incident_that_is_handed_over_is_undone() -> None:
    """An effect that was in flight ends first; then it is taken back, and nothing stays reserved."""
    loop = Loop(settings())
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(3)
    state = loop.runtime.orchestrator.state
    (record,) = state.sagas.values()
    assert (loop.incidents, record.saga.state) == ({"INC-1": "verifying"}, SagaState.SETTLING)
    loop.wait(200)
    assert [direction for _, direction in loop.target.done][:2] == [StepDirection.DO, StepDirection.UNDO]
    assert loop.target.reserved == {}


@pytest.mark.parametrize("command", ["close", "suppress"])
def test_a_temporary_change_ends_at_its_time_whatever_became_of_its_incident(command: str) -> None:
    """The incident came back, was handed to a person, and was closed or suppressed before its time."""
    loop = Loop(settings(max_attempts=1), resolution=Temporary())
    held = loop.abnormal("web")
    loop.wait(40)
    assert loop.incidents == {"INC-1": "resolved"}
    loop.well(held)
    loop.wait(10)
    loop.abnormal("web")
    loop.wait(30)
    assert loop.incidents == {"INC-1": "escalated"}
    loop.runtime.command(command, "INC-1", "bob")
    loop.wait(600)
    assert [direction for _, direction in loop.target.done] == [StepDirection.DO, StepDirection.UNDO]
    assert loop.target.reserved == {}


def test_a_step_that_oversight_permits_does_not_begin_once_the_incident_is_handed_over() -> None:
    """The deadline passes while the budget is asked: the late grant is given back."""
    desk = Desk()
    name, plan = desk.begun()

    def handed_over() -> None:
        draft = desk.draft()
        move(draft, name, Trigger.DEADLINE)
        withdraw(draft)
        draft.decide()

    handed_over()
    record = desk.state.sagas[plan.id]
    assert (record.saga.state, record.saga.reservations) == (SagaState.FINISHED, ())
    assert f"orchestrator: withdraws {plan.id}: {record.saga.why}" in desk.story(name)


def test_a_new_epoch_looks_at_every_plan() -> None:
    """A journal of an earlier version may have a plan that outlived its incident."""
    desk = Desk()
    name, plan = desk.begun()
    draft = desk.draft()
    move(draft, name, Trigger.DEADLINE)
    draft.decide()
    draft = desk.draft()
    withdraw(draft)
    assert desk.state.sagas[plan.id].saga.state is SagaState.RESERVING
    withdraw(draft, everywhere=True)
    assert desk.state.sagas[plan.id].saga.state is SagaState.FINISHED


def test_a_plan_of_an_acting_incident_is_left_alone() -> None:
    """Its pair is in the table; a plan without an incident is a bug that an invariant names."""
    desk = Desk()
    _, plan = desk.begun()
    draft = desk.draft()
    draft.put(replace(desk.state.sagas[plan.id], incident="INC-9"))
    withdraw(draft, everywhere=True)
    draft.put(replace(desk.state.sagas[plan.id], incident="INC-1"))
    withdraw(draft, everywhere=True)
    assert desk.state.sagas[plan.id].saga.state is SagaState.RESERVING
