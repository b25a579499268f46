"""More becomes known while a person has the incident: it is diagnosed anew; approvals do not outlive the cause."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aiops.agents.view import AgentView
from aiops.model.handoffs import Diagnosed, Handoff, Intent
from aiops.model.plans import Oversight
from tests.unit.control.diagnosis.test_storms import item
from tests.unit.control.fakes import FakeAnalysis, Loop, settings


@dataclass
class Told(FakeAnalysis):
    """Blames whom it is told to, and counts how often it was asked."""

    blamed: str = "web"
    asked: int = 0
    unknown: bool = False

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """The usual answer with another name."""
        self.asked += 1
        (given,) = super().handle(handoff, view)
        assert isinstance(given.payload, Diagnosed)
        found = given.payload.diagnosis
        best = replace(found.hypotheses[0], entity=self.blamed)
        return (replace(given, payload=Diagnosed(replace(found, hypotheses=(best,)))),)


def waiting(level: Oversight = Oversight.ONE_APPROVER, **control: float) -> tuple[Loop, Told]:
    """``web`` and ``shop`` need ``db``; web is abnormal and a plan to restart it waits for approval."""
    analysis = Told()
    loop = Loop(settings(**control), analysis=analysis)
    loop.oversight.level = level
    for name in ("web", "shop", "mail"):
        loop.runtime.offer(item(name, "db"))
    loop.wait(1)
    loop.abnormal("web")
    loop.wait(10)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    return loop, analysis


def test_the_same_cause_keeps_plan_and_approvals() -> None:
    """A new member of the same trouble changes nothing that was agreed; one more diagnosis is asked, not many."""
    loop, analysis = waiting(Oversight.TWO_APPROVERS)
    asked, pages = analysis.asked, len(loop.target.pages)
    plan = loop.runtime.orchestrator.state.incidents["INC-1"].plan
    loop.runtime.command("approve", "INC-1", "ann")
    loop.abnormal("shop")
    loop.abnormal("mail")
    loop.wait(10)
    assert analysis.asked == asked + 1
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    assert loop.runtime.orchestrator.state.work["INC-1"].approvals == ("ann",)
    assert loop.runtime.orchestrator.state.incidents["INC-1"].plan == plan
    assert len(loop.target.pages) == pages
    (record,) = loop.runtime.orchestrator.state.pages.values()
    assert record.page.title.startswith("3 items abnormal")
    assert "approve INC-1" in record.page.asks


def test_another_cause_voids_the_approval() -> None:
    """Half of the approvals were given for the old target; the new plan needs both anew, and pages anew."""
    loop, analysis = waiting(Oversight.TWO_APPROVERS)
    loop.runtime.command("approve", "INC-1", "ann")
    analysis.blamed = "db"
    loop.abnormal("shop")
    loop.wait(15)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    assert loop.runtime.orchestrator.state.work["INC-1"].approvals == ()
    assert "the approval of ann is void" in loop.story()
    assert [page.key for page in loop.target.pages] == ["INC-1/approval-1/0", "INC-1/approval-1-2/0"]
    loop.runtime.command("approve", "INC-1", "bob")
    loop.wait(5)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    loop.runtime.command("approve", "INC-1", "ann")
    loop.wait(1)
    assert [key.rsplit("/", 2)[1] for key in loop.target.effects] == ["restart"]
    assert (
        loop.runtime.orchestrator.state.orders[next(iter(loop.target.effects))].order.capability.action.target == "db"
    )


def test_an_approval_of_an_older_context_is_refused() -> None:
    """Who looked at the incident before its cause changed has approved something else."""
    loop, analysis = waiting()
    old = loop.runtime.orchestrator.state.work["INC-1"].basis
    analysis.blamed = "db"
    loop.abnormal("shop")
    loop.wait(15)
    for version in (str(old), "99", "-1", "x", ""):
        loop.runtime.command("approve", "INC-1", "ann", version=version)
        loop.wait(1)
        assert loop.incidents == {"INC-1": "awaiting-approval"}
    loop.runtime.command("approve", "INC-1", "ann", version=str(loop.runtime.orchestrator.state.work["INC-1"].basis))
    loop.wait(1)
    assert loop.target.effects


def test_an_approval_during_the_second_look_counts() -> None:
    """The plan begins at once; what analysis says afterwards of the old question is dropped."""
    loop, analysis = waiting()
    loop.abnormal("shop")
    loop.wait(5.01)
    analysis.blamed = "db"
    loop.runtime.command("approve", "INC-1", "ann")
    loop.wait(1)
    assert loop.incidents == {"INC-1": "acting"}
    state = loop.runtime.orchestrator.state
    assert not [r for r in state.handoffs.values() if r.handoff.intent is Intent.DIAGNOSE]
    loop.wait(60)
    assert list(loop.target.effects.values()) == [1]


def test_a_cause_that_never_settles_is_for_a_person() -> None:
    """After a few withdrawn plans nobody is asked to approve another one."""
    loop, analysis = waiting(correlation_seconds=3600)
    for number in range(8):
        analysis.blamed = f"svc-{number}"
        loop.runtime.offer(item(f"new-{number}", "web"))
        loop.wait(1)
        loop.abnormal(f"new-{number}")
        loop.wait(15)
    assert loop.incidents == {"INC-1": "escalated"}
    asked = [page.key for page in loop.target.pages if page.level == 0]
    assert asked[-1] == "INC-1/unsettled/0"
    assert len(asked) == 5
    assert loop.target.effects == {}


def test_an_escalated_incident_learns_but_does_not_act() -> None:
    """A person has it: the newest cause is shown and told to the next level, and nothing begins by itself."""
    analysis = Told()
    analysis.unknown = True
    loop = Loop(settings(gather_seconds=1.0, acknowledge_seconds=30.0), analysis=analysis)
    loop.oversight.veto = {Intent.EXECUTE}
    loop.runtime.offer(item("web", "db"))
    loop.runtime.offer(item("shop", "db"))
    loop.wait(1)
    loop.abnormal("web")
    loop.wait(5)
    assert loop.incidents == {"INC-1": "escalated"}
    loop.oversight.veto = set()
    analysis.blamed, analysis.unknown = "db", False
    loop.abnormal("shop")
    loop.wait(40)
    assert loop.incidents == {"INC-1": "escalated"}
    assert loop.runtime.orchestrator.state.incidents["INC-1"].root == "db"
    assert [page.level for page in loop.target.pages] == [0, 1]
    assert "of db" in loop.target.pages[1].title
    assert loop.target.effects == {}
