"""Whatever comes in which order, and whenever it is killed: the orchestrator's promises hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aiops.control.orchestrator import Orchestrator
from aiops.control.state.invariants import membership_difference
from aiops.control.state.store import ControlState
from aiops.model import events as happened
from aiops.model.effects import Effect, Publish, RunStep
from aiops.model.entities import Edge, Item
from aiops.model.episodes import Episode
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, Role
from aiops.model.pages import Delivery
from aiops.model.plans import Observed, Oversight, ReservationAnswer, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.model.reports import Change, Ticket
from aiops.model.telemetry import FleetAnswer
from tests.unit.control.fakes import Loop
from tests.unit.control.fakes import settings as product_settings

ENTITIES = st.sampled_from(["web", "db", "cache", "queue", "aiops-runtime"])
SERVICES = st.sampled_from(["web", "db", "cache", "queue"])
RARELY = st.sampled_from([False, False, False, False, True])
PEOPLE = st.sampled_from(["ann", "bob", ""])


class KilledError(BaseException):
    """The process dies here."""


class Anything(RuleBasedStateMachine):
    """A world that does anything, to one runtime that is killed again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop(product_settings(gather_seconds=4.0, settle_seconds=60.0, approval_seconds=60.0))
        self.open: dict[str, Episode] = {}
        self.ended: list[Episode] = []
        """Whose end was reported, perhaps just before the process died."""
        self.said: list[happened.Event] = []
        self.kill_in = -1
        self.number = 0
        self.runs: Counter[str] = Counter()
        self._watch()

    def _watch(self) -> None:
        """Effects must be journalled before they happen; the process may die before any of them."""
        runtime, journal = self.loop.runtime, self.loop.journal
        begin, publish = runtime.dispatcher._begin, runtime.dispatcher._publish

        def watched(effect: Effect) -> None:
            assert effect.key in {e.key for e in journal.effects()}, f"{effect.key} was not journalled"
            if self.kill_in == 0:
                self.kill_in = -1
                raise KilledError
            self.kill_in -= self.kill_in > 0
            if isinstance(effect, RunStep):
                self.runs[effect.order.capability.id] += 1
                assert self.runs[effect.order.capability.id] == 1, "a capability was used twice"
                assert not runtime.orchestrator.state.leadership.halted, "a step began while halted"

        def begun(effect: Effect, orchestrator: Orchestrator) -> None:
            watched(effect)
            begin(effect, orchestrator)

        def published(effects: Sequence[Publish]) -> None:
            for effect in effects:
                watched(effect)
            publish(effects)

        runtime.dispatcher._begin = begun  # type: ignore[method-assign]
        runtime.dispatcher._publish = published  # type: ignore[method-assign]

    def _restart(self) -> None:
        """Forget the process; what the journal tells is what the process knew."""
        recovered = ControlState.load(self.loop.journal.recover(), self.loop.settings.control)
        knew = self.loop.runtime.orchestrator.state
        assert {(k, n): d for k, n, d in recovered.documents()} == {(k, n): d for k, n, d in knew.documents()}
        assert recovered.timers == knew.timers
        assert set(recovered.live) == set(knew.live)
        assert recovered.open_members == knew.open_members
        self.loop.start()
        self._watch()

    def _do(self, seconds: float) -> None:
        try:
            self.loop.wait(seconds)
        except KilledError:
            self._restart()

    def _say(self, event: happened.Event) -> None:
        self.said.append(event)
        self.loop.runtime.offer(event)

    def _id(self) -> str:
        self.number += 1
        return f"event-{self.number}"

    @property
    def now(self) -> int:
        """Now."""
        return max(self.loop.at, self.loop.runtime.now)

    # --------------------------------------------------------------------------------------------- the world

    @rule(entity=ENTITIES)
    def abnormal(self, entity: str) -> None:
        """An entity becomes abnormal."""
        self.open[entity] = self.loop.abnormal(entity)
        self._do(0.0)

    @rule(entity=ENTITIES)
    def well(self, entity: str) -> None:
        """It is well again."""
        held = self.open.pop(entity, None)
        if held is not None:
            self.loop.target.abnormal.discard(entity)
            self.loop.well(held)
            self.ended.append(held)
        self._do(0.0)

    @rule(seconds=st.sampled_from([0.01, 0.05, 0.3, 1.0, 3.0, 10.0, 70.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self._do(seconds)

    @rule(entity=SERVICES, pause=st.sampled_from([0.03, 0.08, 0.12, 0.17, 1.2, 5.0, 20.0]), kill=st.integers(-8, 25))
    def error(self, entity: str, pause: float, kill: int) -> None:
        """An entity becomes abnormal in a world that mostly works; perhaps the process dies on the way."""
        self.loop.oversight.level, self.loop.oversight.veto = Oversight.UNATTENDED, set()
        self.loop.oversight.down = False
        self.loop.target.grants = True
        self.kill_in = kill
        if entity not in self.open:
            self.open[entity] = self.loop.abnormal(entity)
        self._do(pause)
        self._do(30.0)

    @rule(after=st.integers(0, 6))
    def die_soon(self, after: int) -> None:
        """The process will die before one of the next effects."""
        self.kill_in = after

    @rule()
    def die_now(self) -> None:
        """The process dies between two events."""
        self._restart()

    @rule(
        level=st.sampled_from([Oversight.UNATTENDED, *Oversight]),
        down=RARELY,
        veto=st.sets(st.sampled_from([Intent.EXECUTE, Intent.AUTHORISE, Intent.ROUTE, Intent.CONCLUDE]), max_size=1),
    )
    def other_oversight(self, level: Oversight, veto: set[Intent], *, down: bool) -> None:
        """Oversight changes its mind."""
        self.loop.oversight.level, self.loop.oversight.veto = level, veto
        self.loop.oversight.down = down and not veto

    @rule(
        status=st.sampled_from([StepStatus.DONE, *StepStatus]),
        heals=st.booleans(),
        happens=st.booleans(),
        grants=RARELY.map(lambda no: not no),
        delivers=RARELY.map(lambda no: not no),
    )
    def other_target(self, status: StepStatus, *, heals: bool, happens: bool, grants: bool, delivers: bool) -> None:
        """The world behaves otherwise; an executor never lies about what it did."""
        target = self.loop.target
        target.heals, target.grants, target.delivers = heals, grants, delivers
        target.status = status
        target.happens = status is StepStatus.DONE or (happens and status is not StepStatus.REFUSED)

    @rule(
        word=st.sampled_from(
            ["approve", "reject", "acknowledge", "halt", "resume", "close", "suppress", "take-over", "dance"]
        ),
        incident=st.integers(1, 3),
        who=PEOPLE,
    )
    def command(self, word: str, incident: int, who: str) -> None:
        """People say things."""
        try:
            self.loop.runtime.command(word, f"INC-{incident}", who)
        except KilledError:
            self._restart()
        self._do(0.0)

    @rule(entity=ENTITIES, version=st.integers(0, 3), needs=ENTITIES)
    def describe(self, entity: str, version: int, needs: str) -> None:
        """The CMDB, changes and tickets speak."""
        edge = Edge(entity, needs)
        self._say(happened.ItemReported(id=self._id(), at=self.now, item=Item(entity, version=version), edges=(edge,)))
        self._say(happened.EdgesObserved(id=self._id(), at=self.now, edges=(edge,)))
        change = Change(f"change-{version}", entity, self.now, "deploy")
        self._say(happened.ChangeReported(id=self._id(), at=self.now, change=change))
        ticket = Ticket(f"ticket-{version}", self.now, Prose(f"{entity} is slow"))
        self._say(happened.TicketReceived(id=self._id(), at=self.now, ticket=ticket))
        self._do(0.1)

    # ------------------------------------------------------------------------------------------------- hostile

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        """An event comes a second time."""
        self.loop.runtime.offer(data.draw(st.sampled_from(self.said)))
        self._do(0.0)

    @rule(data=st.data(), kind=st.integers(0, 8))
    def nonsense(self, data: st.DataObject, kind: int) -> None:
        """Answers that nobody asked for, or about what is known."""
        state = self.loop.runtime.orchestrator.state
        known = st.sampled_from([*state.handoffs, *state.orders, *state.questions, *state.pages, *state.timers, "x"])
        name, at = data.draw(known), self.now
        handoff = Handoff(
            name, "INC-1", Role.TRIAGE, Role.ANALYSIS, Intent.DIAGNOSE, 2.0, (), (), 0, 0, 0, DiagnoseRequest(), ""
        )
        made: list[happened.Event] = [
            happened.HandoffAnswered(id=self._id(), at=at, handoff=name, answers=(handoff,)),
            happened.HandoffFailed(id=self._id(), at=at, handoff=name, reason=Prose("nonsense")),
            happened.FleetAnswered(id=self._id(), at=at, answer=FleetAnswer(name, at, ())),
            happened.BudgetAnswered(
                id=self._id(), at=at, answer=ReservationAnswer(name, granted=False, reason=Prose("no"))
            ),
            happened.StepReported(id=self._id(), at=at, outcome=StepOutcome("x/" + name, StepStatus.DONE, at)),
            happened.StepObserved(id=self._id(), at=at, key="x/" + name, observed=Observed.NOT_DONE),
            happened.PageReported(id=self._id(), at=at, delivery=Delivery(name, "c", delivered=False, at=at)),
            happened.TimerFired(id=self._id(), at=at, timer=name, name="deadline", subject="INC-9"),
            happened.Tick(id=self._id(), at=at, domain="elsewhere"),
        ]
        self._say(made[kind])
        self._do(0.0)

    # ---------------------------------------------------------------------------------------------- promises

    @invariant()
    def nothing_happened_twice(self) -> None:
        """At most one effect a key, whatever was killed."""
        twice = {key: count for key, count in self.loop.target.effects.items() if count > 1}
        assert twice == {}

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every episode has its incident, and all invariants hold."""
        assert membership_difference(self.loop.runtime.orchestrator.state) == 0
        assert self.loop.runtime.orchestrator.validate() == []

    def teardown(self) -> None:
        """In a world that is well again, everything ends; what is left waits for a person."""
        self.kill_in = -1
        target, oversight = self.loop.target, self.loop.oversight
        target.delivers = target.grants = target.heals = target.happens = True
        target.status, oversight.down, oversight.veto = StepStatus.DONE, False, set()
        for held in [*self.open.values(), *self.ended]:  # telemetry is read again after a kill
            self.loop.well(held)
        target.abnormal.clear()
        self.loop.runtime.command("resume", "", "ann")
        self.loop.wait(3600.0)
        for name in list(self.loop.incidents):
            self.loop.runtime.command("take-over", name, "ann")
        for _ in range(4):
            self.loop.wait(24 * 3600.0)
        assert self.loop.incidents == {}
        assert target.reserved == {}


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
