"""Asking agents: what waits goes together, answers wait for oversight's word, and no failure loses anything."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import pytest

from aiops.adapters.agent_conversation import Asking
from aiops.agents.view import AgentView
from aiops.driver.conversation import AgentQuestion, Answer, Failed
from aiops.model.errors import TemporaryError
from aiops.model.events import Event, HandoffAnswered, HandoffFailed
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, MergeProposed, ReviewRequest, Role
from aiops.model.incidents import Incident, IncidentState
from aiops.model.prose import Prose
from topology.graph import Graph

NOW = 1_700_000_000_000_000_000
T = TypeVar("T")
Call = tuple[Role, Sequence[AgentQuestion], "Future[Sequence[Answer]]"]


class Clock:
    """Stands still."""

    def now(self) -> int:
        return NOW


class Slow:
    """Agents that answer when the test says so."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Call] = SimpleQueue()

    def ask(self, role: Role, questions: Sequence[AgentQuestion]) -> Future[Sequence[Answer]]:
        future: Future[Sequence[Answer]] = Future()
        self.calls.put((role, questions, future))
        return future


class Bench:
    """Asking with slow agents, and what it offers."""

    def __init__(self, hold_seconds: float = 60.0) -> None:
        self.agents = Slow()
        self.told: SimpleQueue[tuple[Event, ...]] = SimpleQueue()
        self.asking = Asking(self.agents, self.offer, Clock(), hold_seconds=hold_seconds)

    def offer(self, *events: Event) -> None:
        self.told.put(events)

    def call(self) -> Call:
        """The next call of an agent."""
        return soon(self.agents.calls)

    def next(self) -> tuple[Event, ...]:
        """The next events told together."""
        return soon(self.told)


