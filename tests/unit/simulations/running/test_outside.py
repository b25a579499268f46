from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.incidents import Incident, IncidentState
from aiops.model.plans import Action, Capability, Observed, Oversight, StepDirection, StepOrder, StepOutcome, StepStatus
from aiops.model.telemetry import EntityReading, FleetQuestion
from simulations.running.outside import PEOPLE, AgentFleet, OnCall, PageRecorder, RecordedAction, WorldExecutor
from simulations.world.action_checks import PRIMITIVES
from simulations.world.estate import ActionSpec
from simulations.world.world import World
from tests.unit.adapters.paging.fakes import page
from tests.unit.simulations.faults.worlds import ESTATE

S = 1_000_000_000
SURE = ESTATE.model_copy(update={"actions": {name: ActionSpec(seconds=5) for name in PRIMITIVES}})
SHED = Action("shed-load", "web", {"share": 0.3})


def order(action: Action = SHED, key: str = "INC-1-p1/s1/do", **fields: Any) -> StepOrder:
    direction = fields.pop("direction", StepDirection.DO)
    return StepOrder(Capability("c", "INC-1", key, action, direction, 1, 0, 10**18), 10**18, **fields)


def executor() -> tuple[World, WorldExecutor]:
    """Over a world whose actions take about five seconds and never fail."""
    world = World(SURE, 1)
    return world, WorldExecutor(world)


def later(world: World) -> None:
    world.tick += 10
    world.operations.advance()


def begun(acting: WorldExecutor, asked: StepOrder) -> Future[StepOutcome]:
    """An order that the world has begun to carry out."""
    ends = acting.run(asked)
    assert isinstance(ends, Future)
    return ends


def test_an_order_ends_when_the_world_says_so() -> None:
    """It is not done before; afterwards its outcome carries its key, the world's time and its domain."""
    world, acting = executor()
    asked = order(domain="shop")
    ends = begun(acting, asked)
    acting.settle()
    assert not ends.done()
    assert acting.observe(asked) is Observed.UNKNOWN
    later(world)
    acting.settle()
    outcome = ends.result(0)
    assert (outcome.key, outcome.status, outcome.at, outcome.domain) == (
        "INC-1-p1/s1/do",
        StepStatus.DONE,
        world.now,
        "shop",
    )
    assert acting.observe(asked) is Observed.DONE


def test_an_order_that_cannot_be_is_told_at_once() -> None:
    """With the world's reason; it is noted as not accepted."""
    world, acting = executor()
    outcome = acting.run(order(Action("clear-cache", "web")))
    assert isinstance(outcome, StepOutcome)
    assert (outcome.status, outcome.detail) == (StepStatus.FAILED, "web keeps nothing that can be cleared")
    assert acting.acts == [RecordedAction(world.now, "INC-1-p1/s1/do", "clear-cache web", False, False, "INC-1-p1")]


def test_a_dry_run_touches_nothing() -> None:
    """Neither the world nor the list of acts."""
    world, acting = executor()
    outcome = acting.run(order(dry_run=True))
    assert isinstance(outcome, StepOutcome)
    assert (outcome.status, outcome.detail) == (StepStatus.DONE, "dry run")
    assert (acting.acts, world.operations.asked) == ([], {})


def test_an_undo_is_noted_as_one() -> None:
    """With the plan that it belongs to."""
    _, acting = executor()
    acting.run(order(direction=StepDirection.UNDO, key="INC-1-p2/s1/undo"))
    assert (acting.acts[0].undo, acting.acts[0].plan, acting.acts[0].accepted) == (True, "INC-1-p2", True)


def test_orders_settle_each_at_its_time() -> None:
    """One that goes on stays."""
    world, acting = executor()
    first = begun(acting, order(key="a/s/do"))
    later(world)
    second = begun(acting, order(key="b/s/do"))
    acting.settle()
    assert (first.done(), second.done()) == (True, False)
    later(world)
    acting.settle()
    assert second.result(0).key == "b/s/do"


