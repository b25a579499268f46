from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiops.model import codec, plans
from aiops.model.errors import NoTransitionError
from aiops.model.plans import Plan, StepDirection, StepOutcome, StepStatus, Verdict
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga import TABLE, advance
from remediations.saga_messages import SagaOutcome
from remediations.saga_state import Saga, SagaState, StepMark, begin
from tests.unit.remediations.conftest import make_plan

S = 1_000_000_000
Make = Callable[..., Any]


class Drive:
    """Feeds a saga and keeps its last commands."""

    def __init__(self, plan: Plan) -> None:
        self.saga = begin(plan)
        self.last: tuple[say.Command, ...] = ()
        self.all: list[say.Command] = []
        self.at = 1

    def tell(self, event: say.Event) -> Drive:
        self.saga, self.last = advance(self.saga, event)
        self.saga = codec.decode(Saga, codec.encode(self.saga))
        self.all.extend(self.last)
        return self

    def find(self, kind: type[Any]) -> Any:
        return next(command for command in self.last if isinstance(command, kind))

    def allow(self) -> Drive:
        return self.tell(say.Authorised(self.at, self.saga.step.id, self.saga.direction))

    def reserve(self, *, undo: bool = True) -> Drive:
        return self.tell(say.Reserved(self.at, self.find(say.ReserveBudget).key, undo))

    def report(self, status: StepStatus, detail: str = "") -> Drive:
        return self.tell(say.Reported(self.at, StepOutcome(self.saga.key, status, self.at, Prose(detail))))

    def see(self, observed: plans.Observed) -> Drive:
        return self.tell(say.EffectObserved(self.at, self.saga.key, observed))

    def fire(self) -> Drive:
        self.at = max(self.at, self.find(say.SetTimer).due)
        return self.tell(say.SagaTimerFired(self.at, self.saga.timer))

    def start(self) -> Drive:
        return self.tell(say.Started(self.at))

    def do(self) -> Drive:
        return self.reserve().allow().report(StepStatus.DONE)

    @property
    def outcomes(self) -> list[SagaOutcome]:
        return [command.outcome for command in self.all if isinstance(command, say.Finished)]

    @property
    def released(self) -> list[str]:
        return [command.key for command in self.all if isinstance(command, say.ReleaseBudget)]


def test_all_steps_then_verified(plan: Make, step: Make) -> None:
    """Two steps, healthy: every reservation is given back and the plan ends verified."""
    drive = Drive(plan(step("a"), step("b"))).start().do().do()
    assert drive.saga.state is SagaState.SETTLING
    assert drive.find(say.SetTimer).due == drive.at + 90 * S
    drive.fire()
    assert drive.find(say.AskVerification).since == 1
    drive.tell(say.VerificationEnded(drive.at, Verdict.HEALTHY))
    assert drive.saga.over
    assert drive.outcomes[-1] is SagaOutcome.VERIFIED
    assert len(set(drive.released)) == 2


def test_unhealthy_until_the_deadline_is_undone_in_reverse(plan: Make, step: Make) -> None:
    """A goal that is not reached by the deadline is failure: the last step is undone first."""
    drive = Drive(plan(step("a"), step("b"))).start().do().do().fire()
    while drive.saga.state is SagaState.VERIFYING:
        drive.tell(say.VerificationEnded(drive.at, Verdict.UNHEALTHY, (Prose("still slow"),)))
        if drive.saga.state is SagaState.VERIFYING:
            drive.fire()
    assert drive.at >= 330 * S
    undone = []
    while not drive.saga.over:
        undone.append(drive.saga.step.id)
        drive.allow().report(StepStatus.DONE)
    assert undone == ["b", "a"]
    assert drive.outcomes[-1] is SagaOutcome.UNDONE
    assert drive.saga.reservations == ()


def test_harm_is_undone_at_once(plan: Make, step: Make) -> None:
    """A plan that does harm is not given until the deadline."""
    drive = (
        Drive(plan(step("a")))
        .start()
        .do()
        .fire()
        .tell(say.VerificationEnded(1, Verdict.HARMED, (Prose("pay is worse"),)))
    )
    assert drive.saga.direction is StepDirection.UNDO
    assert "pay is worse" in drive.saga.why


def test_refused_budget_before_anything_ends_refused(plan: Make, step: Make) -> None:
    """No budget: nothing begins, and a reservation that may still be granted late is given back."""
    drive = Drive(plan(step("a"))).start()
    key = drive.find(say.ReserveBudget).key
    drive.tell(say.BudgetRefused(2, key, Prose("zone-a is full")))
    assert drive.outcomes[-1] is SagaOutcome.REFUSED
    assert drive.released == [key]


