"""The small moves of a saga: its timer, the track of its step, whom it asks and whose answers it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.errors import NoTransitionError
from aiops.model.plans import StepDirection
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga_moves import (
    ANSWER_SECONDS,
    ask_authority,
    expect,
    expect_current,
    later,
    mark_at_rest,
    track_of_step,
    with_timer,
)
from remediations.saga_state import Saga, SagaState, StepMark, begin
from tests.unit.remediations.conftest import make_plan, make_step

Make = Callable[..., Any]
SECOND = 1_000_000_000


def saga(**fields: Any) -> Saga:
    """Two steps, a and b, the second one under way."""
    return replace(begin(make_plan(make_step("a"), make_step("b"))), cursor=1, **fields)


def test_only_the_current_step_s_track_changes() -> None:
    """The other keeps its mark."""
    moved = track_of_step(saga(), mark=StepMark.DONE, runs=1)
    assert [track.mark for track in moved.tracks] == [StepMark.PENDING, StepMark.DONE]
    assert moved.tracks[1].runs == 1


def test_a_field_that_a_track_does_not_have_is_a_mistake() -> None:
    """It is not dropped silently."""
    with pytest.raises(TypeError):
        track_of_step(saga(), colour="red")


def test_a_new_timer_has_a_name_that_was_never_used() -> None:
    """So an old one that fires late is known to be old."""
    first, one = with_timer(saga(), "verify", 5)
    second, other = with_timer(first, "verify", 5)
    assert one.timer != other.timer
    assert (second.timer, second.moves) == (other.timer, 2)


@given(st.integers(0, 2**62), st.floats(0, 1e6, allow_nan=False))
def test_later_is_never_earlier(at: int, seconds: float) -> None:
    """To the nanosecond, and exactly for whole seconds."""
    assert later(at, seconds) >= at
    assert later(at, float(int(seconds))) == at + int(seconds) * SECOND


def test_an_answer_on_another_step_is_refused() -> None:
    """The message says what was waited for and what came."""
    with pytest.raises(NoTransitionError, match=r"saga p: ready waits for b/do, not for a/do"):
        expect(saga(), "a/do", "b/do")
    expect(saga(), "b/do", "b/do")


@pytest.mark.parametrize(("step", "direction"), [("a", "do"), ("b", "undo"), ("", "do"), ("B", "do")])
def test_a_ruling_on_another_effect_is_refused(step: str, direction: str) -> None:
    """Of another step, or of the other direction."""
    with pytest.raises(NoTransitionError):
        expect_current(saga(), say.Authorised(1, step, StepDirection(direction)))


def test_a_ruling_on_the_current_effect_is_taken() -> None:
    """Permission, veto and hold alike."""
    for word in (
        say.Authorised(1, "b", StepDirection.DO),
        say.Vetoed(1, "b", StepDirection.DO, Prose("no")),
        say.Held(1, "b", StepDirection.DO, 9, Prose("night")),
    ):
        expect_current(saga(), word)


@pytest.mark.parametrize(("direction", "replicas"), [(StepDirection.DO, 4), (StepDirection.UNDO, 2)])
def test_oversight_is_asked_about_the_action_of_the_direction(direction: StepDirection, replicas: int) -> None:
    """And has a minute to answer."""
    moved, (asked, timer) = ask_authority(saga(direction=direction), 7)
    assert isinstance(asked, say.AskAuthority)
    assert isinstance(timer, say.SetTimer)
    assert (asked.step, asked.direction, asked.action.parameters["replicas"]) == ("b", direction, replicas)
    assert moved.state is SagaState.AUTHORISING
    assert timer.due == 7 + round(ANSWER_SECONDS * SECOND)
    assert moved.timer == timer.timer


def test_an_effect_that_did_not_happen_leaves_the_step_as_it_was() -> None:
    """A step that was not done is not done; one that was not undone is done still."""
    assert mark_at_rest(saga()) is StepMark.NOT_DONE
    assert mark_at_rest(saga(direction=StepDirection.UNDO)) is StepMark.DONE
