"""The drivers' contract over production's threads, a replay's loop on SQLite, and a simulation's in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

import pytest

from aiops.adapters.agent_conversation import Asking
from aiops.adapters.blocking_gate import BlockingGate
from aiops.adapters.dispatch import ThreadedDispatcher
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool
from aiops.agents.view import Agent
from aiops.control.state.transaction import Decision
from aiops.driver.conversation import AgentQuestion, Answer, answer_of
from aiops.driver.dispatcher import Outside, share_limits
from aiops.driver.gate import Gate
from aiops.driver.in_process import InProcessRuntime, Surroundings
from aiops.driver.leadership import Leadership
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.effects import Effect
from aiops.model.events import Event, StepReported
from aiops.model.handoffs import Role
from aiops.model.plans import Observed, StepOrder, StepOutcome
from aiops.ports import Journal
from aiops.settings import Paging, Settings
from tests.contracts.drivers import NOW, SECOND, Analyst, DriverContract, E, Open, Overseer, Ports, Topics
from tests.contracts.sqljournals import store_at

PATIENCE = 10.0
"""Seconds that a real thread may take for what takes it milliseconds."""


class Benched:
    """What benches share: the ports, and what was in the inbox when an outcome was first heard of."""

    def __init__(self, journal: Journal, ports: Ports) -> None:
        self.journal, self.ports, self.topics = journal, ports, Topics(ports)
        self.durable: dict[str, bool] = {}
        self.agents: dict[Role, Agent] = {Role.ANALYSIS: Analyst(ports), Role.OVERSIGHT: Overseer(ports)}

    def heard(self, event: Event) -> None:
        if isinstance(event, StepReported):
            self.durable.setdefault(event.id, self.journal.has(event.id))


# ------------------------------------------------------------------------------------------------ production's threads


class StandingClock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> int:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += round(seconds * SECOND)


class Actors:
    """The gate and the agents on threads, as actors would be in processes."""

    def __init__(self, gate: BlockingGate, agents: dict[Role, Agent]) -> None:
        self._gate, self._agents, self._pool = gate, agents, ThreadPoolExecutor(2)

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        return self._pool.submit(self._gate.run, order)

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        return self._pool.submit(self._gate.observe, order)

    def ask(self, role: Role, questions: Sequence[AgentQuestion]) -> Future[Sequence[Answer]]:
        return self._pool.submit(lambda: [answer_of(self._agents[role], question) for question in questions])


class Threaded(Benched):
    """The dispatcher of the orchestrator's process, and the gate of the executor's."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        clock = StandingClock()
        super().__init__(journal, Ports(clock))
        gate = BlockingGate(Gate(journal, {"restart": self.ports}, clock), clock, wait=clock.wait)
        actors = Actors(gate, self.agents)
        self._events: SimpleQueue[Event] = SimpleQueue()
        outside = Outside(
            asker=Asking(actors, self.offer, clock),
            steps=actors,
            fleet=self.ports,
            budget=self.ports,
            limits=share_limits(Settings().acting),
            pager=SpoolingPager(Paging(attempts=1), ((self.ports,),), Spool(folder), clock=clock),
            producer=self.topics,
            clock=clock,
        )
        self._dispatcher = ThreadedDispatcher(outside, self.offer)
        self._led = Leadership.claim(Settings(), journal, self._dispatcher, holder="test")
        self._led.start(NOW)

    def offer(self, *events: Event) -> None:
        for event in events:
            self.heard(event)
            self._events.put(event)

    def begin(self, effects: Sequence[Effect]) -> None:
        self._dispatcher.begin(effects, self._led.orchestrator)

    def next(self, kind: type[E]) -> E:
        kept: list[Event] = []
        while True:
            event = self._events.get(timeout=PATIENCE)
            if isinstance(event, kind):
                for other in kept:
                    self._events.put(other)
                return event
            kept.append(event)

    def done(self, *keys: str) -> bool:
        waited = set(keys)
        for _ in range(round(PATIENCE * 100)):
            waited -= set(self._dispatcher.performed())
            if not waited:
                return True
            threading.Event().wait(0.01)
        return False


class TestThreads(DriverContract):
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Iterator[Journal]:
        with ExitStack() as stack:
            yield store_at(sqlite_url(tmp_path), stack).open()

    @pytest.fixture
    def open_bench(self, tmp_path: Path) -> Open:
        return lambda journal: Threaded(journal, tmp_path / "spool")


# --------------------------------------------------------------------------------------------------------- in process


class RuntimeClock:
    """The loop's own time."""

    runtime: InProcessRuntime | None = None

    def now(self) -> int:
        return NOW if self.runtime is None else self.runtime.now


class InProcess(Benched):
    """The loop in virtual time; ``slow``: effects end a few seconds after they began, as in a simulated world."""

    def __init__(self, journal: Journal, *, slow: bool) -> None:
        clock = RuntimeClock()
        super().__init__(journal, Ports(clock, running=[] if slow else None))
        world = Surroundings(self.agents, self.ports, self.ports, {"restart": self.ports}, self.ports, self.topics)
        self._runtime = clock.runtime = InProcessRuntime(Settings(), world, journal, at=NOW)
        self._runtime.on_decision = self.decided
        self._events: list[Event] = []
        self._performed: set[str] = set()
        self._watch(self._runtime.dispatcher.performed)

    def _watch(self, performed: Callable[[], list[str]]) -> None:
        def watched() -> list[str]:
            keys = performed()
            self._performed.update(keys)
            return keys

        self._runtime.dispatcher.performed = watched  # type: ignore[method-assign]

    def decided(self, event: Event, decision: Decision) -> None:
        del decision
        self.heard(event)
        self._events.append(event)

    def begin(self, effects: Sequence[Effect]) -> None:
        self._runtime.dispatcher.begin(effects, self._runtime.orchestrator)

    def next(self, kind: type[E]) -> E:
        self._until(lambda: any(isinstance(event, kind) for event in self._events))
        found = next(event for event in self._events if isinstance(event, kind))
        self._events.remove(found)
        return found

    def done(self, *keys: str) -> bool:
        self._until(lambda: self._performed >= set(keys))
        return True

    def _until(self, reached: Callable[[], bool]) -> None:
        for _ in range(100):
            if reached():
                return
            self._runtime.run_until(self._runtime.now + SECOND)
            self.ports.settle()
        raise AssertionError(f"nothing came but {self._events}")


class TestReplay(DriverContract):
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Iterator[Journal]:
        with ExitStack() as stack:
            yield store_at(sqlite_url(tmp_path), stack).open()

    @pytest.fixture
    def open_bench(self) -> Open:
        return lambda journal: InProcess(journal, slow=False)


class TestSimulation(DriverContract):
    @pytest.fixture
    def journal(self) -> Journal:
        return MemoryJournal()

    @pytest.fixture
    def open_bench(self) -> Open:
        return lambda journal: InProcess(journal, slow=True)
