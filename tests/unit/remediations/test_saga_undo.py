"""Taking a plan back: in reverse order, never blindly, and with a person told when it stops half-way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.plans import Step, StepDirection
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga_messages import SagaOutcome
from remediations.saga_moves import Moved
from remediations.saga_state import LASTING, Saga, SagaState, StepMark, Track, begin
from remediations.saga_undo import (
    await_reversal,
    end,
    give_up,
    is_temporary,
    reverse,
    stop,
    stuck,
    undo,
    undone,
)
from tests.unit.remediations.conftest import make_plan, make_step

SECOND = 1_000_000_000
WHY = Prose("still slow")


def saga(*marks: StepMark, steps: tuple[Step, ...] | None = None, **fields: Any) -> Saga:
    """A plan whose steps a, b, c have these marks, each with a reservation."""
    steps = steps or tuple(make_step(name) for name, _ in zip("abc", marks, strict=False))
    tracks = tuple(Track(mark, reservation=f"r{place}") for place, mark in enumerate(marks))
    return replace(begin(make_plan(*steps)), tracks=tracks, why=WHY, **fields)


def asked(moved: Moved) -> tuple[str, StepDirection]:
    """The step about which oversight is asked."""
    (found,) = [command for command in moved[1] if isinstance(command, say.AskAuthority)]
    return found.step, found.direction


def outcome(moved: Moved) -> SagaOutcome:
    """How it ended."""
    (found,) = [command for command in moved[1] if isinstance(command, say.Finished)]
    return found.outcome


def released(moved: Moved) -> list[str]:
    """Reservations that are given back."""
    return [command.key for command in moved[1] if isinstance(command, say.ReleaseBudget)]


# ---------------------------------------------------------------------------------------------------------- undo


def test_the_last_step_is_undone_first() -> None:
    """Under authority."""
    moved = undo(saga(StepMark.DONE, StepMark.DONE, StepMark.PENDING), 1)
    assert asked(moved) == ("b", StepDirection.UNDO)
    assert moved[0].cursor == 1


def test_a_step_that_did_not_happen_is_passed_over() -> None:
    """Nothing of it is left."""
    assert asked(undo(saga(StepMark.DONE, StepMark.NOT_DONE), 1)) == ("a", StepDirection.UNDO)


def test_nothing_begun_is_a_refusal_and_gives_all_budget_back() -> None:
    """The plan changed nothing."""
    moved = undo(saga(StepMark.NOT_DONE, StepMark.PENDING), 1)
    assert outcome(moved) is SagaOutcome.REFUSED
    assert released(moved) == ["r0", "r1"]


def test_what_was_undone_before_counts_as_begun() -> None:
    """The plan did change something, for a time."""
    assert outcome(undo(saga(StepMark.UNDONE, StepMark.NOT_DONE), 1)) is SagaOutcome.UNDONE


@pytest.mark.parametrize("mark", [StepMark.DONE, StepMark.IN_DOUBT])
def test_a_restart_leaves_nothing_to_undo(mark: StepMark) -> None:
    """It is spent, and the plan counts as undone."""
    moved = undo(saga(mark, steps=(make_step("a", transient=True, undo=False),)), 1)
    assert moved[0].tracks[0].mark is StepMark.SPENT
    assert outcome(moved) is SagaOutcome.UNDONE


def test_a_step_in_doubt_is_undone_only_where_that_is_safe_either_way() -> None:
    """Otherwise the undo might do harm by itself: a person looks."""
    moved = undo(saga(StepMark.IN_DOUBT), 1)
    assert outcome(moved) is SagaOutcome.STUCK
    assert "a is in doubt and its undo is not safe either way" in moved[0].why
    assert asked(undo(saga(StepMark.IN_DOUBT, steps=(make_step("a", undo_either_way=True),)), 1))[0] == "a"


def test_a_step_that_cannot_be_undone_stops_the_undo_of_those_before_it() -> None:
    """Out of order an undo may make things worse."""
    moved = undo(saga(StepMark.DONE, StepMark.DONE, steps=(make_step("a"), make_step("b", undo=False))), 1)
    assert outcome(moved) is SagaOutcome.STUCK
    assert released(moved) == []


def test_a_step_whose_budget_does_not_cover_its_undo_is_not_undone() -> None:
    """The budget said so when it granted the step."""
    given_ = saga(StepMark.DONE)
    given_ = replace(given_, tracks=(replace(given_.tracks[0], undo=False),))
    assert outcome(undo(given_, 1)) is SagaOutcome.STUCK


@given(st.lists(st.sampled_from(StepMark), min_size=1, max_size=5))
def test_an_undo_asks_about_the_last_lasting_step_or_ends(marks: list[StepMark]) -> None:
    """Whatever the marks: it never asks about a step that may be gone, and never says undone while one lasts."""
    steps = tuple(make_step(f"s{place}", undo_either_way=True) for place in range(len(marks)))
    moved = undo(saga(*marks, steps=steps), 1)
    lasting = [place for place, mark in enumerate(marks) if mark in LASTING]
    if lasting:
        assert asked(moved) == (f"s{lasting[-1]}", StepDirection.UNDO)
    else:
        assert outcome(moved) in {SagaOutcome.UNDONE, SagaOutcome.REFUSED}
        assert not moved[0].begun


# ------------------------------------------------------------------------------------------------------- give up


def test_a_plan_that_fails_is_taken_back() -> None:
    """With its reason."""
    moved = give_up(saga(StepMark.DONE), 1, Prose("budget refused"))
    assert asked(moved) == ("a", StepDirection.UNDO)
    assert moved[0].why == "budget refused"


def test_an_undo_that_fails_is_a_person_s() -> None:
    """It is not undone in its turn."""
    moved = give_up(saga(StepMark.DONE, direction=StepDirection.UNDO), 1, Prose("vetoed"))
    assert outcome(moved) is SagaOutcome.STUCK
    assert moved[0].why == "undo not permitted: vetoed"


def test_nothing_is_undone_during_a_halt() -> None:
    """A person is paged if anything was changed."""
    assert outcome(give_up(saga(StepMark.DONE, halted=True), 1, WHY)) is SagaOutcome.STUCK
    assert outcome(give_up(saga(StepMark.NOT_DONE, halted=True), 1, WHY)) is SagaOutcome.REFUSED


@pytest.mark.parametrize(
    ("mark", "ended"),
    [
        (StepMark.PENDING, SagaOutcome.REFUSED),
        (StepMark.UNDONE, SagaOutcome.UNDONE),
        (StepMark.SPENT, SagaOutcome.UNDONE),
        (StepMark.BEGUN, SagaOutcome.STUCK),
        (StepMark.UNDO_IN_DOUBT, SagaOutcome.STUCK),
    ],
)
def test_a_halt_ends_by_what_is_left(mark: StepMark, ended: SagaOutcome) -> None:
    """Only what may still be in place needs a person."""
    assert outcome(stop(saga(mark))) is ended


# ----------------------------------------------------------------------------------------------------------- ends


def test_an_end_gives_every_reservation_back_once() -> None:
    """And keeps none in its tracks."""
    moved = end(saga(StepMark.DONE, StepMark.DONE), SagaOutcome.UNDONE)
    assert released(moved) == ["r0", "r1"]
    assert moved[0].reservations == ()
    assert (moved[0].state, moved[0].timer, moved[0].ended) == (SagaState.FINISHED, "", SagaOutcome.UNDONE)


def test_a_stuck_plan_keeps_its_reservations_and_shows_each_step() -> None:
    """Nobody else may act on its targets before a person has looked."""
    moved = stuck(saga(StepMark.DONE, StepMark.UNDO_IN_DOUBT), WHY)
    (page,) = [command for command in moved[1] if isinstance(command, say.PageOperator)]
    assert moved[0].reservations == ("r0", "r1")
    assert page.state == ("a: scale a: done", "b: scale b: undo in doubt")


# ------------------------------------------------------------------------------------------------- after an undo


def test_after_one_step_the_one_before_is_undone() -> None:
    """Until none is left."""
    first = saga(StepMark.DONE, StepMark.UNDONE, cursor=1, direction=StepDirection.UNDO)
    assert asked(undone(first, 1)) == ("a", StepDirection.UNDO)
    last = saga(StepMark.UNDONE, StepMark.UNDONE, direction=StepDirection.UNDO)
    assert outcome(undone(last, 1)) is SagaOutcome.UNDONE


def test_a_halt_between_two_undos_stops_half_way() -> None:
    """A safe point."""
    moved = undone(saga(StepMark.DONE, StepMark.UNDONE, cursor=1, halted=True), 1)
    assert outcome(moved) is SagaOutcome.STUCK


# ---------------------------------------------------------------------------------------------- temporary changes


def temporary(*seconds: float | None, **fields: Any) -> Saga:
    """Steps that were done at second 10 and are reversed after these times."""
    steps = tuple(make_step(f"s{place}", reverse_after_seconds=after) for place, after in enumerate(seconds))
    made = saga(*([StepMark.DONE] * len(seconds)), steps=steps, **fields)
    return replace(made, tracks=tuple(replace(track, done_at=10 * SECOND) for track in made.tracks))


def test_only_a_done_step_with_a_time_is_temporary() -> None:
    """One that was reversed already is not."""
    made = temporary(60.0, None)
    assert [is_temporary(made, place) for place in (0, 1)] == [True, False]
    assert not is_temporary(replace(made, tracks=(replace(made.tracks[0], mark=StepMark.UNDONE), made.tracks[1])), 0)


def test_the_step_whose_time_is_over_first_is_reversed_first() -> None:
    """Of two at the same time the later step, which was done last."""
    moved, timer = await_reversal(temporary(60.0, 30.0), 0)
    assert (moved.cursor, timer.due) == (1, 40 * SECOND)
    moved, _ = await_reversal(temporary(30.0, 30.0, 30.0), 0)
    assert moved.cursor == 2
    assert (moved.state, moved.reversing) == (SagaState.HOLDING, True)


def test_a_reversal_whose_time_is_over_is_due_now() -> None:
    """Never in the past."""
    _, timer = await_reversal(temporary(30.0), 99 * SECOND)
    assert timer.due == 99 * SECOND


def test_a_reversal_needs_authority() -> None:
    """Of the undo of its step."""
    moved = reverse(temporary(30.0, reversing=True), say.SagaTimerFired(40 * SECOND, "t"))
    assert asked(moved) == ("s0", StepDirection.UNDO)
    assert moved[0].why == "its time is over"


def test_a_reversal_during_a_halt_is_a_person_s() -> None:
    """The temporary change stays longer than was agreed."""
    moved = reverse(temporary(30.0, halted=True), say.SagaTimerFired(40 * SECOND, "t"))
    assert moved[0].why == "halted when the reversal was due"
    assert outcome(moved) is SagaOutcome.STUCK


def test_a_temporary_change_that_cannot_be_reversed_is_a_person_s() -> None:
    """A runbook may say so by mistake."""
    made = saga(StepMark.DONE, steps=(make_step("a", undo=False, reverse_after_seconds=1.0),))
    assert outcome(reverse(made, say.SagaTimerFired(1, "t"))) is SagaOutcome.STUCK


def test_the_last_reversal_ends_the_plan_and_each_gives_back_its_own_budget() -> None:
    """The one before waits for the next."""
    made = temporary(60.0, 30.0, reversing=True, cursor=1, direction=StepDirection.UNDO)
    first = undone(replace(made, tracks=(made.tracks[0], replace(made.tracks[1], mark=StepMark.UNDONE))), 40 * SECOND)
    assert released(first) == ["r1"]
    assert first[0].state is SagaState.HOLDING
    again = replace(first[0], tracks=(replace(first[0].tracks[0], mark=StepMark.UNDONE), first[0].tracks[1]))
    last = undone(replace(again, direction=StepDirection.UNDO), 70 * SECOND)
    assert released(last) == ["r0"]
    assert outcome(last) is SagaOutcome.REVERSED
