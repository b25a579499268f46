"""The work of a service: what it needs, and the steps of its routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from simulations.range.estate_plan import Edge, Route, Step, StepKind

PER_CUSTOMER: Final = 80
"""Rows of a table with the same value in the indexed column."""
SHARES: Final = (1.0, 1.0, 1.0, 0.5, 0.3)
"""Of the requests of a route that make a call."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Which backing services a service uses."""

    database: bool
    replica: bool
    """Reads from the replica; writes go to the primary."""
    cache: bool


def draw_needs(ids: Sequence[str], random: Random) -> dict[str, Needs]:
    """Needs by service: at least two have a table, one of them a cache, and one reads from the replica."""
    database = {one: random.random() < 0.5 for one in ids}
    for one in random.sample(list(ids), 2):
        database[one] = True
    owners = [one for one in ids if database[one]]
    cache = {random.choice(owners)} | {one for one in owners if random.random() < 0.4}
    replica = {random.choice(owners)} | {one for one in owners if random.random() < 0.3}
    return {one: Needs(database[one], one in replica, one in cache) for one in ids}


def draw_routes(
    service: str, calls: tuple[Sequence[Edge], Mapping[str, Sequence[str]]], needs: Needs, *, random: Random, most: int
) -> tuple[Route, ...]:
    """Routes of a service. Each path that it is to call is called by at least one of them.

    Args:
        service: its id.
        calls: edges that begin at it, and the paths that it is to call where they end.
        needs: what it uses.
        random: source of the choices.
        most: routes.
    """
    edges, paths = calls
    count = random.randint(1, max(1, most))
    names = [f"/{service}/{{id}}", f"/{service}", f"/{service}/{{id}}/summary"][:count]
    own = [_own(needs, random) for _ in names]
    remote: list[list[Step]] = [[] for _ in names]
    for edge in edges:
        for path in paths[edge.target]:
            home = random.randrange(count)
            remote[home].append(_remote(edge, path, random))
            if count > 1 and random.random() < 0.25:
                remote[(home + 1) % count].append(_remote(edge, path, random))
    return tuple(Route(name, (*first, *last)) for name, first, last in zip(names, own, remote, strict=True))


def _own(needs: Needs, random: Random) -> list[Step]:
    """One to three steps without a call; a service with a table reads it."""
    steps = [
        random.choice(
            (
                Step(StepKind.HASH, random.randrange(200, 2_000, 100)),
                Step(StepKind.WAIT, random.randrange(2, 25)),
                Step(StepKind.ALLOCATE, random.randrange(64, 1_024, 64)),
            )
        )
    ]
    if random.random() < 0.4:
        steps.append(Step(StepKind.HASH, random.randrange(100, 1_000, 100)))
    if needs.cache:
        steps.append(Step(StepKind.CACHE, random.randrange(20, 80, 5)))
    elif needs.database:
        steps.append(Step(StepKind.READ, random.randrange(5, 60, 5)))
    if needs.database and random.random() < 0.5:
        steps.append(Step(StepKind.WRITE, 1, share=random.choice((1.0, 0.5))))
    return steps


def _remote(edge: Edge, path: str, random: Random) -> Step:
    share = random.choice(SHARES)
    if edge.queue:
        return Step(StepKind.PUBLISH, 1, target=edge.queue, share=share)
    return Step(StepKind.CALL, 1, target=edge.target, path=path, share=share)
