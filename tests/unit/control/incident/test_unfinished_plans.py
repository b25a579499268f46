"""A plan that has not finished forbids archiving its incident, and moves with it when it is merged."""

from __future__ import annotations

from typing import Any

import pytest

from aiops.agents.view import AgentView
from aiops.console.commands import Commands
from aiops.control.diagnosis.merging import WAIT_SECONDS, merge_later
from aiops.control.incident.escalation import not_acknowledged
from aiops.control.incident.membership import archive, merge
from aiops.control.incident.unfinished_plans import expect_all_finished, half_way, move_plans, under_way, unfinished
from aiops.control.plan.proposals import consider
from aiops.model.effects import SendPage
from aiops.model.entities import Edge, Item
from aiops.model.events import ItemReported
from aiops.model.handoffs import Handoff, Intent, MergeProposed, Role, Ruling, StepRequest
from aiops.model.incidents import IncidentState
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight, StepDirection
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from remediations.saga_state import SagaState
from tests.unit.console.estate import LoopClock
from tests.unit.control.drafts import Desk, effects, ruling
from tests.unit.control.fakes import FakeAnalysis, FakeOversight, Loop, answer, settings

WHY = Prose("the same cause")


class Merging(FakeAnalysis):
    """Proposes to merge every other incident with ``other``."""

    other = ""

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """The cause, and the merge."""
        made = super().handle(handoff, view)
        if not self.other or self.other == view.incident.id:
            return made
        return (*made, answer(handoff, Role.ORCHESTRATOR, Intent.MERGE, MergeProposed(self.other), suffix="m"))


class NoUndo(FakeOversight):
    """A security hold forbids every undo."""

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Steps go ahead only."""
        asked = handoff.payload
        if not isinstance(asked, StepRequest) or asked.direction is StepDirection.DO:
            return super().handle(handoff, view)
        subject = f"{asked.plan}/{asked.step}/{asked.direction}"
        ruled = Ruling(subject, permitted=False, level=Oversight.FORBIDDEN, reasons=(Prose("hold"),))
        return (answer(handoff, Role.ORCHESTRATOR, Intent.RULE, ruled),)


def two(rest: SagaState = SagaState.STUCK, **fields: Any) -> tuple[Desk, str]:
    """INC-1 is with a person; INC-2 is too, and its plan is in ``rest``. Also the plan's id."""
    desk = Desk()
    desk.incident("old", state=IncidentState.ESCALATED)
    name, plan = desk.begun("web")
    desk.at_rest(name, IncidentState.ESCALATED, rest, **fields)
    return desk, plan.id


def describe(loop: Loop, name: str, *needs: str) -> None:
    """The CMDB knows the item."""
    edges = tuple(Edge(name, other) for other in needs)
    loop.runtime.offer(ItemReported(id=f"item/{name}", at=loop.at, item=Item(name), edges=edges))


def test_a_plan_that_runs_forbids_archiving() -> None:
    """The refusal names the plan and how far it is; nothing changes."""
    desk = Desk()
    name, plan = desk.begun()
    refusal = desk.refused(archive, name)
    assert refusal.kind is RefusalKind.NOT_PERMITTED
    assert refusal.reason == f"plan {plan.id} of {name} has not finished: it is going ahead"


@pytest.mark.parametrize("rest", [SagaState.STUCK, SagaState.HOLDING])
def test_a_plan_that_waits_forbids_archiving(rest: SagaState) -> None:
    """Half-way, or until its temporary change is reversed."""
    desk, plan = two(rest)
    assert unfinished(desk.state, "INC-2") == [plan]
    assert desk.refused(archive, "INC-2").kind is RefusalKind.NOT_PERMITTED


def test_a_finished_plan_is_archived_with_its_incident() -> None:
    """Nothing of it is expected any more."""
    desk, _ = two(SagaState.FINISHED)
    expect_all_finished(desk.state, "INC-2")
    desk.do(archive, "INC-2")
    assert desk.state.sagas == {}


