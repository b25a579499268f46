"""Effects become calls of ports: in which lane, in which order, and what is told when a port fails."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import pytest

from aiops.agents.view import AgentView
from aiops.control.orchestrator import Orchestrator
from aiops.driver.dispatcher import AGAIN_SECONDS, EffectDispatcher, Hooks, Lane, Outside, share_limits
from aiops.driver.replies import Reply, attempted
from aiops.model.effects import Effect, ObserveStep, RunStep
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.events import Event, PageReported, StepObserved, StepReported
from aiops.model.handoffs import Handoff
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.settings import Acting, Settings
from tests.contracts.drivers import FLEET, HANDOFF, PAGE, RECORD, RELEASE, RESERVE, Ports, Topics
from tests.unit.driver.ports import NOW, Clock, order

T = TypeVar("T")
RUN, LOOK = RunStep("c1", order()), ObserveStep("observe/c1", order())


class KeptLanes:
    """Lanes whose calls wait until the test lets them run."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, Callable[[], None]]] = []
        self.pauses: list[float] = []

    def call(self, lane: Lane, call: Callable[[], T], done: Callable[[Reply[T]], None]) -> None:
        self.waiting.append((lane.value, lambda: done(attempted(call))))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        self.pauses.append(seconds)
        action()

    def run(self) -> list[str]:
        """Let what waits now run; the lanes, in order."""
        waiting, self.waiting = self.waiting, []
        for _, call in waiting:
            call()
        return [lane for lane, _ in waiting]


class Bench:
    """A dispatcher over kept lanes; steps and pages end when the test says so."""

    def __init__(self) -> None:
        self.ports, self.lanes = Ports(Clock()), KeptLanes()
        self.topics = Topics(self.ports)
        self.told: list[Event] = []
        self.failed: list[tuple[str, str]] = []
        self.points: list[str] = []
        self.asked: list[str] = []
        self.steps: dict[str, Future[Any]] = {}
        self.error: Exception | None = None
        self.orchestrator = Orchestrator(Settings())
        outside = Outside(
            asker=self,
            steps=self,
            fleet=self.ports,
            budget=self.ports,
            limits=share_limits(Settings().acting),
            pager=self,
            producer=self.topics,
            clock=self.ports.clock,
        )
        hooks = Hooks(lambda effect, error: self.failed.append((effect.key, str(error))), self.points.append)
        self.dispatcher = EffectDispatcher(outside, lambda *events: self.told.extend(events), self.lanes, hooks=hooks)

    def begin(self, *effects: Effect) -> None:
        self.dispatcher.begin(effects, self.orchestrator)

    def ask(self, handoff: Handoff, view: AgentView) -> None:
        assert view.incident.id == handoff.work_item
        self.asked.append(handoff.id)

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        return self._step("run")

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        return self._step("observe")

    def _step(self, name: str) -> Future[Any]:
        if self.error is not None:
            raise self.error
        self.steps[name] = Future()
        return self.steps[name]

    def page(self, page: Page, report: Callable[[Delivery], None]) -> None:
        if self.error is not None:
            raise self.error
        report(Delivery(page.key, "sms", delivered=True, at=NOW))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_effects_begin_in_their_order_and_wait_for_nobody(bench: Bench) -> None:
    """Each in its lane; records come last and together."""
    bench.begin(RECORD, FLEET, RESERVE, RELEASE, HANDOFF, RUN, LOOK)
    assert bench.ports.calls == {}
    assert (bench.asked, list(bench.steps), bench.points) == (["h1"], ["run", "observe"], ["orchestrator.dispatch"])
    assert bench.lanes.run() == ["fleet", "budget", "budget", "topics"]
    assert [event.cause for event in bench.told] == ["q1", "r1"]


def test_a_step_is_told_of_when_its_executor_has_ended(bench: Bench) -> None:
    """Neither before nor twice."""
    bench.begin(RUN, LOOK)
    assert bench.told == []
    bench.steps["run"].set_result(StepOutcome("plan/1/do", StepStatus.DONE, NOW))
    bench.steps["observe"].set_exception(TemporaryError("its actor died"))
    reported, observed = bench.told
    assert isinstance(reported, StepReported)
    assert isinstance(observed, StepObserved)
    assert (reported.outcome.status, observed.observed) == (StepStatus.DONE, Observed.UNKNOWN)
    assert bench.failed == [("observe/c1", "its actor died")]


@pytest.mark.parametrize("error", [TemporaryError("no cluster"), RuntimeError("no cluster")])
def test_a_port_that_raises_at_once_is_answered_like_one_that_fails_later(bench: Bench, error: Exception) -> None:
    """``begin`` itself never raises: the orchestrator's thread must outlive a port."""
    bench.error = error
    bench.begin(RUN, LOOK, PAGE)
    reported, observed, paged = bench.told
    assert isinstance(reported, StepReported)
    assert isinstance(observed, StepObserved)
    assert isinstance(paged, PageReported)
    assert reported.outcome.detail == "no reply from the executor: no cluster"
    assert observed.detail == "no cluster"
    assert (paged.delivery.delivered, paged.delivery.error) == (False, "no cluster")
    assert [key for key, _ in bench.failed] == ["c1", "observe/c1", "p1"]


@pytest.mark.parametrize("error", [TemporaryError("not now"), PermanentError("never")])
def test_what_needs_no_answer_stays_pending_until_it_is_done(bench: Bench, error: Exception) -> None:
    """It is tried again after a pause, with the same key, as its outbox row says."""
    bench.ports.errors |= {"release": error, "publish": error}
    bench.begin(RELEASE, RECORD)
    for _ in range(3):
        assert bench.lanes.run() == ["budget", "topics"]
        assert bench.dispatcher.performed() == []
    assert bench.lanes.pauses == [AGAIN_SECONDS] * 6
    bench.ports.errors.clear()
    bench.lanes.run()
    assert bench.dispatcher.performed() == ["release/r0", "k1"]
    assert bench.dispatcher.performed() == []
    assert bench.lanes.waiting == []
    assert {key for key, _ in bench.failed} == {"release/r0", "k1"}


def test_shares_of_accounts_are_bounded_by_the_settings() -> None:
    """Business value has a bound of its own, wherever its account lies."""
    found = share_limits(Acting(budget_share=0.3, budget_value_share=0.6))(["zone-a", "value", "shop/value", "values"])
    assert found == {"zone-a": 0.3, "value": 0.6, "shop/value": 0.6, "values": 0.3}
