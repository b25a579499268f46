"""Ports in virtual time: each call is made at once, and its reply comes after its delay, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.agents.view import Agent, AgentView
from aiops.driver.agenda import Agenda
from aiops.driver.dispatcher import Lane
from aiops.driver.gate import GRACE, Gate
from aiops.driver.replies import Failure, Reply
from aiops.driver.virtual_ports import (
    Delays,
    NoTopics,
    VirtualAsker,
    VirtualLanes,
    VirtualPager,
    VirtualSteps,
)
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.events import Event, HandoffAnswered, HandoffFailed
from aiops.model.handoffs import Handoff, Role
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.records import OutRecord
from tests.contracts.drivers import PAGE
from tests.unit.driver.ports import NOW, SECOND, Inbox, Target, order
from tests.unit.driver.test_conversation import merge, question

DELAYS = Delays(handoff=2.0, fleet=3.0, budget=4.0, topics=5.0, step=6.0, page=7.0)


def run(agenda: Agenda, until: float = 1e6) -> None:
    """Let virtual time pass, at most so many seconds."""
    end = agenda.now() + round(until * SECOND)
    while (due := agenda.next()) is not None and due <= end:
        agenda.move_on(due)
        item = agenda.pop()
        assert callable(item)
        item()


def after(agenda: Agenda) -> float:
    """Seconds since the start."""
    return (agenda.now() - NOW) / SECOND


@dataclass
class Slow(Target):
    """Effects that end when the test says so."""

    running: list[Future[StepOutcome]] = field(default_factory=list)

    def run(self, order: StepOrder) -> Future[StepOutcome]:  # type: ignore[override]
        """It has begun."""
        self.running.append(Future())
        return self.running[-1]


# ----------------------------------------------------------------------------------------------------------- lanes


@pytest.mark.parametrize(("lane", "seconds"), [(Lane.FLEET, 3.0), (Lane.BUDGET, 4.0), (Lane.TOPICS, 5.0)])
def test_a_reply_comes_after_its_lane_s_delay(lane: Lane, seconds: float) -> None:
    """The call itself is made at once."""
    agenda = Agenda(NOW)
    made: list[float] = []
    came: list[tuple[Reply[float], float]] = []

    def call() -> float:
        made.append(after(agenda))
        return 42.0

    VirtualLanes(agenda, DELAYS).call(lane, call, lambda reply: came.append((reply, after(agenda))))
    assert made == [0.0]
    run(agenda)
    assert came == [(42.0, seconds)]


def test_an_error_is_a_reply_too() -> None:
    """None escapes into the loop."""
    agenda = Agenda(NOW)
    error = ValueError("a plug-in's own")
    came: list[Reply[None]] = []

    def fail() -> None:
        raise error

    VirtualLanes(agenda, DELAYS).call(Lane.FLEET, fail, came.append)
    run(agenda)
    assert came == [Failure(error)]


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0]), max_size=8))
def test_what_is_put_off_comes_in_order_of_time_and_then_of_asking(pauses: list[float]) -> None:
    """Two runs are the same run."""
    agenda = Agenda(NOW)
    came: list[int] = []
    lanes = VirtualLanes(agenda, DELAYS)
    for number, pause in enumerate(pauses):
        lanes.later(pause, lambda number=number: came.append(number))  # type: ignore[misc]
    run(agenda)
    assert came == sorted(range(len(pauses)), key=lambda number: (pauses[number], number))


# ----------------------------------------------------------------------------------------------------------- steps


def steps(target: Target, inbox: Inbox | None = None) -> tuple[VirtualSteps, Agenda, Inbox]:
    """The gate of production over a target."""
    agenda, inbox = Agenda(NOW), inbox or Inbox()
    return VirtualSteps(Gate(inbox, {"*": target}, agenda), agenda, DELAYS), agenda, inbox


def ordered(seconds: float = 30.0) -> StepOrder:
    """An order with that much time."""
    given_ = order()
    until = NOW + round(seconds * SECOND)
    return replace(given_, deadline_at=until, capability=replace(given_.capability, expires_at=until))


def test_a_step_takes_its_time_and_is_on_record() -> None:
    """The effect is there at once; its outcome after the delay, in the inbox first."""
    target = Target()
    ports, agenda, inbox = steps(target)
    result = ports.run(ordered())
    assert target.effects == {"plan/1/do": 1}
    assert not result.done()
    run(agenda)
    assert after(agenda) == 6.0
    assert result.result().status is StepStatus.DONE
    assert "outcome/c1" in inbox.rows


def test_an_effect_that_takes_longer_ends_at_its_own_time() -> None:
    """A simulated restart takes as long as its world says."""
    target = Slow()
    ports, agenda, _ = steps(target)
    result = ports.run(ordered(100.0))
    run(agenda)
    assert not result.done()
    agenda.move_on(NOW + 20 * SECOND)
    target.running[0].set_result(StepOutcome("plan/1/do", StepStatus.DONE, NOW + 25 * SECOND))
    run(agenda)
    assert (after(agenda), result.result().at) == (25.0, NOW + 25 * SECOND)


def test_an_order_that_the_gate_refuses_never_reaches_its_executor() -> None:
    """The answer takes a step's time, as in production."""
    target, inbox = Target(), Inbox(newest=8)
    ports, agenda, _ = steps(target, inbox)
    result = ports.run(ordered())
    run(agenda)
    assert result.result().status is StepStatus.REFUSED
    assert target.effects == {}
    assert inbox.rows == {}


