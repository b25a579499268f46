"""Verification: asked until healthy, harmed or the deadline; what is temporary waits for its reversal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.plans import StepDirection, Verdict
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga_messages import SagaOutcome
from remediations.saga_moves import VERIFY_AGAIN_SECONDS, Moved
from remediations.saga_state import Saga, SagaState, StepMark, Track, begin
from remediations.saga_verification import check_again_or_fail, verified, verify
from tests.unit.remediations.conftest import make_plan, make_step

SECOND = 1_000_000_000
DEADLINE = 1000 * SECOND


def verifying(window: float = 60.0, *, reverse: float | None = None, **fields: Any) -> Saga:
    """Steps a and b, done at second 3 and 5; the second may be temporary."""
    plan = replace(
        make_plan(make_step("a"), make_step("b", reverse_after_seconds=reverse)), verify_window_seconds=window
    )
    tracks = tuple(Track(StepMark.DONE, f"r{n}", done_at=at * SECOND) for n, at in enumerate((3, 5)))
    values: dict[str, Any] = {"state": SagaState.VERIFYING, "deadline": DEADLINE, "cursor": 1} | fields
    return replace(begin(plan), tracks=tracks, **values)


def timer(moved: Moved) -> say.SetTimer:
    """The timer that it set."""
    (found,) = [command for command in moved[1] if isinstance(command, say.SetTimer)]
    return found


def verdict(given_: Saga, word: Verdict, at: int = 10 * SECOND) -> Moved:
    """One check ended so."""
    return verified(given_, say.VerificationEnded(at, word, (Prose("errors at 5 %"), Prose("web is slow"))))


def ends(moved: Moved) -> list[SagaOutcome]:
    """Outcomes that are reported."""
    return [command.outcome for command in moved[1] if isinstance(command, say.Finished)]


def test_the_question_is_about_the_time_since_the_last_step() -> None:
    """Not since the first one."""
    _, commands = verify(verifying(), 10 * SECOND)
    assert commands[0] == say.AskVerification(5 * SECOND)


@pytest.mark.parametrize(("window", "seconds"), [(60.0, VERIFY_AGAIN_SECONDS), (20.0, 5.0), (1.0, 2.0), (0.0, 2.0)])
def test_a_short_window_is_looked_at_more_often(window: float, seconds: float) -> None:
    """A quarter of it, within limits."""
    assert timer(verify(verifying(window), 10 * SECOND)).due == (10 + seconds) * SECOND


@given(st.integers(0, 2 * DEADLINE), st.floats(0, 1e5))
def test_the_next_check_is_not_in_the_past_and_not_after_the_deadline(at: int, window: float) -> None:
    """After the deadline it is now."""
    due = timer(verify(verifying(window), at)).due
    assert at <= due <= max(at, DEADLINE)


def test_healthy_ends_the_plan_and_gives_its_budget_back() -> None:
    """All of it, once."""
    moved = verdict(verifying(), Verdict.HEALTHY)
    assert moved[0].state is SagaState.FINISHED
    assert ends(moved) == [SagaOutcome.VERIFIED]
    assert [c.key for c in moved[1] if isinstance(c, say.ReleaseBudget)] == ["r0", "r1"]
    assert moved[0].reservations == ()


def test_healthy_with_a_temporary_change_is_reported_and_waits() -> None:
    """The budget of the step that is in place is kept."""
    moved = verdict(verifying(reverse=600.0), Verdict.HEALTHY)
    assert moved[0].state is SagaState.HOLDING
    assert ends(moved) == [SagaOutcome.VERIFIED]
    assert moved[0].reservations == ("r1",)
    assert timer(moved).due == 605 * SECOND


def test_harm_is_taken_back_at_once() -> None:
    """Long before the deadline; the reasons are kept."""
    moved = verdict(verifying(), Verdict.HARMED)
    assert moved[0].direction is StepDirection.UNDO
    assert moved[0].state is SagaState.AUTHORISING
    assert moved[0].why == "harmed: errors at 5 %; web is slow"


@pytest.mark.parametrize("word", [Verdict.UNHEALTHY, Verdict.INCONCLUSIVE])
def test_anything_else_is_asked_again_until_the_deadline(word: Verdict) -> None:
    """At the deadline it is failure."""
    again = verdict(verifying(), word, DEADLINE - 1)
    assert again[0].state is SagaState.VERIFYING
    assert timer(again).due == DEADLINE
    over = verdict(verifying(), word, DEADLINE)
    assert over[0].direction is StepDirection.UNDO
    assert over[0].verdict is word


def test_healthy_at_the_deadline_is_healthy() -> None:
    """And even after it: the data is what counts."""
    assert ends(verdict(verifying(), Verdict.HEALTHY, DEADLINE + SECOND)) == [SagaOutcome.VERIFIED]


def test_without_a_verdict_it_is_asked_again() -> None:
    """Nobody answered the last question."""
    moved = check_again_or_fail(verifying(), say.SagaTimerFired(20 * SECOND, "t"))
    assert isinstance(moved[1][0], say.AskVerification)


@pytest.mark.parametrize(
    ("why", "told"), [("", "verification did not answer before its deadline"), ("still slow", "still slow")]
)
def test_silence_until_the_deadline_is_failure(why: str, told: str) -> None:
    """With the last reason, if there was one."""
    moved = check_again_or_fail(verifying(why=Prose(why)), say.SagaTimerFired(DEADLINE, "t"))
    assert moved[0].direction is StepDirection.UNDO
    assert moved[0].why == told
