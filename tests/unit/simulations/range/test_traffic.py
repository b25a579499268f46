"""The load's shape."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.entities import Criticality
from simulations.range.estate_plan import Burst, Instance, Language, Route, Service, Step, StepKind, Traffic, UserKind
from simulations.range.generation import generate
from simulations.range.traffic import MOST_CALLS, Arrivals, address, draw_traffic, highest, level, visits

STEADY = UserKind("steady", 0.5, (("/a", 1.0),), 1_000, 0, 0.0, 0.0)
WAVING = UserKind("waving", 0.5, (("/a", 1.0),), 1_000, 0, 0.4, 0.0)
DAY = Traffic(10.0, 100.0, (STEADY, WAVING), (Burst(0.5, 0.1, 3.0),))


def service(name: str, *routes: Route, consumes: str = "") -> Service:
    """A service with routes."""
    return Service(name, Language.GO, "t", Criticality.LOW, "1", 1, (Instance(f"{name}-1", 2),), routes, consumes)


def call(target: str, share: float = 1.0) -> Step:
    """A call of another service's only path."""
    return Step(StepKind.CALL, 1, target, f"/{target}", share)


@pytest.mark.parametrize(("seconds", "rate"), [(0.0, 5.0), (49.9, 5.0), (50.0, 15.0), (60.1, 5.0), (150.0, 15.0)])
def test_a_burst_multiplies_the_rate_each_day(seconds: float, rate: float) -> None:
    """At its time, for its length."""
    assert level(DAY, STEADY, seconds) == pytest.approx(rate)


@pytest.mark.parametrize(("seconds", "rate"), [(0.0, 5.0), (25.0, 7.0), (75.0, 3.0), (125.0, 7.0)])
def test_the_day_is_a_wave(seconds: float, rate: float) -> None:
    """High at a quarter of the day, low at three."""
    assert level(DAY, WAVING, seconds) == pytest.approx(rate)


@given(st.integers(0, 200), st.floats(0, 5_000))
def test_the_rate_is_positive_and_bounded(seed: int, seconds: float) -> None:
    """The load generator thins a process of the highest rate."""
    traffic = generate(seed).traffic
    for user in traffic.users:
        assert 0.0 < level(traffic, user, seconds) <= highest(traffic, user)


def test_visits_multiply_along_calls() -> None:
    """Two callers of one service add up; a share of calls counts as a share."""
    services = [
        service("a", Route("/a", (call("b"), call("c", 0.5)))),
        service("b", Route("/b", (call("c"),))),
        service("c", Route("/c", ())),
    ]
    assert visits(services, {"/a": 1.0}) == {("a", "/a"): 1.0, ("b", "/b"): 1.0, ("c", "/c"): 1.5}


def test_a_message_is_a_visit_of_its_consumer() -> None:
    """It takes the steps of the first route."""
    services = [
        service("a", Route("/a", (Step(StepKind.PUBLISH, 1, "jobs", share=0.5),))),
        service("b", Route("/b", ()), consumes="jobs"),
    ]
    assert visits(services, {"/a": 1.0})["b", "/b"] == 0.5


@given(st.integers(0, 500))
def test_all_calls_together_are_bounded(seed: int) -> None:
    """Two cores have to carry them beside the runtime."""
    plan = generate(seed)
    weights = dict(plan.traffic.users[0].paths)
    asked = {path: weight / sum(weights.values()) for path, weight in weights.items()}
    assert plan.traffic.rate * sum(visits(plan.services, asked).values()) <= MOST_CALLS * 1.01


def test_there_are_two_kinds_of_users() -> None:
    """They differ in patience, retries and hours; both ask paths of the entries only."""
    services = [service("a", Route("/a", ()), Route("/a/{id}", ()))]
    first, second = draw_traffic(services, services, Random(1)).users
    assert first.share + second.share == pytest.approx(1.0)
    assert (first.timeout_ms, first.retries, first.depth) != (second.timeout_ms, second.retries, second.depth)
    assert {path for path, _ in (*first.paths, *second.paths)} <= {"/a", "/a/{id}"}


def test_arrivals_follow_the_rate() -> None:
    """Over a day there are about as many as the level adds up to."""
    plan = generate(7)
    user = plan.traffic.users[0]
    arrivals, times = Arrivals(plan, user), [0.0]
    while times[-1] < plan.traffic.day_seconds:
        times.append(arrivals.next(lambda: 1.0))
    expected = sum(level(plan.traffic, user, second) for second in range(round(plan.traffic.day_seconds)))
    assert len(times) == pytest.approx(expected, rel=0.06)
    assert times == sorted(times)


def test_arrivals_are_a_function_of_the_seed() -> None:
    """Two runs of an estate have the same users."""
    plan = generate(7)
    first, second = (Arrivals(plan, plan.traffic.users[1]) for _ in range(2))
    assert [first.next(lambda: 1.0) for _ in range(50)] == [second.next(lambda: 1.0) for _ in range(50)]


def test_a_factor_multiplies_the_rate() -> None:
    """Four times as many come in the same time."""
    plan = generate(7)
    user = plan.traffic.users[0]
    plain, surge = Arrivals(plan, user), Arrivals(plan, user)
    slow = [plain.next(lambda: 1.0) for _ in range(2_000)][-1]
    fast = [surge.next(lambda: 4.0) for _ in range(2_000)][-1]
    assert slow / fast == pytest.approx(4.0, rel=0.25)


def test_no_load_still_comes_to_an_end() -> None:
    """A factor of 0 is taken as a hundredth, so that it is read again."""
    plan = generate(7)
    assert Arrivals(plan, plan.traffic.users[0]).next(lambda: 0.0) < 1_000.0


def test_users_ask_their_own_paths() -> None:
    """With a number in place of the id."""
    random = Random(1)
    user = UserKind("a", 1.0, (("/a/{id}", 1.0), ("/b", 3.0)), 1, 0, 0.0, 0.0)
    asked = [address(user, random) for _ in range(400)]
    assert asked.count("/b") == pytest.approx(300, abs=40)
    assert all(path == "/b" or path.removeprefix("/a/").isdecimal() for path in asked)
