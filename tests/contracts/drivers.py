"""What every driver must do with the same effects over the same ports: production's threads, a replay, a simulation.

A bench drives effects and shows the events that answer them. The ports are the same fakes in each; what differs is
the driver: threads with a blocking gate, or the loop in virtual time over SQLite or over memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import pytest

from aiops.agents.view import AgentView
from aiops.driver.gate import GRACE
from aiops.model.codec import decode, encode
from aiops.model.effects import AskFleet, Effect, HandOff, ObserveStep, Publish, Release, Reserve, RunStep, SendPage
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.events import (
    BudgetAnswered,
    Event,
    FleetAnswered,
    HandoffAnswered,
    HandoffFailed,
    PageReported,
    StepObserved,
    StepReported,
)
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, MergeProposed, ReviewRequest, Role
from aiops.model.incidents import Priority
from aiops.model.journal import HaltState, InboxRow, Transaction
from aiops.model.pages import Delivery, Page
from aiops.model.plans import (
    Action,
    Capability,
    Observed,
    Reservation,
    ReservationAnswer,
    StepDirection,
    StepOrder,
    StepOutcome,
    StepStatus,
)
from aiops.model.prose import Prose
from aiops.model.records import OutRecord
from aiops.model.telemetry import EntityReading, FleetAnswer, FleetQuestion
from aiops.ports import Clock, Journal

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
E = TypeVar("E", bound=Event)


@dataclass
class Ports:
    """Everything outside, counting what is asked of it; ``errors`` says which port fails with what."""

    clock: Clock
    errors: dict[str, Exception] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    """How often each key took effect."""
    observed: Observed = Observed.DONE
    looked_at: list[int] = field(default_factory=list)
    running: list[tuple[StepOrder, Future[StepOutcome]]] | None = None
    """A list: effects go on until ``settle``, as in a simulated world."""
    name: str = "fake"

    def asked(self, port: str) -> None:
        self.calls[port] += 1
        if port in self.errors:
            raise self.errors[port]

    def run(self, order: StepOrder) -> StepOutcome | Future[StepOutcome]:
        self.asked("run")
        self.effects[order.capability.key] += 1
        if self.running is None:
            return StepOutcome(order.capability.key, StepStatus.DONE, self.clock.now(), Prose(""), order.domain)
        ends: Future[StepOutcome] = Future()
        self.running.append((order, ends))
        return ends

    def settle(self) -> None:
        """What runs has ended now."""
        running, self.running = self.running or [], None if self.running is None else []
        for order, ends in running:
            ends.set_result(
                StepOutcome(order.capability.key, StepStatus.DONE, self.clock.now(), Prose(""), order.domain)
            )

    def observe(self, order: StepOrder) -> Observed:
        self.looked_at.append(self.clock.now())
        self.asked("observe")
        return self.observed

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        self.asked("fleet")
        return FleetAnswer(question.id, self.clock.now(), (EntityReading("web", NOW, False, ()),))

    def reserve(self, reservation: Reservation, limits: object) -> ReservationAnswer:
        del limits
        self.asked("reserve")
        return ReservationAnswer(reservation.key, granted=True, token=1)

    def release(self, key: str) -> None:
        self.calls[f"release of {key}"] += 1
        self.asked("release")

    def spent(self, domain: str | None = None) -> dict[str, float]:
        return {}

    def send(self, page: Page) -> Delivery:
        self.asked("page")
        return Delivery(page.key, self.name, delivered=True, at=self.clock.now(), domain=page.domain)


@dataclass
class Analyst:
    """Answers each handoff with a proposal that oversight must see."""

    ports: Ports
    role: Role = Role.ANALYSIS

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        del view
        self.ports.asked("agent")
        return (proposal(handoff),)


@dataclass
class Overseer:
    """Rules nothing."""

    ports: Ports
    role: Role = Role.OVERSIGHT

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        del view
        assert isinstance(handoff.payload, ReviewRequest)
        self.ports.asked("oversight")
        return ()


@dataclass
class Topics:
    """A broker that acknowledges everything."""

    ports: Ports
    records: list[OutRecord] = field(default_factory=list)

    def send(self, records: Iterable[OutRecord]) -> None:
        self.records += records

    def flush(self, timeout_seconds: float = 30.0) -> None:
        self.ports.asked("publish")

    def close(self) -> None: ...


class Bench(Protocol):
    """One driver over the ports, from its claim on."""

    ports: Ports
    topics: Topics
    journal: Journal
    durable: dict[str, bool]
    """By id of a ``StepReported``: its outcome was in the inbox when it was first heard of."""

    def begin(self, effects: Sequence[Effect]) -> None:
        """As after a commit."""
        ...

    def next(self, kind: type[E]) -> E:
        """The next event of a kind; waits for it."""
        ...

    def done(self, *keys: str) -> bool:
        """Effects that need no answer were performed; waits for them."""
        ...


Open = Callable[[Journal], Bench]
"""Makes a bench that goes on from a journal."""


# ---------------------------------------------------------------------------------------------------- what is asked


def order(capability: str = "c1", *, primitive: str = "restart", **changes: int) -> StepOrder:
    """An order of the first epoch that may run for 20 seconds."""
    authority = Capability(
        capability, "INC-1", "plan/1/do", Action(primitive, "web"), StepDirection.DO, 1, 0, NOW + 20 * SECOND
    )
    return StepOrder(replace(authority, **changes), NOW + 20 * SECOND)  # type: ignore[arg-type]


def run(given: StepOrder) -> RunStep:
    return RunStep(given.capability.id, given)


def look(given: StepOrder) -> ObserveStep:
    return ObserveStep(f"observe/{given.capability.id}", given)


def handoff(name: str = "h1") -> Handoff:
    return Handoff(
        name, "INC-1", Role.ORCHESTRATOR, Role.ANALYSIS, Intent.DIAGNOSE, 1.0, (Prose("it follows"),), ("e",), 1, NOW,
        NOW + 60 * SECOND, DiagnoseRequest(), "e",
    )  # fmt: skip


def proposal(request: Handoff) -> Handoff:
    return Handoff(
        f"{request.id}/merge", "INC-1", Role.ANALYSIS, Role.ORCHESTRATOR, Intent.MERGE, 0.9, (Prose("alike"),), ("e",),
        1, NOW,
        NOW + 60 * SECOND, MergeProposed("INC-2"), request.id,
    )  # fmt: skip


HANDOFF = HandOff("h1/1", handoff())
FLEET = AskFleet("q1", FleetQuestion("q1", ("web",), NOW - SECOND, NOW, NOW - 9 * SECOND, NOW - SECOND))
RESERVE = Reserve("r1", Reservation("r1", "INC-1", ("web",), {"zone": 0.1}, 1, NOW))
RELEASE = Release("release/r0", "r0")
PAGE = SendPage(
    "p1",
    Page(
        "p1",
        "INC-1",
        0,
        NOW,
        Priority.P1,
        Prose("web"),
        Prose("web is down"),
        Prose("money"),
        (Prose("web"),),
        (),
        (),
        Prose("look"),
    ),
)
RECORD = Publish("k1", "aiops.actions", "INC-1", {"id": "1"})


def outbox(journal: Journal, *effects: Effect) -> None:
    """A predecessor asked for these and died."""
    epoch = journal.claim("orchestrator", "predecessor")
    journal.commit([Transaction("main", epoch, (), effects=effects)])


# --------------------------------------------------------------------------------------------------------- the suite


class DriverContract:
    """Subclassed by the tests of each driver, which make ``journal`` and ``open_bench``."""

    @pytest.fixture
    def bench(self, journal: Journal, open_bench: Open) -> Bench:
        return open_bench(journal)

    @pytest.mark.parametrize(
        ("forbid", "given", "why"),
        [
            (
                lambda j: j.set_halt(HaltState(0, True, "ann", NOW, Prose("storm"))),
                order(),
                "ann halted all actions (storm)",
            ),
            (
                lambda j: [j.set_halt(HaltState(0, on, "ann")) for on in (True, False)],
                order(),
                "there was a halt since it was authorised",
            ),
            (lambda _: None, order(epoch=0), "its epoch 0 is over, the newest is 1"),
            (lambda _: None, order(expires_at=NOW - 1), "its capability has expired"),
            (lambda _: None, replace(order(), deadline_at=NOW - 1), "its capability has expired"),
            (lambda _: None, order(primitive="scale"), "no executor is set for scale: see acting.executors"),
        ],
        ids=["halted", "halted-since", "epoch-over", "expired", "too-late", "no-executor"],
    )
    def test_a_refusal_says_why_and_uses_nothing_up(
        self, bench: Bench, forbid: Callable[[Journal], object], given: StepOrder, why: str
    ) -> None:
        """Nothing was changed, so the capability is as good as before."""
        forbid(bench.journal)
        bench.begin([run(given)])
        reported = bench.next(StepReported)
        assert reported.outcome.status is StepStatus.REFUSED
        assert why in reported.outcome.detail
        assert bench.ports.effects == {}
        assert not bench.journal.has("attempt/c1")

    def test_an_order_runs_and_says_so(self, bench: Bench) -> None:
        """One effect, and an answer that names its cause."""
        bench.begin([run(order())])
        reported = bench.next(StepReported)
        assert (reported.id, reported.outcome.key, reported.outcome.status) == (
            "outcome/c1",
            "plan/1/do",
            StepStatus.DONE,
        )
        assert bench.ports.effects == {"plan/1/do": 1}

    def test_an_outcome_is_durable_before_anybody_hears_of_it(self, bench: Bench) -> None:
        """The row is in the inbox when the answer is offered, and says the same."""
        bench.begin([run(order())])
        reported = bench.next(StepReported)
        assert bench.durable["outcome/c1"]
        rows = {row.key: row for row in bench.journal.read_inbox(0)}
        assert decode(StepOutcome, rows["outcome/c1"].body) == reported.outcome
        assert decode(StepOrder, rows["attempt/c1"].body) == order()

    def test_a_capability_is_used_once(self, bench: Bench) -> None:
        """The second order with it is refused and told of; nothing is dropped in silence."""
        bench.begin([run(order())])
        bench.next(StepReported)
        bench.begin([run(order())])
        second = bench.next(StepReported)
        while second.outcome.status is StepStatus.DONE:  # the first one, heard of again through the inbox
            second = bench.next(StepReported)
        assert (second.outcome.status, second.outcome.detail) == (StepStatus.REFUSED, "its capability was used already")
        assert bench.ports.effects == {"plan/1/do": 1}

    @pytest.mark.parametrize(
        ("error", "status", "detail"),
        [
            (TemporaryError("lost"), StepStatus.UNKNOWN, "it may or may not have happened: lost"),
            (PermanentError("no such host"), StepStatus.FAILED, "no such host"),
            (RuntimeError("a bug"), StepStatus.UNKNOWN, "the executor failed: RuntimeError('a bug')"),
        ],
        ids=["temporary", "permanent", "bug"],
    )
    def test_what_an_error_of_the_executor_means(
        self, bench: Bench, error: Exception, status: StepStatus, detail: str
    ) -> None:
        """What may have happened is unknown; what surely did not has failed."""
        bench.ports.errors["run"] = error
        bench.begin([run(order())])
        reported = bench.next(StepReported)
        assert (reported.outcome.status, reported.outcome.detail) == (status, detail)
        assert bench.journal.has("outcome/c1")

    def test_what_never_began_can_never_begin(self, bench: Bench) -> None:
        """Observing an order that nobody ran rules it out; the target need not be asked."""
        bench.begin([look(order())])
        seen = bench.next(StepObserved)
        assert (seen.observed, seen.detail) == (Observed.NOT_DONE, "it was never begun, and now it cannot begin")
        bench.begin([run(order())])
        assert bench.next(StepReported).outcome.status is StepStatus.REFUSED
        assert (bench.ports.effects, bench.ports.looked_at) == ({}, [])

    @pytest.mark.parametrize("observed", list(Observed))
    def test_what_may_still_happen_is_observed_after_its_deadline(self, bench: Bench, observed: Observed) -> None:
        """An attempt without an outcome: before deadline and grace, the answer could be overtaken."""
        bench.ports.observed = observed
        bench.journal.append(InboxRow("attempt/c1", NOW, "attempt", encode(order()), "executor"))
        bench.begin([look(order())])
        assert bench.next(StepObserved).observed is observed
        (looked,) = bench.ports.looked_at
        assert looked >= order().deadline_at + GRACE

    def test_what_has_ended_is_observed_at_once(self, bench: Bench) -> None:
        """An outcome says that the effect is not under way any more."""
        bench.ports.errors["run"] = TemporaryError("lost")
        bench.begin([run(order())])
        bench.next(StepReported)
        bench.begin([look(order())])
        seen = bench.next(StepObserved)
        assert (seen.observed, seen.key, seen.cause) == (Observed.DONE, "plan/1/do", "observe/c1")
        (looked,) = bench.ports.looked_at
        assert looked < order().deadline_at

    @pytest.mark.parametrize("error", [TemporaryError("it is away"), RuntimeError("it is away")])
    def test_a_target_that_cannot_be_asked_is_unknown(self, bench: Bench, error: Exception) -> None:
        """The answer says why."""
        bench.ports.errors["observe"] = error
        bench.journal.append(InboxRow("attempt/c1", NOW, "attempt", "{}", "executor"))
        bench.begin([look(order())])
        seen = bench.next(StepObserved)
        assert (seen.observed, seen.detail) == (Observed.UNKNOWN, "it is away")

    def test_an_answer_is_told_with_the_ruling_on_it(self, bench: Bench) -> None:
        """Oversight is asked at once, in the words in which the orchestrator would ask."""
        bench.begin([HANDOFF])
        answered = bench.next(HandoffAnswered)
        assert (answered.id, answered.cause, answered.answers) == ("answer/h1", "h1", (proposal(handoff()),))
        assert bench.next(HandoffAnswered).id == "answer/review/h1/merge"

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (TemporaryError("its model is away"), "TemporaryError: its model is away"),
            (KeyError("web"), "it failed: KeyError: 'web'"),
        ],
    )
    def test_an_agent_that_raises_has_failed(self, bench: Bench, error: Exception, reason: str) -> None:
        """One failed handoff, with its reason."""
        bench.ports.errors["agent"] = error
        bench.begin([HANDOFF])
        failed = bench.next(HandoffFailed)
        assert (failed.handoff, failed.cause, failed.reason) == ("h1", "h1", reason)

    def test_oversight_that_fails_holds_no_answer_back(self, bench: Bench) -> None:
        """The answer is told alone."""
        bench.ports.errors["oversight"] = TemporaryError("it is away")
        bench.begin([HANDOFF])
        assert bench.next(HandoffAnswered).id == "answer/h1"
        assert bench.ports.calls["oversight"] == 1

    def test_the_fleet_is_asked(self, bench: Bench) -> None:
        """Its readings come back."""
        bench.begin([FLEET])
        answered = bench.next(FleetAnswered)
        assert (answered.id, answered.cause, answered.answer.question) == ("fleet/q1", "q1", "q1")
        assert [reading.entity for reading in answered.answer.readings] == ["web"]

    @pytest.mark.parametrize("error", [TemporaryError("no shard"), ValueError("a bug")])
    def test_a_fleet_that_cannot_be_asked_knows_nothing(self, bench: Bench, error: Exception) -> None:
        """An empty answer to the question, never none."""
        bench.ports.errors["fleet"] = error
        bench.begin([FLEET])
        answer = bench.next(FleetAnswered).answer
        assert (answer.question, answer.readings) == ("q1", ())

    @pytest.mark.parametrize("error", [TemporaryError("no database"), ValueError("no database")])
    def test_a_budget_that_cannot_be_reached_refuses(self, bench: Bench, error: Exception) -> None:
        """Nothing is spent that is not counted."""
        bench.ports.errors["reserve"] = error
        bench.begin([RESERVE])
        answer = bench.next(BudgetAnswered).answer
        assert answer == ReservationAnswer(
            "r1", granted=False, reason=Prose("the budget cannot be reached: no database")
        )

    def test_a_grant_comes_back(self, bench: Bench) -> None:
        """With its fencing token."""
        bench.begin([RESERVE])
        assert bench.next(BudgetAnswered).answer == ReservationAnswer("r1", granted=True, token=1)

    @pytest.mark.parametrize("error", [PermanentError("no such channel"), RuntimeError("a bug")])
    def test_a_page_that_fails_is_reported(self, bench: Bench, error: Exception) -> None:
        """So that the next level is paged."""
        bench.ports.errors["page"] = error
        bench.begin([PAGE])
        delivery = bench.next(PageReported).delivery
        assert (delivery.key, delivery.delivered) == ("p1", False)
        assert str(error) in delivery.error

    def test_a_page_that_is_taken_is_reported(self, bench: Bench) -> None:
        """With the channel's name."""
        bench.begin([PAGE])
        reported = bench.next(PageReported)
        assert (reported.id, reported.delivery.delivered) == ("page/p1/fake/True", True)

    def test_records_of_one_commit_go_out_together(self, bench: Bench) -> None:
        """In their order, acknowledged once."""
        bench.begin([RECORD, RELEASE, replace(RECORD, key="k2", record_key="INC-2")])
        assert bench.done("k1", "k2", "release/r0")
        assert [record.key for record in bench.topics.records] == [b"INC-1", b"INC-2"]
        assert bench.ports.calls["publish"] == 1

    @pytest.mark.parametrize(("port", "effect"), [("release", RELEASE), ("publish", RECORD)])
    def test_what_needs_no_answer_is_tried_until_it_works(
        self, bench: Bench, port: str, effect: Effect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It counts as performed only then."""
        monkeypatch.setattr("aiops.driver.dispatcher.AGAIN_SECONDS", 0.001)
        tries: list[int] = []

        def asked(name: str) -> None:
            tries.append(1)
            if name == port and len(tries) < 3:
                raise TemporaryError("not now")

        monkeypatch.setattr(bench.ports, "asked", asked)
        bench.begin([effect])
        assert bench.done(effect.key)
        assert len(tries) == 3

    def test_a_restart_asks_again_for_all_but_steps_and_once_each(self, journal: Journal, open_bench: Open) -> None:
        """Whatever was under way when the predecessor died; a step is in doubt, so its saga must look first."""
        observed = order("c2")
        for kind in ("attempt", "outcome"):
            journal.append(InboxRow(f"{kind}/c2", NOW, "attempt", encode(observed), "executor"))
        pending = (run(order()), HANDOFF, FLEET, RESERVE, RELEASE, look(observed), PAGE, RECORD)
        outbox(journal, *pending)
        bench = open_bench(journal)
        for event in (HandoffAnswered, FleetAnswered, BudgetAnswered, StepObserved, PageReported):
            bench.next(event)
        assert bench.done("release/r0", "k1")
        asked = ("agent", "fleet", "reserve", "release of r0", "observe", "page", "publish", "run")
        assert {port: bench.ports.calls[port] for port in asked} == dict.fromkeys(asked, 1) | {"run": 0}
