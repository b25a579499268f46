"""The event that answers each effect, whatever the port replied."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from aiops.driver.answers import (
    budget_answered,
    fleet_answered,
    handoff_answered,
    handoff_failed,
    page_reported,
    step_observed,
    step_reported,
    undelivered,
)
from aiops.driver.replies import Failure, attempted, reply_of, settle
from aiops.model.codec import EVENT
from aiops.model.effects import AskFleet, ObserveStep, Reserve, RunStep
from aiops.model.errors import TemporaryError
from aiops.model.events import Event
from aiops.model.pages import Delivery
from aiops.model.plans import Observed, Reservation, ReservationAnswer, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from tests.contracts.drivers import FLEET, PAGE, RESERVE, handoff
from tests.unit.driver.ports import NOW, order

GONE = Failure(TemporaryError("it is away"))
RUN = RunStep("c1", order())
LOOK = ObserveStep("observe/c1", order())
DONE = StepOutcome("plan/1/do", StepStatus.DONE, NOW)


def answers(at: int) -> list[Event]:
    """One of each kind, fine and failed."""
    delivery = Delivery("p1", "sms", delivered=True, at=at)
    return [
        handoff_answered(handoff(), (handoff("h2"),), at),
        handoff_failed(handoff(), "it is away", at),
        fleet_answered(FLEET, FleetAnswer("q1", at, ()), at),
        fleet_answered(FLEET, GONE, at),
        budget_answered(RESERVE, ReservationAnswer("r1", granted=True, token=4), at),
        budget_answered(RESERVE, GONE, at),
        step_reported(RUN, DONE, at),
        step_reported(RUN, GONE, at),
        step_observed(LOOK, (Observed.DONE, "the target was asked"), at),
        step_observed(LOOK, GONE, at),
        page_reported(delivery),
        page_reported(undelivered(PAGE.page, "sms", TemporaryError("no signal"), at=at)),
    ]


def test_every_answer_can_be_journalled() -> None:
    """It comes out of JSON as it went in, and has the time at which the reply came."""
    for event in answers(NOW):
        assert EVENT.validate_json(EVENT.dump_json(event)) == event
        assert event.at == NOW


def test_answers_name_what_they_answer() -> None:
    """All but those to pages, which are told by their key, name their effect or handoff as the cause."""
    causes = [event.cause for event in answers(NOW)]
    assert causes == ["h1", "h1", "q1", "q1", "r1", "r1", "c1", "c1", "observe/c1", "observe/c1", "", ""]


def test_an_answer_that_can_come_once_has_one_name_whenever_it_comes() -> None:
    """What may be asked twice is told apart by its time; all else is the same event again."""
    early, late = ([event.id for event in answers(at)] for at in (NOW, NOW + 1))
    same = [one for one, other in zip(early, late, strict=True) if one == other]
    assert same == [
        "answer/h1",
        "fleet/q1",
        "fleet/q1",
        "budget/r1",
        "budget/r1",
        "outcome/c1",
        "outcome/c1",
        "page/p1/sms/True",
        "page/p1/sms/False",
    ]


def test_each_failure_is_the_answer_that_is_safe_to_act_on() -> None:
    """Nothing known, nothing granted, nothing certain."""
    assert fleet_answered(FLEET, GONE, NOW).answer == FleetAnswer("q1", NOW, ())
    refused = budget_answered(RESERVE, GONE, NOW).answer
    assert refused == ReservationAnswer("r1", granted=False, reason=Prose("the budget cannot be reached: it is away"))
    unknown = step_reported(RUN, GONE, NOW).outcome
    assert unknown == StepOutcome("plan/1/do", StepStatus.UNKNOWN, NOW, Prose("no reply from the executor: it is away"))
    seen = step_observed(LOOK, GONE, NOW)
    assert (seen.observed, seen.detail) == (Observed.UNKNOWN, "it is away")


def test_errors_are_told_in_a_few_hundred_characters_and_never_as_nothing() -> None:
    """A stack of HTML does not fill the journal; an error without a text is told by its type."""
    long = Failure(TemporaryError("x" * 10_000))
    assert len(step_reported(RUN, long, NOW).outcome.detail) == 500
    assert len(step_observed(LOOK, long, NOW).detail) == 500
    assert step_observed(LOOK, Failure(KeyError()), NOW).detail == "KeyError()"
    assert undelivered(PAGE.page, "sms", ConnectionError(), at=NOW).error == "ConnectionError()"


def test_answers_belong_to_the_domain_of_what_they_answer() -> None:
    """A domain refuses the answers of another."""
    question = FleetQuestion("q", ("web",), 0, 1, 0, 0, domain="shop")
    answered = fleet_answered(AskFleet("q", question, domain="shop"), GONE, NOW)
    assert (answered.domain, answered.answer.domain) == ("shop", "shop")
    reserve = Reserve("r", Reservation("r", "INC-1", (), {}, 1, 0, domain="shop"), domain="shop")
    assert budget_answered(reserve, GONE, NOW).domain == "shop"


@pytest.mark.parametrize("error", [ValueError("no"), TemporaryError("not now")])
def test_a_reply_is_a_value_or_an_error_and_passes_through_a_future(error: Exception) -> None:
    """Whatever the port raises; what kills the process passes."""

    def fails() -> int:
        raise error

    def dies() -> int:
        raise KeyboardInterrupt

    for reply in (attempted(lambda: 5), attempted(fails)):
        future: Future[int] = Future()
        settle(future, reply)
        assert reply_of(future) == reply
    assert attempted(fails) == Failure(error)
    with pytest.raises(KeyboardInterrupt):
        attempted(dies)