@pytest.mark.parametrize("rest", [SagaState.STUCK, SagaState.HOLDING])
def test_what_has_not_finished_moves_with_the_merge(rest: SagaState) -> None:
    """The kept incident has the plan now, and its story says so."""
    desk, plan = two(rest)
    desk.do(merge, "INC-1", "INC-2", why=WHY)
    assert list(desk.state.incidents) == ["INC-1"]
    assert desk.state.sagas[plan].incident == "INC-1"
    assert unfinished(desk.state, "INC-1") == [plan]
    assert any(line.startswith(f"orchestrator: took over plan {plan}") for line in desk.story("INC-1"))


def test_a_finished_plan_does_not_move() -> None:
    """It goes to the archive with its incident."""
    desk, _ = two(SagaState.FINISHED)
    desk.do(merge, "INC-1", "INC-2", why=WHY)
    assert (desk.state.sagas, half_way(desk.state, "INC-1")) == ({}, [])


def test_a_merge_waits_for_a_plan_that_is_being_undone() -> None:
    """INC-2 is with a person already, and its undo is on the way: the answers to it must find it."""
    desk, plan = two(SagaState.AUTHORISING, direction=StepDirection.UNDO)
    assert under_way(desk.state, "INC-2") == [plan]
    desk.do(merge_later, "INC-1\nINC-2")
    assert (len(desk.state.incidents), desk.due_in("merge/INC-1\nINC-2")) == (2, WAIT_SECONDS)
    assert desk.refused(move_plans, "INC-2", "INC-1").kind is RefusalKind.LATE


def test_the_page_about_a_half_way_plan_moves_with_it() -> None:
    """If nobody acknowledges it, the next level is still paged; other pages of the merged incident are gone."""
    loop = Loop(settings(gather_seconds=1.0), analysis=Merging(), oversight=NoUndo())
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(200)
    loop.oversight.veto = {Intent.EXECUTE}
    loop.abnormal("old")
    loop.wait(20)
    state = loop.runtime.orchestrator.state
    (plan,) = state.sagas
    assert loop.incidents == {"INC-1": "escalated", "INC-2": "escalated"}
    desk = Desk()
    desk.state = state
    desk.at = loop.runtime.now
    desk.do(merge, "INC-2", "INC-1", why=WHY)
    stuck = PageReason(EscalationCause.STUCK, plan)
    (key,) = [key for key, record in state.pages.items() if record.reason == stuck]
    assert state.pages[key].page.work_item == "INC-2"
    assert state.owned("INC-1", "page") == []
    (sent,) = effects(desk.do(not_acknowledged, key), SendPage)
    assert (sent.page.work_item, sent.page.level) == ("INC-2", 1)


def test_a_person_takes_over_after_the_merge_and_everything_is_given_back() -> None:
    """The plan was lost with its incident before, and its reservation was kept for ever."""
    analysis = Merging()
    loop = Loop(settings(gather_seconds=1.0), analysis=analysis, oversight=NoUndo())
    describe(loop, "web")
    describe(loop, "web2", "web")
    loop.oversight.veto = {Intent.EXECUTE}
    loop.abnormal("old")
    loop.wait(60)
    loop.oversight.veto, loop.target.heals = set(), False
    loop.abnormal("web")
    loop.wait(200)
    assert len(loop.target.reserved) == 1
    analysis.other = "INC-1"
    loop.abnormal("web2")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "escalated"}
    Commands(loop.journal, loop.journal, LoopClock(loop)).take_over("INC-2", "ann")
    loop.runtime.wake()
    loop.wait(1)
    assert loop.target.reserved == {}


def test_no_new_plan_begins_beside_one_that_stopped_half_way() -> None:
    """The targets are not as the plan would find them: a person has the incident until somebody takes over."""
    desk, plan = two()
    desk.change("INC-2", state=IncidentState.DECIDING)
    proposed = desk.plan("INC-2", key="next")
    desk.do(consider, "INC-2", proposed, ruling=ruling("x"))
    assert desk.stated("INC-2") == "escalated"
    assert any(f"plan {plan} stopped half-way" in line for line in desk.story("INC-2"))
