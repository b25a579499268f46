"""Every state of an incident with every saga that can come about is possible or cannot be reached."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Final

import pytest

from aiops.control.incident.membership import move
from aiops.control.plan import saga_driver
from aiops.control.plan.authority import withdraw
from aiops.control.state import documents as doc
from aiops.control.state import lifecycle
from aiops.control.state.combinations import TABLE, Standing, possible, rows
from aiops.control.state.invariants import broken
from aiops.control.state.lifecycle import BUSY, Trigger
from aiops.control.state.transaction import Draft
from aiops.model.effects import RunStep
from aiops.model.errors import NoTransitionError
from aiops.model.incidents import IncidentState
from aiops.model.plans import Capability, Step, StepDirection, StepOrder
from remediations import saga_messages as messages
from remediations.saga import advance
from remediations.saga_phase import Phase, phase_of
from remediations.saga_state import Saga
from tests.unit.control.drafts import Desk, effects
from tests.unit.control.fakes import SECOND
from tests.unit.remediations.reachable import events, reachable

OF_PLANS: Final = {Trigger.BEGUN, Trigger.SETTLING, Trigger.UNDO_BEGUN, Trigger.HEALED, Trigger.UNDONE, Trigger.MERGED}
"""Triggers that only the end or the progress of a plan causes, and merging, which archives the incident."""


def sagas() -> list[Saga]:
    """One saga of each state, direction and set of flags."""
    kinds = {(s.state, s.direction, s.halted, s.withdrawn, s.reversing): s for s in reversed(reachable())}
    return list(kinds.values())


def permitted(state: IncidentState) -> list[tuple[Saga, Standing]]:
    """Everything that the table permits in one state of the incident."""
    every = [(saga, stands) for saga in sagas() for stands in Standing]
    return [(saga, stands) for saga, stands in every if stands in TABLE.get((state, phase_of(saga)), ())]


def desk_with(state: IncidentState, saga: Saga, stands: Standing) -> tuple[Desk, str, str]:
    """A desk on which an incident in this state has this plan; the incident and the plan."""
    desk = Desk()
    name, plan = desk.begun()
    steps = tuple(_renamed(step) for step in saga.plan.steps)
    saga = replace(saga, plan=replace(plan, steps=steps), timer=f"{plan.id}/timer/1" if saga.timer else "")
    later = desk.plan(name, key="later")

    def put(draft: Draft) -> None:
        draft.put(replace(desk.state.sagas[plan.id], saga=saga))
        if saga.timer:
            draft.timer("saga", plan.id, desk.at, id_=saga.timer)
        draft.put(_order(desk, saga))
        present = plan.id
        if stands is Standing.EARLIER:
            present = later.id
            if state in BUSY:
                _beside(desk, draft, state, present)
        draft.put(replace(desk.state.incidents[name], state=state, plan=present))

    draft = desk.draft()
    put(draft)
    draft.decide()
    return desk, name, plan.id


def _renamed(step: Step) -> Step:
    return replace(step, action=replace(step.action, target="web"))


def _order(desk: Desk, saga: Saga) -> doc.OrderRecord:
    capability = Capability("c", "INC-1", saga.key, saga.step.action, saga.direction, 0, 0, desk.at + SECOND)
    return doc.OrderRecord(StepOrder(capability, desk.at + SECOND), saga.plan.id)


def _beside(desk: Desk, draft: Draft, state: IncidentState, plan: str) -> None:
    """Another plan that is under way, in the phase that the incident's state stands for."""
    phases = {s: p for s, p in TABLE if TABLE[s, p] == {Standing.PRESENT} and s in BUSY}
    held = desk.state.sagas[next(iter(desk.state.sagas))]
    going = next(s for s in sagas() if phase_of(s) is phases[state] and not s.halted)
    going = replace(going, plan=replace(held.saga.plan, id=plan), timer=f"{plan}/timer/1")
    draft.put(replace(held, saga=going))
    draft.timer("saga", plan, desk.at, id_=going.timer)


def accepted(saga: Saga) -> list[messages.Event]:
    """Events that the saga's state knows; a withdrawal has one sender only, which looks at the incident first."""
    found: list[messages.Event] = []
    for event in events(saga):
        if not isinstance(event, messages.Withdrawn):
            with suppress(NoTransitionError):
                advance(saga, event)
                found.append(event)
    return found


def impossible(desk: Desk) -> list[str]:
    """Plans whose pair is not in the table."""
    state = desk.state
    return [p for p, record in state.sagas.items() if not possible(state, record.incident, record.saga)]


@pytest.mark.parametrize("state", IncidentState)
def test_nothing_from_outside_makes_an_impossible_pair(state: IncidentState) -> None:
    """Each trigger of people, deadlines and episodes, on each permitted pair: the plan ends or may stay."""
    triggers = [trigger for here, trigger in lifecycle.TABLE if here is state and trigger not in OF_PLANS]
    for (saga, stands), trigger in product(permitted(state), triggers):
        if saga.halted:
            continue
        desk, name, _ = desk_with(state, saga, stands)
        draft = desk.draft()
        move(draft, name, trigger)
        withdraw(draft)
        assert impossible(desk) == [], (trigger, phase_of(saga), stands)
        assert effects(draft.decide(), RunStep) == []


@pytest.mark.parametrize("state", IncidentState)
def test_no_answer_makes_an_impossible_pair(state: IncidentState) -> None:
    """Each event of a saga on each permitted pair: no step begins unless the incident acts on this plan."""
    for saga, stands in permitted(state):
        desk, _, plan = desk_with(state, saga, stands)
        for event in accepted(desk.state.sagas[plan].saga):
            desk, _, plan = desk_with(state, saga, stands)
            draft = desk.draft()
            saga_driver.deliver(draft, plan, event)
            withdraw(draft)
            assert impossible(desk) == [], (phase_of(saga), saga.state, event, stands)
            orders = [effect.order.capability for effect in effects(draft.decide(), RunStep)]
            ahead = [order for order in orders if order.direction is StepDirection.DO]
            assert not ahead or (state, stands) == (IncidentState.ACTING, Standing.PRESENT)


def test_an_impossible_pair_breaks_an_invariant() -> None:
    """An escalated incident with a plan that goes ahead is a bug, and it is named."""
    desk = Desk()
    name, plan = desk.begun()
    draft = desk.draft()
    draft.put(replace(desk.state.incidents[name], state=IncidentState.ESCALATED))
    assert f"{name} is escalated and its plan {plan.id} is going ahead" in broken(desk.state)


def test_only_an_acting_incident_has_a_plan_that_goes_ahead() -> None:
    """One pair in the whole table; a merged incident has no plan at all."""
    assert [state for state, phase in TABLE if phase is Phase.AHEAD] == [IncidentState.ACTING]
    assert not [phase for state, phase in TABLE if state is IncidentState.MERGED]


def test_the_printed_table_has_every_pair() -> None:
    """One row a state, one column a phase."""
    lines = rows().splitlines()
    assert len(lines) == 2 + len(IncidentState)
    assert all(line.count("|") == len(Phase) + 2 for line in lines)
    assert "| acting | present | - | - | - | earlier | earlier | earlier |" in lines