def test_the_fleet_is_the_agent() -> None:
    """Its readings, with the question's identity and the time of now."""

    class Agent(MonitoringAgent):
        def __init__(self) -> None: ...

        def answer(self, question: FleetQuestion) -> tuple[EntityReading, ...]:
            return (EntityReading(question.entities[0], 5, abnormal=True, series=()),)

    found = AgentFleet(Agent(), lambda: 77).ask(FleetQuestion("q", ("web",), 0, 1, 0, 0, domain="shop"))
    assert (found.question, found.at, found.domain, found.readings[0].entity) == ("q", 77, "shop", "web")


def test_a_page_that_comes_again_is_kept_once() -> None:
    """Delivered each time, as at-least-once has it."""
    pages = PageRecorder()
    for one in (page("a/x/0"), page("b/x/0"), page("a/x/0")):
        assert pages.send(one).delivered
    assert [one.key for one in pages.pages] == ["a/x/0", "b/x/0"]


@dataclass
class Runtime:
    """What people see of a runtime, and what they tell it."""

    incidents: dict[str, Incident]
    now: int = 0
    told: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def orchestrator(self) -> Any:
        return SimpleNamespace(state=SimpleNamespace(incidents=self.incidents))

    def command(self, command: str, subject: str, who: str, **_: Any) -> None:
        self.told.append((command, subject, who))


def incident(state: IncidentState = IncidentState.AWAITING_APPROVAL, **fields: Any) -> Incident:
    made = Incident("incident-1", state, 0, 0, 0, ("web",), ("web",), (), plan="p1")
    return replace(made, **fields)


@pytest.mark.parametrize(("level", "people"), [(Oversight.ONE_APPROVER, PEOPLE[:1]), (Oversight.TWO_APPROVERS, PEOPLE)])
def test_people_approve_after_a_while(level: Oversight, people: tuple[str, ...]) -> None:
    """As many as the plan needs, and not before their time; the wait begins when they first see it."""
    runtime, on_call = Runtime({"incident-1": incident(level=level)}, now=1000 * S), OnCall(120.0)
    for now in (1000, 1119, 1120):
        runtime.now = now * S
        on_call.check(runtime, [])  # type: ignore[arg-type]
        assert bool(runtime.told) == (now == 1120)
    assert runtime.told == [("approve", "incident-1", who) for who in people]


def test_a_second_plan_waits_anew() -> None:
    """An approval is for one plan."""
    runtime, on_call = Runtime({"incident-1": incident()}), OnCall(60.0)
    on_call.check(runtime, [])  # type: ignore[arg-type]
    runtime.now, runtime.incidents = 60 * S, {"incident-1": incident(plan="p2")}
    on_call.check(runtime, [])  # type: ignore[arg-type]
    assert runtime.told == []
    runtime.now = 120 * S
    on_call.check(runtime, [])  # type: ignore[arg-type]
    assert len(runtime.told) == 1


@pytest.mark.parametrize("found", [incident(IncidentState.ACTING), incident(plan=None)])
def test_nobody_approves_what_does_not_ask(found: Incident) -> None:
    """Only a plan that waits."""
    runtime, on_call = Runtime({"incident-1": found}), OnCall(0.0)
    on_call.check(runtime, [])  # type: ignore[arg-type]
    assert runtime.told == []


def test_a_page_is_acknowledged_once() -> None:
    """By the first person, after the wait, if its incident does not ask for approval."""
    sent = replace(page(), at=0)
    runtime, on_call = Runtime({"incident-1": incident(IncidentState.ESCALATED)}), OnCall(60.0)
    for now in (0, 59, 60, 61, 1000):
        runtime.now = now * S
        on_call.check(runtime, [sent])  # type: ignore[arg-type]
    assert runtime.told == [("acknowledge", "incident-1", PEOPLE[0])]


def test_a_page_of_an_incident_that_is_over_is_left() -> None:
    """There is nothing to take over."""
    runtime, on_call = Runtime({}, now=10**6 * S), OnCall(1.0)
    on_call.check(runtime, [replace(page(), at=0)])  # type: ignore[arg-type]
    assert runtime.told == []


def test_where_nobody_is_on_call_nobody_answers() -> None:
    """However long it waits."""
    runtime, on_call = Runtime({"incident-1": incident()}), OnCall(None)
    for now in (0, 10**9):
        runtime.now = now * S
        on_call.check(runtime, [replace(page(), at=0)])  # type: ignore[arg-type]
    assert runtime.told == []
