"""Calls, questions and the end of a hosted part."""

from __future__ import annotations

import os
from typing import Any

import pytest

from aiops.adapters.cluster.host import Host
from aiops.model.errors import TemporaryError

HERE = "tests.unit.adapters.cluster.test_host_calls"


class Part:
    """A part that counts; ``start`` and ``stop`` are what a host calls by itself."""

    def __init__(self, step: int) -> None:
        self.step, self.count, self.running = step, 0, False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def add(self, times: int = 1) -> int:
        self.count += times * self.step
        return self.count

    def state(self) -> tuple[int, bool]:
        return self.count, self.running

    def fail(self) -> None:
        raise TemporaryError("not now", 7.0)


def bare(value: int) -> list[int]:
    """A part that has neither ``start`` nor ``stop``."""
    return [value]


def host(factory: str = f"{HERE}:Part", **arguments: object) -> Any:
    """A host without Ray around it."""
    return Host(factory, arguments or {"step": 3}, "build-1")


def test_the_constructor_makes_and_starts_the_part() -> None:
    """After a crash only constructors run again, so the part must run once it is made."""
    assert host().ask("state") == (0, True)


def test_calls_and_questions_reach_the_same_part() -> None:
    """What a call changes a question sees."""
    made = host()
    assert made.call("add", 2) == 6
    assert made.call("add") == 9
    assert made.ask("state") == (9, True)


def test_leave_stops_the_part() -> None:
    """The part ends its threads before the process goes."""
    made = host()
    made.leave()
    assert made.ask("state") == (0, False)


def test_a_part_without_start_and_stop_is_hosted() -> None:
    """Agents have no threads: neither is needed."""
    made = host(f"{HERE}:bare", value=5)
    assert made.call("pop") == 5
    made.leave()


def test_about_says_build_and_process() -> None:
    """The keeper replaces actors of another build by what they say here."""
    assert host().about() == {"build": "build-1", "pid": os.getpid(), "failed": None}


def test_errors_of_the_part_pass_through() -> None:
    """An error keeps its class and its delay: the caller decides by them."""
    with pytest.raises(TemporaryError, match="not now") as raised:
        host().call("fail")
    assert raised.value.delay_seconds == 7.0


@pytest.mark.parametrize(
    ("factory", "error"),
    [
        ("no.such.module:Part", ModuleNotFoundError),
        (f"{HERE}:Missing", AttributeError),
        (f"{HERE}:bare", TypeError),
    ],
)
def test_a_factory_that_does_not_fit_fails_at_once(factory: str, error: type[Exception]) -> None:
    """The constructor raises, so that the cluster reports an actor that does not come up."""
    with pytest.raises(error):
        Host(factory, {"step": 3}, "build-1")
