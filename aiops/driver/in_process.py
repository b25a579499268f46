"""The whole control plane in one process under a virtual clock: for the simulator, replays over files, and tests.

It drives the code of production (leadership, dispatcher, conversation, gate) and decides only at which virtual time
something happens. To simulate a crash, drop the object; a new runtime on the same journal continues from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiops.agents.view import Agent
from aiops.control.orchestrator import Orchestrator
from aiops.control.state.transaction import Decision
from aiops.driver.agenda import Agenda
from aiops.driver.dispatcher import EffectDispatcher, Hooks, Outside, share_limits
from aiops.driver.gate import Gate
from aiops.driver.leadership import Arrival, Leadership, Watch
from aiops.driver.virtual_ports import Delays, NoTopics, VirtualAsker, VirtualLanes, VirtualPager, VirtualSteps
from aiops.model.codec import EVENT
from aiops.model.durations import SECOND
from aiops.model.events import CommandGiven, Event
from aiops.model.handoffs import Role
from aiops.model.journal import HaltState, InboxRow
from aiops.ports import BudgetStore, Executor, Fleet, Journal, Notifier, Producer
from aiops.settings import Settings

INBOX_SECONDS: Final = 0.2
"""Interval between two reads of the inbox and the halt row, seconds."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The agents and the ports outside the control plane."""

    agents: Mapping[Role, Agent]
    fleet: Fleet
    budget: BudgetStore
    executors: Mapping[str, Executor]
    """Executor by primitive or ``*``."""
    notifier: Notifier
    producer: Producer = field(default_factory=NoTopics)


class InProcessRuntime:
    """One orchestrator, its agents and its ports.

    Args:
        settings: the tree of settings.
        world: the agents and the ports.
        journal: an empty journal, or that of a predecessor.
        at: when it starts, ns.
        delays: how long calls take.
        hooks: observers of the dispatcher.
    """

    def __init__(
        self,
        settings: Settings,
        world: Surroundings,
        journal: Journal,
        *,
        at: int,
        delays: Delays | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self.settings = settings
        self.on_decision: Callable[[Event, Decision], None] | None = None
        """Called after each commit: for observers, such as a live view or a test."""
        self._journal = journal
        self._agenda = Agenda(at)
        self._commands = 0
        self._next_poll = at
        delays = delays or Delays()
        lanes = VirtualLanes(self._agenda, delays)
        self.dispatcher = EffectDispatcher(self._outside(world, delays), self._offer, lanes, hooks=hooks)
        watch = Watch(decided=self._decided)
        self._led = Leadership.claim(settings, journal, self.dispatcher, holder="in-process", watch=watch)
        self._led.start(at)
        self._poll_inbox()

    @property
    def now(self) -> int:
        """Virtual time, ns."""
        return self._agenda.now()

    @property
    def epoch(self) -> int:
        """The epoch that this runtime claimed."""
        return self._led.epoch

    @property
    def orchestrator(self) -> Orchestrator:
        """The orchestrator of this epoch."""
        return self._led.orchestrator

    # ------------------------------------------------------------------------------------------------- driving

    def offer(self, event: Event) -> None:
        """Queue an event for ``event.at``, or for now if that is past."""
        self._agenda.put(event.at, Arrival((event,)))

    def run_until(self, at: int) -> None:
        """Let virtual time pass up to and including ``at`` (ns)."""
        while self.step(at):
            pass
        self._agenda.move_on(at)

    def step(self, until: int) -> bool:
        """Handle the next timer, or all items of the next moment, if due by ``until`` (ns); False: nothing is due.

        Items of one moment are decided in groups with one commit each, as in production. Rows of the inbox come first.
        The inbox is read only when another item is due, because nothing else makes virtual time pass.
        """
        due, queued = self._led.timers.next_due(), self._agenda.next()
        if due is not None and due <= until and (queued is None or due < queued):
            self._agenda.move_on(due)
            self._poll_inbox()
            self._led.handle(self._led.due(due, 1))
            return True
        if queued is None or queued > until:
            return False
        self._agenda.move_on(queued)
        group = self._group(queued)
        self._poll_inbox()
        self._led.handle(group)
        return True

    def command(self, command: str, subject: str, who: str, **arguments: str) -> None:
        """Write a person's command to the inbox; halt and resume also write the halt row."""
        domain, now = self.settings.domain, self.now
        self._commands += 1
        event = CommandGiven(
            id=f"command/{self.epoch}/{self._commands}",
            at=now,
            command=command,
            subject=subject,
            who=who,
            arguments=arguments,
            domain=domain,
        )
        self._journal.append(
            InboxRow(event.id, now, "command", EVENT.dump_json(event, by_alias=True).decode(), who, domain=domain)
        )
        if command in {"halt", "resume"}:
            self._journal.set_halt(HaltState(0, command == "halt", who, now), domain)
        self.wake()

    def wake(self) -> None:
        """Read the inbox and the halt row now, because a row was written."""
        self._next_poll = self.now
        self._poll_inbox()

    def _outside(self, world: Surroundings, delays: Delays) -> Outside:
        agenda, gate = self._agenda, Gate(self._journal, world.executors, self._agenda)
        return Outside(
            asker=VirtualAsker(world.agents, self._offer, agenda, delays=delays),
            steps=VirtualSteps(gate, agenda, delays),
            fleet=world.fleet,
            budget=world.budget,
            limits=share_limits(self.settings.acting),
            pager=VirtualPager(world.notifier, agenda, delays),
            producer=world.producer,
            clock=agenda,
        )

    def _group(self, at: int) -> list[Arrival]:
        """Arrivals of this moment, up to the size of a group; functions that are due are called."""
        group: list[Arrival] = []
        while self._agenda.next() == at and len(group) < self.settings.control.commit_events:
            item = self._agenda.pop()
            if isinstance(item, Arrival):
                group.append(item)
            else:
                item()
        return group

    def _poll_inbox(self) -> None:
        """Decide rows of the inbox and the halt row, if ``INBOX_SECONDS`` have passed since the last read."""
        if self.now < self._next_poll:
            return
        self._next_poll = self.now + round(INBOX_SECONDS * SECOND)
        while found := self._led.poll(self.now):
            self._led.handle(found)

    def _offer(self, *events: Event) -> None:
        """Queue answers to be decided in one transaction."""
        self._agenda.put(self.now, Arrival(events))

    def _decided(self, event: Event, decision: Decision) -> None:
        if self.on_decision is not None:
            self.on_decision(event, decision)