def soon(queue: SimpleQueue[T]) -> T:
    """The next of a queue; its thread is at work already."""
    return queue.get(timeout=10.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def question(name: str, to: Role = Role.ANALYSIS) -> tuple[Handoff, AgentView]:
    """A handoff of the orchestrator with a view of now."""
    incident = Incident("INC-1", IncidentState.OPEN, NOW, NOW, NOW, (), (), ())
    handoff = Handoff(
        name, "INC-1", Role.ORCHESTRATOR, to, Intent.DIAGNOSE, 1.0, (Prose("it follows"),), ("e",), 1, NOW, NOW + 1,
        DiagnoseRequest(), "e",
    )  # fmt: skip
    return handoff, AgentView(NOW, incident, (), Graph.empty(), {})


def merge(request: Handoff) -> Handoff:
    """What analysis may answer."""
    return Handoff(
        f"{request.id}/merge", "INC-1", Role.ANALYSIS, Role.ORCHESTRATOR, Intent.MERGE, 0.9, (Prose("alike"),), ("e",),
        1, NOW, NOW + 1, MergeProposed("INC-2"), request.id,
    )  # fmt: skip


def ids(events: Sequence[Event]) -> list[str]:
    """Handoffs that events speak of."""
    return [event.handoff for event in events if isinstance(event, HandoffAnswered | HandoffFailed)]


def test_what_waits_for_one_agent_goes_together(bench: Bench) -> None:
    """Two calls are under way; the next takes everything that came meanwhile."""
    bench.asking.ask(*question("a"))
    calls = [bench.call()]
    bench.asking.ask(*question("b"))
    calls.append(bench.call())
    for name in "cde":
        bench.asking.ask(*question(name))
    with pytest.raises(Empty):
        bench.agents.calls.get_nowait()
    calls[0][2].set_result([()])
    role, questions, _ = bench.call()
    assert (role, [q.handoff.id for q in questions]) == (Role.ANALYSIS, list("cde"))
    assert ids(bench.next()) == ["a"]


def test_one_agent_does_not_wait_for_another(bench: Bench) -> None:
    """Each has a line of its own."""
    for name in "abc":
        bench.asking.ask(*question(name))
    bench.asking.ask(*question("d", Role.ROUTING))
    roles = {bench.call()[0], bench.call()[0]}
    while Role.ROUTING not in roles:
        roles.add(bench.call()[0])
    assert roles == {Role.ANALYSIS, Role.ROUTING}


def test_an_answer_is_told_with_the_ruling_on_it(bench: Bench) -> None:
    """Oversight is asked at once, and one group of events holds both, in their order."""
    handoff, view = question("a")
    bench.asking.ask(handoff, view)
    bench.call()[2].set_result([(merge(handoff),)])
    role, questions, future = bench.call()
    assert role is Role.OVERSIGHT
    assert questions[0].handoff.payload == ReviewRequest(merge(handoff))
    assert questions[0].handoff.id == "review/a/merge"
    future.set_result([()])
    assert ids(bench.next()) == ["a", "review/a/merge"]


def test_an_answer_without_a_review_is_told_at_once(bench: Bench) -> None:
    """Nothing was handed on, or what was handed on will be stopped."""
    handoff, view = question("a")
    bench.asking.ask(handoff, view)
    bench.call()[2].set_result([()])
    assert ids(bench.next()) == ["a"]
    other, _ = question("b")
    bench.asking.ask(other, view)
    bench.call()[2].set_result([(handoff,)])
    assert ids(bench.next()) == ["b"]


def test_oversight_that_fails_holds_no_answer_back(bench: Bench) -> None:
    """The answer is told alone; whoever then asks for the review in earnest learns of the failure."""
    handoff, view = question("a")
    bench.asking.ask(handoff, view)
    bench.call()[2].set_result([(merge(handoff),)])
    bench.call()[2].set_exception(TemporaryError("its actor died"))
    assert ids(bench.next()) == ["a"]


def test_oversight_that_is_late_holds_no_answer_back() -> None:
    """After a moment the answer is told alone; a word that nobody asked for is dropped, one asked for counts."""
    bench = Bench(hold_seconds=0.05)
    handoff, view = question("a")
    bench.asking.ask(handoff, view)
    bench.call()[2].set_result([(merge(handoff),)])
    role, questions, foreseen = bench.call()
    assert role is Role.OVERSIGHT
    assert ids(bench.next()) == ["a"]
    bench.asking.ask(questions[0].handoff, view)
    foreseen.set_result([()])
    bench.call()[2].set_result([()])
    assert ids(bench.next()) == ["review/a/merge"]


def test_one_failure_of_a_call_is_only_its_own(bench: Bench) -> None:
    """Others in the same call keep their answers; a call that fails as a whole fails for each."""
    calls = []
    for name in "ab":
        bench.asking.ask(*question(name))
        calls.append(bench.call())
    for name in "cd":
        bench.asking.ask(*question(name))
    calls[0][2].set_exception(TemporaryError("its actor died"))
    told = bench.next()
    assert isinstance(told[0], HandoffFailed)
    assert told[0].reason == "TemporaryError: its actor died"
    calls[1][2].set_result([()])
    assert ids(bench.next()) == ["b"]
    _, questions, future = bench.call()
    assert [q.handoff.id for q in questions] == ["c", "d"]
    future.set_result([Failed("x"), ()])
    kinds = {ids(told)[0]: type(told[0]) for told in (bench.next(), bench.next())}
    assert kinds == {"c": HandoffFailed, "d": HandoffAnswered}


@pytest.mark.parametrize("nonsense", [[], [(), ()], [None], ["yes"], [("yes",)]])
def test_an_agent_that_talks_nonsense_has_failed(bench: Bench, nonsense: Any) -> None:
    """Too few answers, too many, or no handoffs: a failure with its reason, and the next question is asked as ever."""
    bench.asking.ask(*question("a"))
    bench.call()[2].set_result(nonsense)
    (told,) = bench.next()
    assert isinstance(told, HandoffFailed)
    bench.asking.ask(*question("b"))
    bench.call()[2].set_result([()])
    assert ids(bench.next()) == ["b"]
