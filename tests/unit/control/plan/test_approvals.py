"""Approvals count only for what they were given for, and say why they no longer count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.agents.view import AgentView
from aiops.console.commands import Commands
from aiops.control.events.commands import given as commanded
from aiops.control.plan.approvals import Void, VoidCause, basis_of, given, void, void_by_ruling
from aiops.control.plan.proposals import consider
from aiops.control.plan.saga_driver import ruled
from aiops.control.state.approval_basis import ApprovalBasis
from aiops.control.state.documents import ItemRecord, plan_version
from aiops.model.entities import Edge, Item
from aiops.model.events import CommandGiven, ItemReported
from aiops.model.handoffs import Handoff, Planned, StepRequest
from aiops.model.incidents import IncidentState
from aiops.model.plans import Oversight, Plan, StepDirection
from remediations.saga_state import SagaState
from tests.unit.console.estate import LoopClock
from tests.unit.control.drafts import Desk, ruling
from tests.unit.control.fakes import START, FakeResolution, Loop, settings

ONE, TWO = Oversight.ONE_APPROVER, Oversight.TWO_APPROVERS
BASIS = ApprovalBasis((("web", 3),), ONE, ("p1", "p2"), "digest", ("shop", "web"))


class SamePlan(FakeResolution):
    """Names its plans by the number of the attempt, as the product's own resolution does."""

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """The id does not change until a plan was begun."""
        (made,) = super().handle(handoff, view)
        if not isinstance(made.payload, Planned):
            return (made,)
        plan = replace(made.payload.plan, id=f"{view.incident.id}-p{view.incident.attempts + 1}")
        return (replace(made, payload=Planned(plan)),)


def waiting(level: Oversight = TWO, **fields: Any) -> tuple[Desk, Plan]:
    """INC-1 waits for approval to restart web, version 3, which shop needs."""
    desk = Desk(settings(approval_lasts_seconds=100.0))
    describe(desk, Item("web", version=3))
    describe(desk, Item("shop"), Edge("shop", "web"))
    name = desk.incident("web", state=IncidentState.DECIDING)
    plan = desk.plan(name)
    desk.do(consider, name, plan, ruling=ruling(plan.id, level, policies=("p1",), digest="d", **fields))
    return desk, plan


def describe(desk: Desk, item: Item, *edges: Edge) -> None:
    """The CMDB describes an item."""
    desk.do(lambda draft: draft.put(ItemRecord(item, edges)))


def approve(desk: Desk, who: str) -> None:
    """A person approves."""
    event = CommandGiven(id=f"approve/{who}", at=desk.at, command="approve", subject="INC-1", who=who)
    desk.do(commanded, event, event=event)


def test_what_people_approve_is_kept_with_the_plan() -> None:
    """Targets with their versions, level, deciding policies, and what the plan may affect."""
    desk, _ = waiting()
    assert desk.state.work["INC-1"].bound == ApprovalBasis((("web", 3),), TWO, ("p1",), "d", ("shop", "web"))
    approve(desk, "ann")
    bound = desk.state.work["INC-1"].bound
    assert bound is not None
    assert bound.given == (desk.at,)
    approve(desk, "bob")
    running = desk.state.sagas["INC-1/p/plan"].bound
    assert running is not None
    assert running.given == (desk.at, desk.at)


def test_a_target_that_changed_voids_the_approvals() -> None:
    """Ann approved for version 3; when Bob approves, web has version 4: both are asked again."""
    desk, plan = waiting()
    approve(desk, "ann")
    describe(desk, Item("web", version=4))
    approve(desk, "bob")
    work = desk.state.work["INC-1"]
    assert (work.approvals, work.proposed, work.bound) == ((), None, None)
    assert desk.stated("INC-1") == "diagnosing"
    told = f"withdraws {plan.id} of ann, bob: the approval no longer counts: web is described differently now"
    assert f"orchestrator: {told}" in desk.story("INC-1")


def test_a_plan_that_may_affect_more_is_not_the_one_that_was_approved() -> None:
    """A new caller of web was seen since."""
    desk, _ = waiting()
    describe(desk, Item("pay"), Edge("pay", "web"))
    approve(desk, "ann")
    assert any("the plan may also affect pay now" in line for line in desk.story("INC-1"))
    assert desk.state.sagas == {}


def test_an_approval_expires() -> None:
    """The second came too late for the first one."""
    desk, _ = waiting()
    approve(desk, "ann")
    desk.wait(101)
    approve(desk, "bob")
    assert any("it was given more than 100 s ago" in line for line in desk.story("INC-1"))
    assert desk.state.sagas == {}


def test_within_its_time_it_counts() -> None:
    """The second approval starts the plan."""
    desk, plan = waiting()
    approve(desk, "ann")
    desk.wait(99)
    approve(desk, "bob")
    assert list(desk.state.sagas) == [plan.id]