def test_veto_after_the_first_step_takes_it_back(plan: Make, step: Make) -> None:
    """A later step that may not run takes back the earlier ones."""
    drive = (
        Drive(plan(step("a"), step("b"))).start().do().reserve().tell(say.Vetoed(2, "b", StepDirection.DO, Prose("no")))
    )
    assert (drive.saga.step.id, drive.saga.direction) == ("a", StepDirection.UNDO)
    drive.allow().report(StepStatus.DONE)
    assert drive.outcomes[-1] is SagaOutcome.UNDONE


def test_held_before_anything_waits_without_locks(plan: Make, step: Make) -> None:
    """A window holds a plan that has not begun: its reservation goes back and is asked anew when the window opens."""
    drive = Drive(plan(step("a"))).start()
    first = drive.find(say.ReserveBudget).key
    drive.reserve().tell(say.Held(2, "a", StepDirection.DO, 900 * S, Prose("freeze")))
    assert drive.released == [first]
    assert drive.fire().at == 900 * S
    assert drive.find(say.ReserveBudget).key != first


def test_held_half_way_is_taken_back(plan: Make, step: Make) -> None:
    """Half-way, a plan does not wait for hours."""
    drive = Drive(plan(step("a"), step("b"))).start().do().reserve()
    drive.tell(say.Held(2, "b", StepDirection.DO, 900 * S, Prose("freeze")))
    assert drive.saga.direction is StepDirection.UNDO


def test_restart_observes_and_only_not_done_runs_again(plan: Make, step: Make) -> None:
    """A begun step without outcome is observed; not done: the same key runs again as run 2, authorised anew."""
    drive = Drive(plan(step("a"))).start().reserve().allow()
    key = drive.find(say.Begin).key
    drive.tell(say.Restarted(2))
    assert drive.find(say.Observe).key == key
    drive.see(plans.Observed.NOT_DONE).allow()
    again = drive.find(say.Begin)
    assert (again.key, again.run) == (key, 2)


def test_restart_elsewhere_changes_nothing(plan: Make, step: Make) -> None:
    """Outside an effect a restart asks for nothing: the outbox and the timers survive it."""
    drive = Drive(plan(step("a"))).start().tell(say.Restarted(2))
    assert drive.last == ()
    assert drive.saga.state is SagaState.RESERVING


def test_unknown_pages_when_its_undo_is_not_safe(plan: Make, step: Make) -> None:
    """Nobody can tell and the undo is not safe either way: a person is paged with the exact state."""
    drive = Drive(plan(step("a"))).start().reserve().allow().report(StepStatus.UNKNOWN)
    drive.see(plans.Observed.UNKNOWN).fire().see(plans.Observed.UNKNOWN)
    assert drive.outcomes[-1] is SagaOutcome.STUCK
    assert drive.find(say.PageOperator).state == ("a: scale a: in doubt",)
    assert drive.released == []


def test_unknown_is_undone_where_that_is_safe_either_way(plan: Make, step: Make) -> None:
    """In doubt, with an undo that is safe either way: it is undone and never repeated."""
    drive = Drive(plan(step("a", undo_either_way=True))).start().reserve().allow().report(StepStatus.UNKNOWN)
    drive.see(plans.Observed.UNKNOWN).fire().see(plans.Observed.UNKNOWN).allow()
    assert drive.find(say.Begin).direction is StepDirection.UNDO
    drive.report(StepStatus.DONE)
    assert drive.outcomes[-1] is SagaOutcome.UNDONE


def test_failed_twice_gives_up(plan: Make, step: Make) -> None:
    """A step that failed and did nothing is run once more, then the plan ends with nothing changed."""
    drive = Drive(plan(step("a"))).start().reserve().allow().report(StepStatus.FAILED).see(plans.Observed.NOT_DONE)
    drive.allow().report(StepStatus.FAILED).see(plans.Observed.NOT_DONE)
    assert drive.outcomes[-1] is SagaOutcome.REFUSED
    assert drive.saga.reservations == ()


def test_failed_undo_stops_and_pages(plan: Make, step: Make) -> None:
    """An undo that fails stops the plan; reservations are kept until a person takes over."""
    drive = Drive(plan(step("a"))).start().do().fire().tell(say.VerificationEnded(1, Verdict.HARMED)).allow()
    drive.report(StepStatus.FAILED, "connection refused")
    assert drive.outcomes[-1] is SagaOutcome.STUCK
    assert drive.find(say.PageOperator).state == ("a: scale a: undo in doubt (connection refused)",)
    assert drive.released == []
    drive.tell(say.TakenOver(9, "kim"))
    assert len(drive.released) == 1