def test_an_order_whose_attempt_cannot_be_recorded_is_an_error() -> None:
    """Nothing was begun."""
    target = Target()
    ports, agenda, _ = steps(target, Inbox(full=True))
    result = ports.run(ordered())
    run(agenda)
    assert isinstance(result.exception(), TemporaryError)
    assert target.effects == {}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TemporaryError("timeout"), StepStatus.UNKNOWN),
        (PermanentError("no such host"), StepStatus.FAILED),
        (ZeroDivisionError(), StepStatus.UNKNOWN),
    ],
)
def test_an_executor_s_error_is_an_outcome(error: Exception, status: StepStatus) -> None:
    """Of the same kind as in production."""
    ports, agenda, _ = steps(Target(error=error))
    result = ports.run(ordered())
    run(agenda)
    assert result.result().status is status


def test_an_error_of_an_effect_that_ran_on_is_an_outcome_at_once() -> None:
    """It took its time already."""
    target = Slow()
    ports, agenda, _ = steps(target)
    result = ports.run(ordered())
    agenda.move_on(NOW + 9 * SECOND)
    target.running[0].set_exception(TemporaryError("lost"))
    run(agenda)
    assert (after(agenda), result.result().status) == (9.0, StepStatus.UNKNOWN)


def test_the_same_order_twice_has_one_effect() -> None:
    """Its capability is used."""
    target = Target()
    ports, agenda, _ = steps(target)
    first, second = ports.run(ordered()), ports.run(ordered())
    run(agenda)
    assert target.effects == {"plan/1/do": 1}
    assert [r.result().status for r in (first, second)] == [StepStatus.DONE, StepStatus.REFUSED]


def test_what_was_never_begun_is_seen_at_once_not_to_be_done() -> None:
    """And it can never begin."""
    target = Target()
    ports, agenda, _ = steps(target)
    seen = ports.observe(ordered())
    run(agenda)
    assert seen.result()[0] is Observed.NOT_DONE
    assert ports.run(ordered()) is not None
    assert target.effects == {}


def test_an_effect_that_may_still_happen_is_observed_when_it_no_longer_can() -> None:
    """After its deadline and the grace."""
    target = Slow(observed=Observed.DONE)
    ports, agenda, _ = steps(target)
    ports.run(ordered(30.0))
    seen = ports.observe(ordered(30.0))
    run(agenda)
    assert seen.result()[0] is Observed.DONE
    assert after(agenda) == 30.0 + GRACE / SECOND + 6.0


