from __future__ import annotations

import pytest

from aiops.model import codec
from remediations.breakers import GLOBAL, TABLE, Breakers, Position, Result, admit, open_now, record

MINUTE = 60_000_000_000


def after(*results: Result, start: Breakers | None = None, target: str = "web") -> Breakers:
    breakers = start or Breakers()
    for number, result in enumerate(results):
        breakers = record(breakers, number * MINUTE, (target, "restart", result))
    return breakers


def test_one_failure_is_borne_two_are_not() -> None:
    """A target's breaker opens at the second failure within its window; the action's and the global one bear more."""
    assert open_now(after(Result.FAILED), MINUTE) == frozenset()
    assert open_now(after(Result.FAILED, Result.FAILED), 2 * MINUTE) == {"target:web"}


def test_failures_among_many_successes_are_borne() -> None:
    """Two failures among five endings are under the rate that opens."""
    assert not open_now(after(Result.HEALED, Result.HEALED, Result.HEALED, Result.FAILED, Result.FAILED), 5 * MINUTE)


def test_harm_opens_at_once_and_spreads() -> None:
    """One harm stops its target, two the action, three everything."""
    breakers = after(Result.HARMED)
    assert open_now(breakers, MINUTE) == {"target:web"}
    breakers = after(Result.HARMED, start=breakers, target="pay")
    assert "action:restart" in open_now(breakers, MINUTE)
    assert GLOBAL in open_now(after(Result.HARMED, start=breakers, target="cart"), MINUTE)


def test_recurrence_after_success_opens() -> None:
    """Healing that does not last twice is no healing."""
    results = (Result.HEALED, Result.RECURRED, Result.HEALED, Result.RECURRED)
    assert "target:web" in open_now(after(*results), 4 * MINUTE)


def test_rest_then_one_trial() -> None:
    """After its rest one action passes; while it runs nothing else does; its end decides."""
    breakers = after(Result.HARMED)
    later = 16 * MINUTE
    assert open_now(breakers, later) == frozenset()
    trying = admit(breakers, later, "web", action="restart")
    assert open_now(trying, later) == {"target:web"}
    assert open_now(record(trying, later, ("web", "restart", Result.HEALED)), later) == frozenset()
    worse = record(trying, later, ("web", "restart", Result.FAILED))
    assert open_now(worse, later) == {"target:web"}
    assert worse.named["target:web"].why == "did harm once"


def test_a_trial_that_changed_nothing_is_over() -> None:
    """The gate refused it: that says nothing about the target, so the next action is the trial."""
    later = 16 * MINUTE
    trying = admit(after(Result.HARMED), later, "web", action="restart")
    refused = record(trying, later, ("web", "restart", Result.UNCHANGED))
    assert open_now(refused, later) == frozenset()
    assert refused.named["target:web"].position is Position.HALF_OPEN
    assert refused.named["target:web"].endings == trying.named["target:web"].endings
    assert open_now(admit(refused, later, "web", action="restart"), later) == {"target:web"}


@pytest.mark.parametrize("result", Result)
def test_every_result_ends_the_trial(result: Result) -> None:
    """No plan leaves a trial behind that runs for ever."""
    later = 16 * MINUTE
    trying = admit(after(Result.HARMED), later, "web", action="restart")
    ended = record(trying, later, ("web", "restart", result))
    assert not any(breaker.trial for breaker in ended.named.values())


def test_a_plan_that_changed_nothing_leaves_closed_breakers_alone() -> None:
    """It is neither a success nor a failure."""
    assert record(Breakers(), 0, ("web", "restart", Result.UNCHANGED)) == Breakers()


def test_windows_forget() -> None:
    """Failures two hours apart do not add up."""
    breakers = record(Breakers(), 0, ("web", "restart", Result.FAILED))
    breakers = record(breakers, 120 * MINUTE, ("web", "restart", Result.FAILED))
    assert open_now(breakers, 120 * MINUTE) == frozenset()


def test_state_survives_json() -> None:
    """Breakers are journalled as JSON."""
    breakers = admit(after(Result.FAILED, Result.HARMED), 40 * MINUTE, "web", action="restart")
    assert codec.decode(Breakers, codec.encode(breakers)) == breakers


@pytest.mark.parametrize("position", Position)
def test_table_is_complete(position: Position) -> None:
    """Every position knows every ending."""
    assert sum(1 for key in TABLE if key[0] is position) == 4