def test_irreversible_step_stops_the_undo(plan: Make, step: Make) -> None:
    """A step without undo, or whose undo could not be reserved, pages instead of undoing what came before it."""
    drive = Drive(plan(step("a"), step("b", undo=False))).start().do().do().fire()
    drive.tell(say.VerificationEnded(1, Verdict.HARMED))
    assert drive.outcomes[-1] is SagaOutcome.STUCK
    other = Drive(plan(step("a"))).start().reserve(undo=False).allow().report(StepStatus.DONE).fire()
    other.tell(say.VerificationEnded(1, Verdict.HARMED))
    assert "cannot be undone" in other.saga.why


def test_transient_step_counts_as_undone(plan: Make, step: Make) -> None:
    """A restart leaves nothing behind: a plan of restarts that did not help ends undone, not stuck."""
    drive = Drive(plan(step("a", undo=False, transient=True))).start().do().fire()
    drive.tell(say.VerificationEnded(1, Verdict.HARMED))
    assert drive.outcomes[-1] is SagaOutcome.UNDONE
    assert drive.saga.tracks[0].mark is StepMark.SPENT


def test_halt_before_an_effect_stops_there(plan: Make, step: Make) -> None:
    """Halted before anything: refused. Halted between steps: paged half-way, nothing undone."""
    first = Drive(plan(step("a"))).start().tell(say.Halted(2))
    assert first.outcomes[-1] is SagaOutcome.REFUSED
    second = Drive(plan(step("a"), step("b"))).start().do().tell(say.Halted(2))
    assert second.outcomes[-1] is SagaOutcome.STUCK
    assert second.find(say.PageOperator).state == ("a: scale a: done", "b: scale b: pending")


def test_halt_in_flight_stops_after_the_outcome(plan: Make, step: Make) -> None:
    """An effect in flight ends; then the plan stops, also when the halt was lifted meanwhile."""
    drive = Drive(plan(step("a"), step("b"))).start().reserve().allow().tell(say.Halted(2)).tell(say.Resumed(3))
    drive.report(StepStatus.DONE)
    assert drive.outcomes[-1] is SagaOutcome.STUCK


def test_halt_while_verifying_pages_and_runs_no_undo(plan: Make, step: Make) -> None:
    """Looking goes on under halt; failure then pages instead of undoing, success is success."""
    drive = Drive(plan(step("a"))).start().do().fire().tell(say.Halted(2, "kim"))
    assert drive.find(say.PageOperator).reason == "halted by kim while verifying"
    bad = drive.saga
    drive.tell(say.VerificationEnded(3, Verdict.HARMED))
    assert drive.outcomes[-1] is SagaOutcome.STUCK
    good, _ = advance(bad, say.VerificationEnded(3, Verdict.HEALTHY))
    assert good.state is SagaState.FINISHED


def test_temporary_change_reverses_itself(plan: Make, step: Make) -> None:
    """Verified, then held with its reservation until its time, then reversed; the other step's goes back at once."""
    drive = Drive(plan(step("a", reverse_after_seconds=600.0), step("b"))).start().do().do().fire()
    drive.tell(say.VerificationEnded(drive.at, Verdict.HEALTHY))
    assert drive.outcomes[-1] is SagaOutcome.VERIFIED
    assert not drive.saga.over
    assert [key.split("/")[1] for key in drive.saga.reservations] == ["a"]
    drive.fire()
    assert drive.at == 600 * S + 1
    drive.allow()
    assert drive.find(say.Begin).direction is StepDirection.UNDO
    drive.report(StepStatus.DONE)
    assert drive.outcomes == [SagaOutcome.VERIFIED, SagaOutcome.REVERSED]
    assert len(drive.released) == 2


def test_reversal_under_halt_pages(plan: Make, step: Make) -> None:
    """The reversal's time comes under halt: it does not run and a person is paged."""
    drive = Drive(plan(step("a", reverse_after_seconds=600.0))).start().do().fire()
    drive.tell(say.VerificationEnded(drive.at, Verdict.HEALTHY))
    timer = drive.saga.timer
    drive.tell(say.Halted(5)).tell(say.SagaTimerFired(700 * S, timer))
    assert drive.outcomes[-1] is SagaOutcome.STUCK


