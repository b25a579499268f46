"""Breakers' documents: who counts a plan's result, and which action is the trial of a breaker that has rested."""

from __future__ import annotations

from dataclasses import replace

from aiops.control.events.commands import given
from aiops.control.plan.breakers import admitted, learn, reset
from aiops.control.state import documents as doc
from aiops.control.state.views import open_breakers
from aiops.model.events import CommandGiven
from aiops.model.plans import Action, Plan
from aiops.model.refusals import RefusalKind
from remediations.breakers import TOLERANCES, Breaker, Position, Result
from remediations.saga_state import Saga, StepMark, Track, begin
from tests.unit.control.drafts import Desk
from tests.unit.control.fakes import SECOND

RESTART = Action("restart", "web")
REST = TOLERANCES["target"].rest_seconds


def results(desk: Desk, name: str) -> list[Result]:
    """What a breaker has counted."""
    record = desk.state.breakers.get(name)
    return [] if record is None else [result for _, result in record.breaker.endings]


def two_steps(desk: Desk) -> Plan:
    """Restart web, then restart db."""
    plan = desk.plan("INC-1")
    (one,) = plan.steps
    return replace(plan, steps=(one, replace(one, id="second", action=Action("restart", "db"))))


def begun(plan: Plan, *marks: StepMark) -> Saga:
    """The plan with steps in these states."""
    return replace(begin(plan), tracks=tuple(Track(mark) for mark in marks))


def opened(desk: Desk, name: str = "target:web") -> None:
    """A breaker that opened now."""
    breaker = Breaker(Position.OPEN, ((desk.at, Result.HARMED),), desk.at)
    desk.do(lambda draft: draft.put(doc.BreakerRecord(name, breaker)))


def test_a_result_counts_for_target_action_and_all() -> None:
    """Three breakers learn of it."""
    desk = Desk()
    desk.do(learn, begun(desk.plan("INC-1"), StepMark.DONE), Result.FAILED)
    assert sorted(desk.state.breakers) == ["action:restart", "global", "target:web"]
    assert results(desk, "target:web") == [Result.FAILED]


def test_a_step_that_was_never_begun_is_not_to_blame() -> None:
    """Only what was done can have harmed."""
    desk = Desk()
    desk.do(learn, begun(two_steps(desk), StepMark.DONE, StepMark.PENDING), Result.HARMED)
    assert results(desk, "target:db") == []
    assert "target:web" in open_breakers(desk.state, desk.at)


def test_a_plan_of_two_restarts_counts_twice_for_the_action() -> None:
    """Each began; each target counts its own."""
    desk = Desk()
    desk.do(learn, begun(two_steps(desk), StepMark.DONE, StepMark.UNDONE), Result.FAILED)
    assert results(desk, "action:restart") == [Result.FAILED] * 2
    assert results(desk, "target:db") == [Result.FAILED]


def test_a_plan_that_began_nothing_teaches_nothing() -> None:
    """No document is written."""
    desk = Desk()
    assert desk.do(learn, begun(desk.plan("INC-1"), StepMark.PENDING), Result.HARMED).documents == ()


def test_results_of_other_targets_are_left_alone() -> None:
    """A breaker that the plan does not pass is not written again."""
    desk = Desk()
    opened(desk, "target:mail")
    decision = desk.do(learn, begun(desk.plan("INC-1"), StepMark.DONE), Result.HEALED)
    assert "target:mail" not in {write.key for write in decision.documents}


def test_an_action_through_closed_breakers_writes_nothing() -> None:
    """It is the trial of none."""
    desk = Desk()
    assert desk.do(admitted, RESTART).documents == ()


def test_an_action_after_the_rest_is_the_trial() -> None:
    """While it runs the breaker refuses the next one."""
    desk = Desk()
    opened(desk)
    desk.wait(REST)
    assert open_breakers(desk.state, desk.at) == frozenset()
    desk.do(admitted, RESTART)
    assert open_breakers(desk.state, desk.at) == {"target:web"}


def test_an_action_one_moment_before_the_end_of_the_rest_is_no_trial() -> None:
    """The breaker is open still."""
    desk = Desk()
    opened(desk)
    desk.at += round(REST * SECOND) - 1
    assert desk.do(admitted, RESTART).documents == ()


def test_a_trial_that_heals_closes_the_breaker() -> None:
    """And what came before is forgotten."""
    desk = Desk()
    opened(desk)
    desk.wait(REST)
    desk.do(admitted, RESTART)
    desk.do(learn, begun(desk.plan("INC-1"), StepMark.DONE), Result.HEALED)
    assert desk.state.breakers["target:web"].breaker == Breaker()
    assert desk.state.tripped == {}


def test_a_trial_that_fails_opens_it_again() -> None:
    """For another rest from now on."""
    desk = Desk()
    opened(desk)
    desk.wait(REST)
    desk.do(admitted, RESTART)
    desk.do(learn, begun(desk.plan("INC-1"), StepMark.DONE), Result.FAILED)
    held = desk.state.breakers["target:web"].breaker
    assert (held.position, held.opened_at, held.trial) == (Position.OPEN, desk.at, False)


def test_a_refused_plan_ends_its_trial() -> None:
    """The budget or the gate refused the step after its trial had begun."""
    desk = Desk()
    opened(desk)
    desk.wait(REST)
    desk.do(admitted, RESTART)
    assert "target:web" in open_breakers(desk.state, desk.at)
    desk.do(learn, begun(desk.plan("INC-1"), StepMark.NOT_DONE), Result.UNCHANGED)
    assert open_breakers(desk.state, desk.at) == frozenset()


def test_a_person_closes_a_breaker_with_a_reason() -> None:
    """The journal names the person and the reason; the results so far are forgotten."""
    desk = Desk()
    opened(desk)
    decision = desk.do(reset, "target:web", who="ann", reason="fixed by hand")
    assert open_breakers(desk.state, desk.at) == frozenset()
    assert desk.state.breakers["target:web"].breaker == Breaker()
    assert '"reset_by":"ann","reason":"fixed by hand"' in decision.entry.consequences


def test_only_an_open_breaker_is_reset_and_never_without_a_reason() -> None:
    """A second reset, another name and an empty reason change nothing."""
    desk = Desk()
    opened(desk)
    assert desk.refused(reset, "target:db", who="ann", reason="x").kind is RefusalKind.UNKNOWN
    assert desk.refused(reset, "target:web", who="ann", reason=" ").kind is RefusalKind.MALFORMED
    desk.do(reset, "target:web", who="ann", reason="x")
    assert desk.refused(reset, "target:web", who="ann", reason="x").kind is RefusalKind.LATE


def test_the_command_of_a_person_resets() -> None:
    """``aiops breakers reset`` writes it into the inbox."""
    desk = Desk()
    opened(desk)
    reason = {"reason": "fixed by hand"}
    event = CommandGiven(id="c", at=desk.at, command="reset-breaker", subject="target:web", who="ann", arguments=reason)
    desk.do(given, event, event=event)
    assert open_breakers(desk.state, desk.at) == frozenset()
