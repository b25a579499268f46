"""The whole control plane in one process under a virtual clock: for the simulator, replays over files, and tests.

It keeps the rules of the real shell: a decision is committed before its effects are carried out, an executor records
its attempt before the effect, outcomes and commands come in through the inbox. Killing it is forgetting the object;
a new one on the same journal goes on.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

from aiops.agents.view import Agent
from aiops.control.events.recovery import resume_effects
from aiops.control.orchestrator import Orchestrator
from aiops.control.state.inbox import event_of
from aiops.control.state.store import SECOND
from aiops.control.state.timers import TimerQueue, fired
from aiops.control.state.transaction import Decision, Writer, together
from aiops.driver.memory_journal import ORCHESTRATOR
from aiops.model import effects as do
from aiops.model import events as happened
from aiops.model.codec import EVENT
from aiops.model.effects import Effect
from aiops.model.errors import AiopsError
from aiops.model.events import Event
from aiops.model.handoffs import Role
from aiops.model.pages import Delivery
from aiops.model.plans import Observed, ReservationAnswer, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import BudgetStore, Fleet, HaltState, InboxRow, Journal, Notifier, Transaction
from aiops.settings import Settings


class Performer(Protocol):
    """An executor, or a simulated one whose effects take virtual time."""

    def run(self, order: StepOrder) -> StepOutcome | None:
        """Do it; None: it has begun, and ``InProcessRuntime.report`` will be told how it ends."""
        ...

    def observe(self, order: StepOrder) -> Observed:
        """Look at the target: did the effect with this key happen?"""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Everything outside: the agents and the ports."""

    agents: Mapping[Role, Agent]
    fleet: Fleet
    budget: BudgetStore
    executor: Performer
    notifier: Notifier
    limits: Mapping[str, float] = field(default_factory=lambda: {"*": 1.0})
    """Share of each account that may be spent."""
    publish: Callable[[do.Publish], None] | None = None


@dataclass(frozen=True, slots=True)
class Delays:
    """How long things take in virtual seconds."""

    handoff: float = 0.02
    fleet: float = 0.2
    budget: float = 0.01
    step: float = 1.0
    page: float = 0.5


