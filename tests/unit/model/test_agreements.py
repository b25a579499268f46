"""What an objective promises: the stated times, or those that its error budget allows."""

from __future__ import annotations

import pytest

from aiops.model.agreements import Agreement, agreement_of
from aiops.model.entities import Objective

THREE_NINES = Objective("orders", 0.999)


def test_the_error_budget_is_the_time_to_repair() -> None:
    """99.9 % in 30 days is 43.2 minutes; a tenth of it is the time to answer."""
    found = agreement_of([("web", THREE_NINES)])
    assert found.text == "orders: 99.900% availability in 30 days of web"
    assert found.repair_seconds == pytest.approx(43.2 * 60)
    assert found.answer_seconds == pytest.approx(4.32 * 60)


def test_stated_times_win() -> None:
    """What people agreed on is not computed."""
    found = agreement_of([("web", Objective("orders", 0.999, answer_minutes=15, repair_minutes=240))])
    assert (found.answer_seconds, found.repair_seconds) == (900, 14_400)


def test_nobody_is_asked_to_answer_within_seconds() -> None:
    """Five nines leave 26 seconds of budget; a person gets a minute."""
    assert agreement_of([("web", Objective("orders", 0.99999))]).answer_seconds == 60


def test_the_strictest_counts() -> None:
    """Of several objectives the highest share; of equals the order of the input does not matter."""
    pairs = [("a", Objective("loose", 0.9)), ("b", THREE_NINES), ("c", THREE_NINES)]
    assert agreement_of(pairs) == agreement_of(pairs[::-1])
    assert agreement_of(pairs).text.endswith("of c")


def test_without_an_objective_nothing_is_promised() -> None:
    """The settings' times hold, and nothing is overdue."""
    assert agreement_of([]) == Agreement("no objective stated", None, None)
