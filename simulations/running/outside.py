"""Ports of a simulated control plane: the world as executor, the agent as fleet, and people who answer pages."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from aiops.agents.monitoring import MonitoringAgent
from aiops.driver.in_process import InProcessRuntime
from aiops.model.durations import SECOND
from aiops.model.incidents import IncidentState
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, Oversight, StepDirection, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import NOTHING, Prose
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from simulations.world.world import World

PEOPLE = ("erin", "sam")
"""Names of the people on call; a plan that needs two approvals gets one from each."""


@dataclass(frozen=True, slots=True)
class RecordedAction:
    """One action requested from the world."""

    at: int
    key: str
    action: str
    """``primitive target``"""
    undo: bool
    accepted: bool
    plan: str


class WorldExecutor:
    """``Executor`` of actions that take effect in the world after a delay.

    Args:
        world: the simulated world.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: list[tuple[StepOrder, Future[StepOutcome]]] = []
        self.acts: list[RecordedAction] = []

    def run(self, order: StepOrder) -> StepOutcome | Future[StepOutcome]:
        """Starts the action, or returns the refusal. ``settle`` completes the future when the action has ended."""
        capability, world = order.capability, self._world
        if order.dry_run:
            return StepOutcome(capability.key, StepStatus.DONE, world.now, Prose("dry run"), order.domain)
        result = world.apply(capability.action, capability.key)
        name = f"{capability.action.primitive} {capability.action.target}"
        undo, plan = capability.direction is StepDirection.UNDO, capability.key.rsplit("/", 2)[0]
        self.acts.append(RecordedAction(world.now, capability.key, name, undo, result.accepted, plan))
        if not result.accepted:
            return StepOutcome(capability.key, StepStatus.FAILED, world.now, Prose(result.detail), order.domain)
        ends: Future[StepOutcome] = Future()
        self._running.append((order, ends))
        return ends

    def observe(self, order: StepOrder) -> Observed:
        """Whether the effect of the order's key happened, as far as the target knows."""
        return self._world.observe(order.capability.action.target, order.capability.key)

    def settle(self) -> None:
        """Completes the futures of actions that ended since the last call."""
        running, self._running = self._running, []
        for order, ends in running:
            status = self._world.outcome(order.capability.key)
            if status is None:
                self._running.append((order, ends))
            else:
                ends.set_result(StepOutcome(order.capability.key, status, self._world.now, NOTHING, order.domain))


@dataclass(slots=True)
class AgentFleet:
    """The monitoring agent as a fleet of one shard."""

    agent: MonitoringAgent
    now: Callable[[], int]

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """The agent's answer, without delay."""
        return FleetAnswer(question.id, self.now(), self.agent.answer(question), question.domain)


@dataclass(slots=True)
class PageRecorder:
    """A notifier that always delivers and stores the pages."""

    name: str = "simulated"
    pages: list[Page] = field(default_factory=list)

    def send(self, page: Page) -> Delivery:
        """Stores the page; a repeated page is stored once."""
        if all(kept.key != page.key for kept in self.pages):
            self.pages.append(page)
        return Delivery(page.key, self.name, delivered=True, at=page.at, domain=page.domain)


class OnCall:
    """People on call who answer after a delay: they approve plans and acknowledge pages.

    Args:
        seconds: from the request to the answer; None: they never answer.
    """

    def __init__(self, seconds: float | None) -> None:
        self._after = seconds
        self._since: dict[tuple[str, str], int] = {}

    def check(self, runtime: InProcessRuntime, pages: list[Page]) -> None:
        """Answers requests that have waited for ``seconds``."""
        if self._after is None:
            return
        waited = round(self._after * SECOND)
        incidents = runtime.orchestrator.state.incidents
        for incident in list(incidents.values()):
            if incident.state is not IncidentState.AWAITING_APPROVAL or incident.plan is None:
                continue
            since = self._since.setdefault((incident.id, incident.plan), runtime.now)
            if runtime.now - since < waited:
                continue
            self._since[incident.id, incident.plan] = runtime.now
            people = PEOPLE if incident.level is Oversight.TWO_APPROVERS else PEOPLE[:1]
            for who in people:
                runtime.command("approve", incident.id, who, plan=incident.plan)
        for page in pages:
            since = self._since.setdefault((page.key, "page"), page.at)
            if since >= 0 and runtime.now - since >= waited:
                self._since[page.key, "page"] = -1
                incident_open = incidents.get(page.work_item)
                if incident_open is not None and incident_open.state is not IncidentState.AWAITING_APPROVAL:
                    runtime.command("acknowledge", page.work_item, PEOPLE[0])