class InProcessRuntime:
    """One orchestrator, its agents and its ports.

    Args:
        settings: the settings of all of them.
        world: what is outside.
        journal: an empty one, or that of a predecessor.
        at: when it starts, ns.
    """

    def __init__(
        self, settings: Settings, world: World, journal: Journal, *, at: int, delays: Delays | None = None
    ) -> None:
        self.settings = settings
        self.now = at
        self.on_decision: Callable[[Event, Decision], None] | None = None
        """Called after each commit: for observers, such as a live view or a test."""
        self._world = world
        self._journal = journal
        self._delays = delays or Delays()
        self._queue: list[tuple[int, int, Event]] = []
        self._number = 0
        self._performed: list[str] = []
        domain = settings.domain
        self.epoch = journal.claim(ORCHESTRATOR, "in-process", domain)
        recovered = journal.recover(domain)
        self.orchestrator = Orchestrator.load(settings, recovered)
        self._timers = TimerQueue(self.orchestrator.state.timers)
        self._inbox = recovered.inbox
        halt = journal.halt_state(domain)
        started = happened.OrchestratorStarted(
            id=f"started/{self.epoch}",
            at=at,
            epoch=self.epoch,
            halt_generation=halt.generation,
            halted=halt.halted,
            domain=domain,
        )
        decided = self._decide([started])
        again = resume_effects(recovered.effects, self.epoch)
        done = set(decided.effects_done)
        for effect in (*(e for e in again if e.key not in done), *decided.effects):
            self._perform(effect)
        self._read_inbox()

    # ------------------------------------------------------------------------------------------------- driving

    def offer(self, event: Event) -> None:
        """Something happens at ``event.at``, or now if that is past."""
        self._number += 1
        heapq.heappush(self._queue, (max(event.at, self.now), self._number, event))

    def run_until(self, at: int) -> None:
        """Let virtual time pass up to and with ``at``."""
        while self.step(at):
            pass
        self.now = max(self.now, at)

    def step(self, until: int) -> bool:
        """Handle the next timer, or the events of the next moment, if due by ``until``; False: there is none.

        What happens at the same moment is decided in groups, as the real shell does: one commit each.
        """
        due = self._timers.next_due()
        queued = self._queue[0][0] if self._queue else None
        if due is not None and due <= until and (queued is None or due < queued):
            row = self._timers.pop(due)
            assert row is not None
            self.now = max(self.now, due)
            self._handle([fired(row, self.now, self.settings.domain)])
            return True
        if queued is None or queued > until:
            return False
        self.now = max(self.now, queued)
        group: list[Event] = []
        while self._queue and self._queue[0][0] == queued and len(group) < self.settings.control.commit_events:
            group.append(heapq.heappop(self._queue)[2])
        self._handle(group)
        return True

    def command(self, command: str, subject: str, who: str, **arguments: str) -> None:
        """A person's command, through the inbox; halt and resume also write the halt row."""
        domain = self.settings.domain
        self._number += 1
        event = happened.CommandGiven(
            id=f"command/{self.epoch}/{self._number}",
            at=self.now,
            command=command,
            subject=subject,
            who=who,
            arguments=arguments,
            domain=domain,
        )
        self._append(event.id, "command", event, who)
        if command in {"halt", "resume"}:
            halt = self._journal.set_halt(HaltState(0, command == "halt", who, self.now), domain)
            name = f"halt/{halt.generation}"
            changed = happened.HaltChanged(
                id=name, at=self.now, generation=halt.generation, halted=halt.halted, who=who, domain=domain
            )
            self.offer(changed)
        self._read_inbox()

    def _append(self, key: str, kind: str, event: Event, who: str) -> None:
        body = EVENT.dump_json(event).decode()
        self._journal.append(InboxRow(key, self.now, kind, body, who, domain=self.settings.domain))

    def _read_inbox(self) -> None:
        """Hand over every row that is new and meant for the orchestrator."""
        while rows := self._journal.read_inbox(self._inbox, domain=self.settings.domain):
            for row in rows:
                self._inbox = row.number
                event = event_of(row, self.now)
                if event is not None:
                    self._handle([event])

    def _handle(self, events: Sequence[Event]) -> None:
        for effect in self._decide(events).effects:
            self._perform(effect)

    def _decide(self, events: Sequence[Event]) -> Transaction:
        """Decide and commit; nothing has happened yet."""
        decisions = [self.orchestrator.handle(event) for event in events]
        writer = Writer(self.settings.domain, self.epoch, inbox=self._inbox)
        performed, self._performed = self._performed, []
        decided = together(decisions, writer, performed)
        self._journal.commit([decided])
        self._timers.set(decided.timers_set)
        if self.on_decision is not None:
            for event, decision in zip(events, decisions, strict=True):
                self.on_decision(event, decision)
        return decided

    # ------------------------------------------------------------------------------------------------- effects

    def _after(self, seconds: float) -> int:
        return self.now + round(seconds * SECOND)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case do.HandOff():
                self._hand_off(effect)
            case do.AskFleet():
                answer = self._world.fleet.ask(effect.question)
                at = self._after(self._delays.fleet)
                self.offer(happened.FleetAnswered(id=f"fleet/{effect.key}", at=at, answer=answer, domain=effect.domain))
            case do.Reserve():
                self._reserve(effect)
            case do.Release():
                self._world.budget.release(effect.reservation)
                self._performed.append(effect.key)
            case do.RunStep():
                self._run(effect.order)
            case do.ObserveStep():
                self._observe(effect.order)
            case do.SendPage():
                self._page(effect)
            case do.Publish():
                if self._world.publish is not None:
                    self._world.publish(effect)
                self._performed.append(effect.key)
            case _:
                assert_never(effect)

    def _hand_off(self, effect: do.HandOff) -> None:
        handoff, at = effect.handoff, self._after(self._delays.handoff)
        agent = self._world.agents.get(handoff.to)
        event: Event
        try:
            if agent is None:
                raise AiopsError(f"there is no {handoff.to.value} agent")  # noqa: TRY301 (absent is as bad as broken)
            answers = agent.handle(handoff, self.orchestrator.view_for(handoff))
            event = happened.HandoffAnswered(
                id=f"answered/{effect.key}", at=at, handoff=handoff.id, answers=answers, domain=effect.domain
            )
        except AiopsError as error:
            event = happened.HandoffFailed(
                id=f"failed/{effect.key}", at=at, handoff=handoff.id, reason=Prose(str(error)), domain=effect.domain
            )
        self.offer(event)

    def _reserve(self, effect: do.Reserve) -> None:
        try:
            answer = self._world.budget.reserve(effect.reservation, self._world.limits)
        except AiopsError as error:
            answer = ReservationAnswer(effect.key, granted=False, reason=Prose(str(error)))
        at = self._after(self._delays.budget)
        self.offer(happened.BudgetAnswered(id=f"budget/{effect.key}", at=at, answer=answer, domain=effect.domain))

    def _run(self, order: StepOrder) -> None:
        """As an executor does: check for itself, record the attempt, then do it, then record the outcome."""
        capability, domain = order.capability, order.domain
        halt = self._journal.halt_state(domain)
        attempt = InboxRow(f"attempt/{capability.id}", self.now, "attempt", "{}", "executor", domain=domain)
        why = ""
        if halt.halted or halt.generation != capability.halt_generation:
            why = "halted"
        elif self._journal.epoch(ORCHESTRATOR, domain) != capability.epoch:
            why = "a newer orchestrator has taken over"
        elif self.now > min(order.deadline_at, capability.expires_at):
            why = "it is too late"
        if not self._journal.append(attempt):
            return
        outcome: StepOutcome | None
        try:
            if why:
                outcome = StepOutcome(capability.key, StepStatus.REFUSED, self.now, Prose(why), domain)
            else:
                outcome = self._world.executor.run(order)
        except AiopsError as error:
            outcome = StepOutcome(capability.key, StepStatus.UNKNOWN, self.now, Prose(str(error)), domain)
        if outcome is not None:
            at = max(self._after(self._delays.step), outcome.at)
            self.report(order, replace(outcome, at=at))

    def report(self, order: StepOrder, outcome: StepOutcome) -> None:
        """An order that was begun has ended, at ``outcome.at``."""
        name = f"outcome/{order.capability.id}"
        self.offer(happened.StepReported(id=name, at=outcome.at, outcome=outcome, domain=order.domain))

    def _observe(self, order: StepOrder) -> None:
        """Burn the capability: if nobody used it, the effect never began and never will."""
        capability, domain = order.capability, order.domain
        row = InboxRow(f"attempt/{capability.id}", self.now, "attempt", "{}", "observer", domain=domain)
        detail = ""
        if self._journal.append(row):
            observed, detail = Observed.NOT_DONE, "it never began"
        else:
            try:
                observed = self._world.executor.observe(order)
            except AiopsError as error:
                observed, detail = Observed.UNKNOWN, str(error)
        at = self._after(self._delays.step)
        self._number += 1
        name = f"observed/{capability.id}/{self.epoch}/{self._number}"
        event = happened.StepObserved(
            id=name, at=at, key=capability.key, observed=observed, detail=Prose(detail), domain=domain
        )
        self.offer(event)

    def _page(self, effect: do.SendPage) -> None:
        at = self._after(self._delays.page)
        try:
            delivery = self._world.notifier.send(effect.page)
        except AiopsError as error:
            name = self._world.notifier.name
            delivery = Delivery(effect.key, name, delivered=False, at=at, error=Prose(str(error)), domain=effect.domain)
        self._number += 1
        name = f"page/{effect.key}/{self.epoch}/{self._number}"
        self.offer(happened.PageReported(id=name, at=at, delivery=delivery, domain=effect.domain))