# ---------------------------------------------------------------------------------------------------------- agents


@dataclass
class Analyst:
    """Proposes a merge for each handoff, or fails."""

    role: Role = Role.ANALYSIS
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """One answer."""
        del view
        self.asked.append(handoff.id)
        if self.error is not None:
            raise self.error
        return (merge(handoff),)


def asker(*agents: Agent) -> tuple[VirtualAsker, Agenda, list[tuple[Event, ...]]]:
    """Agents of this process, and the groups of events that were offered."""
    agenda = Agenda(NOW)
    offered: list[tuple[Event, ...]] = []
    made = VirtualAsker(
        {agent.role: agent for agent in agents}, lambda *events: offered.append(events), agenda, delays=DELAYS
    )
    return made, agenda, offered


def asked(made: VirtualAsker, names: Sequence[str]) -> None:
    """Handoffs of one moment."""
    for name in names:
        one = question(name)
        made.ask(one.handoff, one.view)


def test_an_agent_answers_after_its_delay() -> None:
    """The answer is an event."""
    made, agenda, offered = asker(Analyst())
    asked(made, ["h1"])
    assert offered == []
    run(agenda)
    (first,) = [event for group in offered for event in group if isinstance(event, HandoffAnswered)][:1]
    assert (first.handoff, first.answers) == ("h1", (merge(question("h1").handoff),))
    assert after(agenda) >= DELAYS.handoff


def test_handoffs_of_one_moment_are_all_answered_once() -> None:
    """In their order."""
    agent = Analyst()
    made, agenda, offered = asker(agent)
    names = [f"h{number}" for number in range(40)]
    asked(made, names)
    run(agenda)
    told = [event.handoff for group in offered for event in group if isinstance(event, HandoffAnswered)]
    assert agent.asked == names
    assert sorted(told) == sorted(names)


@pytest.mark.parametrize(
    ("agents", "why"),
    [
        ((), "there is no analysis agent"),
        ((Analyst(error=TemporaryError("no memory")),), "no memory"),
        ((Analyst(error=KeyError("x")),), "KeyError"),
    ],
    ids=["missing", "failing", "broken"],
)
def test_a_missing_or_broken_agent_is_a_failure_of_its_handoff(agents: tuple[Agent, ...], why: str) -> None:
    """The loop goes on."""
    made, agenda, offered = asker(*agents)
    asked(made, ["h1"])
    run(agenda)
    (failure,) = [event for group in offered for event in group if isinstance(event, HandoffFailed)]
    assert failure.handoff == "h1"
    assert why in failure.reason


# ----------------------------------------------------------------------------------------------------------- pages


@dataclass
class Channel:
    """Delivers, or does not answer."""

    error: Exception | None = None
    name: str = "mail"

    def send(self, page: Page) -> Delivery:
        """One page."""
        if self.error is not None:
            raise self.error
        return Delivery(page.key, self.name, delivered=True, at=NOW)


@pytest.mark.parametrize("error", [None, TemporaryError("mail is down"), OSError("no route")])
def test_a_page_is_reported_after_its_delay(error: Exception | None) -> None:
    """Delivered, or not and why; it is tried once."""
    agenda = Agenda(NOW)
    came: list[Delivery] = []
    VirtualPager(Channel(error), agenda, DELAYS).page(PAGE.page, came.append)
    assert came == []
    run(agenda)
    (report,) = came
    assert (report.key, report.channel, report.delivered) == (PAGE.page.key, "mail", error is None)
    assert after(agenda) == 7.0
    assert (str(error) in report.error) if error else report.error == ""


def test_topics_without_readers_take_everything() -> None:
    """A simulation needs no broker; nothing waits, nothing is held open."""
    topics = NoTopics()
    calls: list[Callable[[], None]] = [
        lambda: topics.send([OutRecord("t", None, b"x", ())] * 3), topics.flush, topics.close, topics.flush
    ]  # fmt: skip
    assert [call() for call in calls] == [None] * 4
