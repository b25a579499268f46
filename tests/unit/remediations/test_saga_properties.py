"""Whatever the order of answers, crashes, halts and silence, a plan ends as promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aiops.model import codec, plans
from aiops.model.errors import NoTransitionError
from aiops.model.plans import StepDirection, StepOutcome, StepStatus, Verdict
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga import advance
from remediations.saga_messages import SagaOutcome
from remediations.saga_state import Saga, SagaState, StepMark, begin
from tests.unit.remediations.conftest import make_plan, make_step

STEPS = st.builds(
    lambda undo, either, transient, reverse, postcondition: {
        "undo": undo,
        "undo_either_way": either,
        "transient": transient,
        "reverse_after_seconds": reverse,
        "postcondition": postcondition,
    },
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 30.0, 900.0]),
    st.sampled_from(["", "it is ready"]),
)


@dataclass(frozen=True)
class Picks:
    """Everything the world may choose at one move."""

    yes: bool
    undo: bool
    happens: bool
    status: StepStatus
    verdict: Verdict
    fault: str


MOSTLY = st.sampled_from([True, True, True, True, False])
PICKS = st.builds(
    Picks,
    MOSTLY,
    MOSTLY,
    st.booleans(),
    st.sampled_from([*StepStatus, StepStatus.DONE, StepStatus.DONE]),
    st.sampled_from(Verdict),
    st.sampled_from(["crash", "halt", "withdrawal", "resume", "resume", "silence", "late", *["mistake"] * 3]),
)


class SagaMachine(RuleBasedStateMachine):
    """The world beside a saga: it knows which effects truly happened."""

    @initialize(kinds=st.lists(STEPS, min_size=1, max_size=3))
    def make(self, kinds: list[dict[str, Any]]) -> None:
        self.saga = begin(make_plan(*(make_step(f"s{i}", **kind) for i, kind in enumerate(kinds))))
        self.at = 1
        self.halted = False
        self.withdrawn = False
        self.unsure = False
        self.unexpired = 0
        """Until when an effect without an outcome may happen, ns."""
        self.runs: dict[str, int] = {}
        self.happened: dict[str, int] = {}
        self.not_done: set[str] = set()
        self.in_flight: str | None = None
        self.pages: list[say.PageOperator] = []
        self.outcomes: list[SagaOutcome] = []
        self.granted: set[str] = set()
        self.released: set[str] = set()
        self.tell(say.Started(self.at))

    def tell(self, event: say.Event) -> None:
        before = self.saga
        try:
            self.saga, commands = advance(self.saga, event)
        except NoTransitionError:
            assert self.saga is before
            return
        self.saga = codec.decode(Saga, codec.encode(self.saga))
        for command in commands:
            self.obey(command)

    def obey(self, command: say.Command) -> None:
        match command:
            case say.Begin():
                self.unsure = False
                assert not self.halted
                assert command.direction is StepDirection.UNDO or not self.withdrawn
                assert self.at >= self.unexpired, "an effect begins while one without an outcome may still happen"
                assert self.runs.get(command.key, 0) == 0 or command.key in self.not_done
                assert self.saga.tracks[self.saga.cursor].reservation in self.granted
                assert command.direction is StepDirection.DO or self.may_undo(command.step)
                self.not_done.discard(command.key)
                self.runs[command.key] = self.runs.get(command.key, 0) + 1
                self.in_flight = command.key
                self.unexpired = self.at + round(command.timeout_seconds * 10**9)
            case say.PageOperator():
                self.pages.append(command)
            case say.Finished():
                self.outcomes.append(command.outcome)
            case say.ReleaseBudget():
                self.released.add(command.key)
            case _:
                pass

    def may_undo(self, name: str) -> bool:
        """A step that perhaps never happened is only undone where that is safe either way."""
        step = next(step for step in self.saga.plan.steps if step.id == name)
        return bool(self.happened.get(f"p/{name}/do")) or step.undo_either_way

    @rule(pick=PICKS)
    def answer(self, pick: Picks) -> None:
        """What the world would say next, good or bad."""
        state = self.saga.state
        if state is SagaState.RESERVING:
            self.budget(pick)
        elif state is SagaState.AUTHORISING:
            self.oversight(pick)
        elif state is SagaState.RUNNING:
            self.report(pick)
        elif state is SagaState.OBSERVING:
            self.observe(pick)
        elif state is SagaState.CHECKING:
            seen = plans.Observed.DONE if pick.yes else plans.Observed.NOT_DONE
            self.tell(say.EffectObserved(self.at, self.saga.key, seen if pick.undo else plans.Observed.UNKNOWN))
        elif state is SagaState.VERIFYING and pick.yes:
            self.tell(say.VerificationEnded(self.at, pick.verdict))
        else:
            self.at += 400 * 10**9
            self.tell(say.SagaTimerFired(self.at, self.saga.timer))

    @rule(pick=PICKS)
    def answer_again(self, pick: Picks) -> None:
        """The same, so that most moves are answers."""
        self.answer(pick)

    @rule(pick=PICKS)
    def fault(self, pick: Picks) -> None:
        """What may come at any time: crashes, halts, silence, late and mistaken answers."""
        match pick.fault:
            case "crash":
                self.tell(say.Restarted(self.at))
            case "halt":
                self.halted = True
                self.tell(say.Halted(self.at))
            case "resume":
                self.halted = False
                self.tell(say.Resumed(self.at))
            case "withdrawal":
                self.withdrawn = True
                self.tell(say.Withdrawn(self.at, Prose("the incident is closed")))
            case "silence":
                self.at += 10**9
                self.tell(say.SagaTimerFired(self.at, self.saga.timer if pick.yes else "p/reserve/1"))
            case "late" if self.in_flight is not None:
                self.report(pick)
            case _:
                self.tell(say.Reserved(self.at, "p/other"))
                self.tell(say.EffectObserved(self.at, "p/other/do", plans.Observed.NOT_DONE))
                self.tell(say.Authorised(self.at, "other", StepDirection.DO))

    def budget(self, pick: Picks) -> None:
        key = self.saga.tracks[self.saga.cursor].reservation
        if pick.yes:
            self.granted.add(key)
            self.tell(say.Reserved(self.at, key, pick.undo))
        else:
            self.tell(say.BudgetRefused(self.at, key, Prose("full")))

    def oversight(self, pick: Picks) -> None:
        step, direction = self.saga.step.id, self.saga.direction
        if pick.yes and not self.halted:
            self.tell(say.Authorised(self.at, step, direction))
        elif pick.undo:
            self.tell(say.Vetoed(self.at, step, direction, Prose("no")))
        else:
            self.tell(say.Held(self.at, step, direction, self.at + 10**9, Prose("window")))

    def report(self, pick: Picks) -> None:
        key = self.in_flight
        if key is None:
            return
        if pick.status is StepStatus.DONE or (pick.happens and pick.status is not StepStatus.REFUSED):
            self.happened[key] = self.happened.get(key, 0) + 1
        self.in_flight = None
        self.unsure = pick.status is StepStatus.UNKNOWN
        self.unexpired = self.unexpired if self.unsure else 0
        self.tell(say.Reported(self.at, StepOutcome(key, pick.status, self.at)))

    def observe(self, pick: Picks) -> None:
        key = self.saga.key
        if not pick.yes:
            self.tell(say.EffectObserved(self.at, key, plans.Observed.UNKNOWN))
            return
        if self.unsure and self.at < self.unexpired:
            self.tell(say.EffectObserved(self.at, key, plans.Observed.NOT_DONE))  # it may still happen
            return
        # The gate answers after an outcome or the deadline, or it burns an unused capability: the effect never comes.
        self.in_flight, self.unexpired = None, 0
        if self.happened.get(key):
            seen = plans.Observed.DONE
        else:
            seen = plans.Observed.NOT_DONE
            self.not_done.add(key)
        self.tell(say.EffectObserved(self.at, key, seen))

    @invariant()
    def at_most_once(self) -> None:
        """No effect happens twice."""
        assert all(count == 1 for count in self.happened.values())

    @invariant()
    def ends_as_promised(self) -> None:
        """Over means: verified, or nothing left behind, or a person paged with the exact state."""
        if not hasattr(self, "saga") or not self.saga.over:
            return
        last = self.outcomes[-1]
        if last is SagaOutcome.STUCK:
            assert self.pages[-1].state == self.saga.describe()
            return
        assert self.granted <= self.released
        if last in (SagaOutcome.UNDONE, SagaOutcome.REFUSED):
            assert not self.lasting()
        if last is SagaOutcome.REVERSED:
            temporary = {step.id for step in self.saga.plan.steps if step.reverse_after_seconds is not None}
            assert not temporary & self.lasting()

    def lasting(self) -> set[str]:
        """Steps whose effect is still in the world."""
        left = set()
        for step, track in zip(self.saga.plan.steps, self.saga.tracks, strict=True):
            done = self.happened.get(f"p/{step.id}/{StepDirection.DO}", 0)
            undone = self.happened.get(f"p/{step.id}/{StepDirection.UNDO}", 0)
            if done > undone and not (step.transient and track.mark is StepMark.SPENT):
                left.add(step.id)
        return left


SagaMachine.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestSaga = SagaMachine.TestCase
