"""The load on an estate: how many requests a second, as a function of the time, fit for two cores."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final

from simulations.range.estate_plan import Burst, EstatePlan, Language, Service, StepKind, Traffic, UserKind

DAY_SECONDS: Final = 1_200.0
MOST_RATE: Final = 14.0
"""First requests of users a second, mean of a day."""
MOST_CALLS: Final = 70.0
"""Requests and messages a second that all services together take."""
MOST_PROCESSOR: Final = 350.0
"""Estimated milliseconds of processor time a second of all services together."""
REQUEST_MS: Final = {Language.PYTHON: 6.0, Language.NODE: 3.0, Language.GO: 1.0}
"""Estimated processor time of a request with its telemetry, without its steps."""
_KIB_MS: Final = 600.0
_QUERY_MS: Final = 0.8
_LEAST_FACTOR: Final = 0.01
_VISITOR, _CLIENT = "visitor", "client"


def level(traffic: Traffic, user: UserKind, seconds: float) -> float:
    """First requests a second of one kind of users, this many seconds after the start."""
    day = seconds / traffic.day_seconds
    wave = 1.0 + user.depth * math.sin(2.0 * math.pi * (day - user.phase))
    surge = math.prod(burst.factor for burst in traffic.bursts if burst.at <= day % 1.0 < burst.at + burst.lasts)
    return traffic.rate * user.share * wave * surge


def highest(traffic: Traffic, user: UserKind) -> float:
    """An upper bound of ``level``."""
    return traffic.rate * user.share * (1.0 + user.depth) * math.prod(burst.factor for burst in traffic.bursts)


class Arrivals:
    """Times of the first requests of one kind of users: a Poisson process whose rate follows the day, by thinning."""

    def __init__(self, plan: EstatePlan, user: UserKind) -> None:
        self._random = Random(f"range/{plan.seed}/load/{user.id}")
        self._traffic, self._user, self._now = plan.traffic, user, 0.0

    def next(self, factor: Callable[[], float]) -> float:
        """Seconds from the start to the next request, at the rate of the day times ``factor``, at least 0.01 of it."""
        while True:
            wanted = max(factor(), _LEAST_FACTOR)
            top = highest(self._traffic, self._user) * wanted
            self._now += self._random.expovariate(top)
            if self._random.random() * top < level(self._traffic, self._user, self._now) * wanted:
                return self._now


def address(user: UserKind, random: Random) -> str:
    """A path that a user asks."""
    paths = [path for path, _ in user.paths]
    (path,) = random.choices(paths, [weight for _, weight in user.paths])
    return path.replace("{id}", str(random.randint(1, 1_000)))


def draw_traffic(services: Sequence[Service], entries: Sequence[Service], random: Random) -> Traffic:
    """Traffic that two cores can carry: the rate is bounded by users, calls and estimated processor time."""
    paths = [route.path for service in entries for route in service.routes]
    weights = {path: random.choice((1.0, 2.0, 4.0)) for path in paths}
    total = sum(weights.values())
    requests = visits(services, {path: weight / total for path, weight in weights.items()})
    calls = sum(requests.values())
    rate = min(MOST_RATE, MOST_CALLS / calls, MOST_PROCESSOR / _processor_ms(services, requests))
    clients = tuple((path, weights[path]) for path in random.sample(paths, max(1, len(paths) // 2)))
    return Traffic(
        rate=round(rate, 2),
        day_seconds=DAY_SECONDS,
        users=(
            UserKind(_VISITOR, 0.7, tuple(weights.items()), 6_000, 0, 0.45, 0.0),
            UserKind(_CLIENT, 0.3, clients, 4_000, 1, 0.15, 0.5),
        ),
        bursts=tuple(
            Burst(round(random.uniform(at, at + 0.3), 3), round(random.uniform(0.02, 0.05), 3), factor)
            for at, factor in ((0.1, random.choice((1.5, 2.0))), (0.6, random.choice((1.3, 1.8))))
        ),
    )


def visits(services: Sequence[Service], asked: dict[str, float]) -> dict[tuple[str, str], float]:
    """Requests of each service and path, for each request of a user.

    Args:
        services: in call order.
        asked: share of each path of the public port.
    """
    found: dict[tuple[str, str], float] = {}
    consumers = {service.consumes: service for service in services if service.consumes}
    for service in services:
        for route in service.routes:
            times = found.get((service.id, route.path), 0.0) + asked.get(route.path, 0.0)
            found[service.id, route.path] = times
            for step in route.steps:
                to: tuple[str, str] | None = None
                if step.kind is StepKind.CALL:
                    to = (step.target, step.path)
                elif step.kind is StepKind.PUBLISH:
                    to = (consumers[step.target].id, consumers[step.target].routes[0].path)
                if to is not None:
                    found[to] = found.get(to, 0.0) + times * step.share
    return found


def _processor_ms(services: Iterable[Service], requests: dict[tuple[str, str], float]) -> float:
    """Estimated processor time of all services for one request of a user."""
    total = 0.0
    for service in services:
        for route in service.routes:
            each = REQUEST_MS[service.language]
            for step in route.steps:
                if step.kind is StepKind.HASH:
                    each += step.amount / _KIB_MS
                elif step.kind in {StepKind.READ, StepKind.WRITE, StepKind.CACHE}:
                    each += _QUERY_MS * step.share
            total += each * requests[service.id, route.path]
    return total