def test_silence_is_bounded_everywhere(plan: Make, step: Make) -> None:
    """Budget, oversight, executor and observation that never answer each have a timer that moves the saga on."""
    drive = Drive(plan(step("a"))).start().fire()
    assert drive.outcomes[-1] is SagaOutcome.REFUSED
    drive = Drive(plan(step("a"))).start().reserve().fire()
    assert drive.outcomes[-1] is SagaOutcome.REFUSED
    drive = Drive(plan(step("a"))).start().reserve().allow().fire()
    assert drive.saga.state is SagaState.OBSERVING
    assert drive.fire().outcomes[-1] is SagaOutcome.STUCK


def test_old_timers_mean_nothing(plan: Make, step: Make) -> None:
    """A timer that was replaced changes nothing."""
    drive = Drive(plan(step("a"))).start()
    old = drive.saga.timer
    drive.reserve()
    before = drive.saga
    drive.tell(say.SagaTimerFired(99 * S, old))
    assert drive.saga == before
    assert drive.last == ()


def test_unknown_pairs_and_late_answers_raise(plan: Make, step: Make) -> None:
    """An event the state does not know, or that names another step, raises and changes nothing."""
    saga = begin(plan(step("a")))
    with pytest.raises(NoTransitionError, match="ready knows no VerificationEnded"):
        advance(saga, say.VerificationEnded(1, Verdict.HEALTHY))
    drive = Drive(plan(step("a"))).start().reserve()
    with pytest.raises(NoTransitionError, match="waits for a/do, not for b/do"):
        drive.tell(say.Authorised(1, "b", StepDirection.DO))


def test_every_live_state_has_a_way_out_of_silence() -> None:
    """Each state but the first and the last knows a timer."""
    silent = {state for state in SagaState if (state, say.SagaTimerFired) not in TABLE}
    assert silent == {SagaState.READY, SagaState.FINISHED, SagaState.STUCK}


# ------------------------------------------------------------------------------------------------- slow effects


def _slow(make: Make) -> Drive:
    """A step of 120 s runs, and its undo is safe either way."""
    step = make("a", timeout_seconds=120.0, undo_either_way=True)
    return Drive(make_plan(step)).start().reserve().allow()


def test_an_effect_in_doubt_is_not_undone_before_its_own_deadline(step: Make) -> None:
    """The orchestrator died 10 s after a roll-back of 120 s began: at 71 s the effect may still be running."""
    drive = _slow(step)
    drive.at = 10 * S
    drive.tell(say.Restarted(drive.at))
    assert drive.find(say.SetTimer).due >= 121 * S
    drive.fire()
    assert (drive.saga.direction, drive.at >= 121 * S) == (StepDirection.UNDO, True)


def test_an_observer_that_cannot_tell_before_the_deadline_is_asked_again_after_it(step: Make) -> None:
    """The journal could not be read at 10 s; at 125 s the target says that nothing happened."""
    drive = _slow(step)
    drive.at = 10 * S
    drive.tell(say.Restarted(drive.at)).see(plans.Observed.UNKNOWN)
    assert (drive.saga.state, drive.find(say.SetTimer).due) == (SagaState.OBSERVING, 125 * S + 1)
    drive.fire()
    assert drive.find(say.Observe).key == drive.saga.key
    drive.see(plans.Observed.DONE)
    assert drive.saga.state is SagaState.SETTLING


def test_an_observer_that_can_never_tell_leaves_it_in_doubt_after_the_deadline(step: Make) -> None:
    """Twice unknown: the undo that is safe either way begins when the effect cannot happen any more."""
    drive = _slow(step)
    drive.at = 10 * S
    drive.tell(say.Restarted(drive.at)).see(plans.Observed.UNKNOWN).fire().see(plans.Observed.UNKNOWN)
    assert (drive.saga.tracks[0].mark, drive.saga.direction) == (StepMark.IN_DOUBT, StepDirection.UNDO)
    assert drive.at >= 121 * S


def test_an_outcome_that_arrives_late_is_taken_while_it_is_observed(step: Make) -> None:
    """The executor's report ends the doubt before the deadline."""
    drive = _slow(step)
    drive.tell(say.Restarted(S)).see(plans.Observed.UNKNOWN).report(StepStatus.DONE)
    assert drive.saga.state is SagaState.SETTLING


def test_what_was_reported_unknown_runs_again_only_after_its_deadline(step: Make) -> None:
    """The connection broke: the target, asked at once, has not begun it yet, and begins it a moment later."""
    drive = _slow(step).report(StepStatus.UNKNOWN).see(plans.Observed.NOT_DONE)
    assert (drive.saga.state, drive.find(say.SetTimer).due) == (SagaState.OBSERVING, 125 * S + 1)
    drive.fire().see(plans.Observed.NOT_DONE)
    assert (drive.saga.state, drive.at) == (SagaState.AUTHORISING, 125 * S + 1)