def started(**word: Any) -> tuple[Desk, Plan, str]:
    """An approved plan asks for its first step; how the ruling on it ends in the story."""
    desk, plan = waiting(ONE)
    approve(desk, "ann")
    record = desk.state.sagas[plan.id]
    saga = replace(record.saga, state=SagaState.AUTHORISING)
    desk.do(lambda draft: draft.put(replace(record, saga=saga)))
    desk.wait(word.pop("after", 0))
    if "version" in word:
        describe(desk, Item("web", version=word.pop("version")))
    step = plan.steps[0]
    request = StepRequest(plan.id, step.id, step.action, StepDirection.DO, step.blast, ("ann",), START)
    said = ruling(f"{plan.id}/{step.id}/do", word.pop("level", ONE), **({"policies": ("p1",), "digest": "d"} | word))
    desk.do(ruled, request, said)
    return desk, plan, desk.state.sagas[plan.id].saga.why


def test_a_step_begins_on_the_facts_that_were_approved() -> None:
    """Nothing changed: it runs."""
    desk, plan, _ = started()
    assert desk.state.sagas[plan.id].saga.state is SagaState.RUNNING


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ({"after": 101}, "it was given more than 100 s ago"),
        ({"version": 4}, "web is described differently now"),
        ({"policies": ("p1", "p9")}, "other policies decide now"),
        ({"digest": "e"}, "other policies decide now"),
    ],
)
def test_no_step_begins_on_an_approval_that_no_longer_counts(word: dict[str, Any], why: str) -> None:
    """The plan ends with the reason, and nothing was done."""
    desk, plan, told = started(**word)
    assert told == f"oversight: the approval no longer counts: {why}"
    assert desk.state.sagas[plan.id].saga.state is SagaState.FINISHED


def test_half_way_the_plan_s_own_change_of_its_target_is_no_drift() -> None:
    """After the first step the CMDB has a new version of web."""
    desk, plan = waiting()
    draft = desk.draft()
    basis = basis_of(draft, plan, ONE, policies=(), digest="")
    describe(desk, Item("web", version=4))
    assert void(draft, basis, plan) == Void(VoidCause.TARGET, "web")
    assert void(draft, basis, plan, begun=True) is None


@pytest.mark.parametrize(
    ("level", "policies", "digest", "cause"),
    [
        (ONE, ("p1",), "digest", None),
        (Oversight.UNATTENDED, ("p1",), "digest", None),
        (TWO, ("p1",), "digest", VoidCause.LEVEL),
        (ONE, ("p3",), "digest", VoidCause.POLICIES),
        (ONE, ("p1",), "other", VoidCause.POLICIES),
    ],
)
def test_a_stricter_level_and_other_policies_void(
    level: Oversight, policies: tuple[str, ...], digest: str, cause: VoidCause | None
) -> None:
    """Fewer policies and a lower level are within what was approved."""
    found = void_by_ruling(BASIS, level, policies=policies, digest=digest)
    assert (found.cause if found else None) is cause


def test_an_approval_without_a_basis_is_kept_as_it_was() -> None:
    """A journal of an earlier version has plans that wait without one."""
    desk, _ = waiting()
    work = replace(desk.state.work["INC-1"], bound=None)
    assert given(desk.draft(), work, "ann") == replace(work, approvals=("ann",))


def test_a_second_approval_after_a_recurrence_counts() -> None:
    """The plan has the same name, but it is another proposal: "said before" was wrong."""
    loop = Loop(settings(), resolution=SamePlan())
    loop.oversight.level = TWO
    commands = Commands(loop.journal, loop.journal, LoopClock(loop))
    held = loop.abnormal("web")
    loop.wait(30)
    work = loop.runtime.orchestrator.state.work
    first = plan_version(work["INC-1"])
    commands.approve("INC-1", "ann", first)
    loop.runtime.wake()
    assert work["INC-1"].approvals == ("ann",)
    loop.well(held)
    loop.wait(30)
    loop.abnormal("web")
    loop.wait(30)
    second = plan_version(loop.runtime.orchestrator.state.work["INC-1"])
    assert (second.split("@")[0], second != first) == (first.split("@")[0], True)
    assert commands.approve("INC-1", "ann", second).new
    assert commands.approve("INC-1", "bob", second).new
    loop.runtime.wake()
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}


def test_items_that_the_cmdb_reports_reach_the_basis() -> None:
    """From the topic to the refusal, in a loop."""
    loop = Loop(settings())
    loop.oversight.level = TWO
    loop.runtime.offer(ItemReported(id="1", at=loop.at, item=Item("web", version=1)))
    loop.abnormal("web")
    loop.wait(30)
    loop.runtime.command("approve", "INC-1", "ann")
    loop.runtime.offer(ItemReported(id="2", at=loop.runtime.now, item=Item("web", version=2)))
    loop.wait(1)
    loop.runtime.command("approve", "INC-1", "bob")
    loop.wait(20)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    assert loop.runtime.orchestrator.state.work["INC-1"].approvals == ()
    assert loop.target.done == []
