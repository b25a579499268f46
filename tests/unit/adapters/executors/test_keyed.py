"""Keys, epochs and deadlines of executors, over a target that is a number in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiops.adapters.executors.key_ledger import KeyLedger, KeyState
from aiops.adapters.executors.keyed import Deadline, KeyedExecutor, State
from aiops.model.errors import AiopsError, PermanentError, TemporaryError
from aiops.model.plans import Action, Observed, StepDirection, StepOrder, StepStatus
from tests.executor_targets import TurnedClock, order_of

RAISE = Action("raise", "number")


@dataclass
class Number:
    """A way whose effect adds one. ``act_fails`` is raised after the effect if ``after``, else instead of it."""

    value: int = 0
    effects: int = 0
    before_fails: AiopsError | None = None
    act_fails: AiopsError | None = None
    after: bool = False
    seen_fails: AiopsError | None = None
    nothing: bool = False
    given: list[State | None] = field(default_factory=list)

    def before(self, order: StepOrder, did: State | None) -> State:
        if self.before_fails:
            raise self.before_fails
        self.given.append(did)
        undo = order.capability.direction is StepDirection.UNDO
        return (
            {} if self.nothing else {"was": str(self.value), "to": did["was"] if undo and did else str(self.value + 1)}
        )

    def act(self, order: StepOrder, before: State, deadline: Deadline) -> str:
        if self.act_fails and not self.after:
            raise self.act_fails
        self.value = int(before["to"])
        self.effects += 1
        if self.act_fails:
            raise self.act_fails
        return "raised"

    def seen(self, order: StepOrder, before: State) -> Observed:
        if self.seen_fails:
            raise self.seen_fails
        match self.value:
            case value if value == int(before["to"]):
                return Observed.DONE
            case value if value == int(before["was"]):
                return Observed.NOT_DONE
        return Observed.UNKNOWN


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def number() -> Number:
    return Number()


@pytest.fixture
def executor(number: Number, clock: TurnedClock, tmp_path: Path) -> KeyedExecutor:
    return KeyedExecutor(number, KeyLedger(tmp_path), clock)


def test_an_order_is_done_once(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """The same key a second time is done as well, and changes nothing."""
    order = order_of(RAISE, clock)
    assert executor.run(order).status is StepStatus.DONE
    assert executor.run(order).status is StepStatus.DONE
    assert (number.effects, executor.observe(order)) == (1, Observed.DONE)


def test_another_key_is_another_effect(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """Keys, not actions, are done once."""
    executor.run(order_of(RAISE, clock, key="a"))
    executor.run(order_of(RAISE, clock, key="b"))
    assert number.effects == 2


@pytest.mark.parametrize("happened", [True, False])
def test_a_lost_answer_is_found_out_at_the_target(
    executor: KeyedExecutor, number: Number, clock: TurnedClock, *, happened: bool
) -> None:
    """The outcome is unknown, the target tells, and the effect happens exactly once in the end."""
    number.act_fails, number.after = TemporaryError("no answer"), happened
    order = order_of(RAISE, clock)
    assert executor.run(order).status is StepStatus.UNKNOWN
    assert executor.observe(order) is (Observed.DONE if happened else Observed.NOT_DONE)
    number.act_fails = None
    assert executor.run(order).status is StepStatus.DONE
    assert (number.effects, number.value) == (1, 1)


def test_a_key_that_died_half_way_is_not_run_before_its_deadline(
    number: Number, clock: TurnedClock, tmp_path: Path
) -> None:
    """Another process may still be at work; after the deadline and a second of grace the target is asked."""

    class Died(BaseException):
        pass

    number.act_fails = Died()  # type: ignore[assignment]
    order = order_of(RAISE, clock)
    with pytest.raises(Died):
        KeyedExecutor(number, KeyLedger(tmp_path), clock).run(order)
    number.act_fails = None
    successor = KeyedExecutor(number, KeyLedger(tmp_path), clock)
    assert successor.run(order).status is StepStatus.UNKNOWN
    assert number.effects == 0
    clock.turn(31.5)
    later = order_of(RAISE, clock, run=2)
    assert successor.run(later).status is StepStatus.DONE
    assert number.effects == 1


def test_what_is_half_done_is_not_repeated(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """The target is in neither of the two states: a person must look."""
    number.act_fails, number.after = TemporaryError("no answer"), True
    order = order_of(RAISE, clock)
    executor.run(order)
    number.value = 7
    assert executor.run(order).status is StepStatus.UNKNOWN
    assert (number.effects, executor.observe(order)) == (1, Observed.UNKNOWN)


def test_a_target_that_cannot_be_asked_is_not_acted_on_again(
    executor: KeyedExecutor, number: Number, clock: TurnedClock
) -> None:
    """Not knowing is no permission."""
    number.act_fails = TemporaryError("no answer")
    order = order_of(RAISE, clock)
    executor.run(order)
    number.act_fails, number.seen_fails = None, TemporaryError("still no answer")
    assert executor.run(order).status is StepStatus.UNKNOWN
    assert number.effects == 0
    with pytest.raises(TemporaryError):
        executor.observe(order)


@pytest.mark.parametrize("error", [PermanentError("refused"), TemporaryError("no answer")])
def test_an_order_that_cannot_be_prepared_changed_nothing(
    executor: KeyedExecutor, number: Number, clock: TurnedClock, error: AiopsError
) -> None:
    """Failed, not unknown; the key stays free."""
    number.before_fails = error
    order = order_of(RAISE, clock)
    assert executor.run(order).status is StepStatus.FAILED
    assert executor.observe(order) is Observed.NOT_DONE
    number.before_fails = None
    assert executor.run(order).status is StepStatus.DONE


def test_an_effect_that_was_refused_frees_its_key(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """The target said that nothing was changed."""
    number.act_fails = PermanentError("not allowed")
    order = order_of(RAISE, clock)
    assert executor.run(order).status is StepStatus.FAILED
    number.act_fails = None
    assert executor.run(order).status is StepStatus.DONE
    assert number.effects == 1


def test_an_old_epoch_is_refused(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """The successor of an orchestrator has been here."""
    executor.run(order_of(RAISE, clock, key="new", epoch=5))
    assert executor.run(order_of(RAISE, clock, key="old", epoch=4)).status is StepStatus.REFUSED
    assert number.effects == 1


def test_a_late_order_is_not_carried_out(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """Nothing is begun after the deadline."""
    order = order_of(RAISE, clock)
    clock.turn(31)
    with pytest.raises(PermanentError, match="deadline has passed"):
        executor.run(order)
    assert (number.effects, executor.observe(order)) == (0, Observed.NOT_DONE)


def test_a_dry_run_changes_nothing(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """It says what it found, and the key stays free."""
    assert executor.run(order_of(RAISE, clock, dry_run=True)).status is StepStatus.DONE
    assert number.effects == 0
    assert executor.run(order_of(RAISE, clock)).status is StepStatus.DONE
    assert number.effects == 1


def test_an_undo_knows_what_its_step_found(executor: KeyedExecutor, number: Number, clock: TurnedClock) -> None:
    """It restores the state before the step, whatever the parameters say."""
    number.value = 40
    executor.run(order_of(RAISE, clock))
    assert executor.run(order_of(RAISE, clock, undo=True)).status is StepStatus.DONE
    assert number.value == 40
    assert number.given == [None, {"was": "40", "to": "41"}]


def test_an_undo_of_a_step_that_never_began_has_nothing_to_restore(
    executor: KeyedExecutor, number: Number, clock: TurnedClock
) -> None:
    """It is done, and stays done when it is observed."""
    number.nothing = True
    undo = order_of(RAISE, clock, undo=True)
    assert executor.run(undo).status is StepStatus.DONE
    assert executor.observe(undo) is Observed.DONE
    assert (number.effects, number.given) == (0, [None])


def test_a_key_that_another_process_took_meanwhile_is_left_to_it(
    number: Number, clock: TurnedClock, tmp_path: Path
) -> None:
    """Both looked, one began: the other reports that it does not know."""
    order = order_of(RAISE, clock)
    executor = KeyedExecutor(number, KeyLedger(tmp_path), clock)

    class Racing(Number):
        def before(self, order: StepOrder, did: State | None) -> State:
            executor.run(order)
            return super().before(order, did)

    racing = Racing()
    assert KeyedExecutor(racing, KeyLedger(tmp_path), clock).run(order).status is StepStatus.UNKNOWN
    assert (number.effects, racing.effects) == (1, 0)


def test_waiting_ends_at_the_deadline(clock: TurnedClock) -> None:
    """A condition that never holds leaves the effect in doubt."""
    with pytest.raises(TemporaryError, match="while it waited: for rain"):
        clock.deadline(2.0).wait_for(lambda: False, "for rain")
    assert clock.deadline(0.0).left == 0.0


def test_waiting_ends_when_the_condition_holds(clock: TurnedClock) -> None:
    """At once, or some looks later."""
    begun = clock.now()
    looks = iter([False, False, True])
    clock.deadline().wait_for(lambda: next(looks), "")
    assert clock.now() - begun == pytest.approx(0.2e9)


def test_nothing_more_is_begun_after_the_deadline(clock: TurnedClock) -> None:
    """A long effect asks before each of its parts."""
    clock.deadline(1.0).check("go on")
    with pytest.raises(TemporaryError, match="before it could go on"):
        clock.deadline(-1.0).check("go on")


def test_a_done_key_is_written_as_done(executor: KeyedExecutor, clock: TurnedClock, tmp_path: Path) -> None:
    """Also when only the observation showed that it was done."""
    order = order_of(RAISE, clock)
    executor.run(order)
    found = KeyLedger(tmp_path).find("main", order.capability.key)
    assert found is not None
    assert found.state is KeyState.DONE
