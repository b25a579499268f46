"""Draws the plan of an estate from a seed. Equal seeds give equal plans, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from aiops.model.entities import Criticality
from aiops.model.errors import PermanentError
from simulations.range.call_graph import draw
from simulations.range.estate_plan import (
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    REPLICA,
    Edge,
    EstatePlan,
    Instance,
    Language,
    Link,
    LinkKind,
    Ports,
    Route,
    Service,
    StepKind,
)
from simulations.range.port_block import PortBlock
from simulations.range.traffic import draw_traffic
from simulations.range.work import Needs, draw_needs, draw_routes

LEAST_SERVICES: Final = 5
MOST_SERVICES: Final = 12
MOST_INSTANCES: Final = 16
"""Started ones, of all services."""
ENTRIES: Final = ("storefront", "mobile", "partners")
INNER: Final = (
    *("accounts", "basket", "billing", "catalog", "discounts", "documents", "geocoder", "images", "inventory"),
    *("invoices", "ledger", "loyalty", "messages", "orders", "payments", "pricing", "profiles", "ratings"),
    *("recommender", "reports", "returns", "search", "sessions", "shipping", "stock", "suppliers", "taxes"),
)
TEAMS: Final = ("team-checkout", "team-content", "team-customers", "team-logistics", "team-money")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is known of a service before the ports are given out."""

    id: str
    language: Language
    replicas: int
    needs: Needs
    routes: tuple[Route, ...]


def generate(seed: int, *, size: int | None = None, languages: tuple[Language, ...] = tuple(Language)) -> EstatePlan:
    """The plan of an estate.

    Args:
        seed: not negative.
        size: number of services; None: drawn.
        languages: implementations that may occur. All of them do, if there are enough services.

    Raises:
        PermanentError: the size or the languages cannot be had.
    """
    if size is not None and not LEAST_SERVICES <= size <= MOST_SERVICES:
        raise PermanentError(f"an estate has {LEAST_SERVICES} to {MOST_SERVICES} services, not {size}")
    if seed < 0 or not languages:
        raise PermanentError("an estate needs a seed that is not negative, and at least one language")
    count = size if size is not None else _random(seed, "size").randint(LEAST_SERVICES, MOST_SERVICES)
    entries = 1 if count < 8 else 2
    ids = _ids(count, entries, _random(seed, "names"))
    edges = draw(ids, entries, _random(seed, "graph"))
    drawn = _services(ids, edges, _Draws(seed, languages))
    ports = PortBlock(seed)
    services = tuple(_with_ports(one, edges, ports, seed=seed) for one in drawn)
    tools = Ports(*(ports.take() for _ in Ports.__dataclass_fields__))
    links = tuple(_links(services, drawn, (tools, ports)))
    asked = [service for service in services if service.id in ids[:entries]]
    traffic = draw_traffic(services, asked, _random(seed, "traffic"))
    return EstatePlan(seed, f"estate-{seed}", services, edges, links, tools, traffic)


@dataclass(frozen=True, slots=True)
class _Draws:
    seed: int
    languages: tuple[Language, ...]


def _random(seed: int, purpose: str) -> Random:
    """A source of its own for each purpose, so that a change in one part of the plan moves no other."""
    return Random(f"range/{seed}/{purpose}")


def _ids(count: int, entries: int, random: Random) -> tuple[str, ...]:
    return (*random.sample(ENTRIES, entries), *random.sample(INNER, count - entries))


def _services(ids: tuple[str, ...], edges: tuple[Edge, ...], draws: _Draws) -> list[Drawn]:
    languages = [draws.languages[n % len(draws.languages)] for n in range(len(ids))]
    _random(draws.seed, "languages").shuffle(languages)
    replicas = _replicas(len(ids), _random(draws.seed, "replicas"))
    needs = draw_needs(ids, _random(draws.seed, "needs"))
    found: dict[str, Drawn] = {}
    for number, one in reversed(list(enumerate(ids))):
        out = [edge for edge in edges if edge.source == one]
        paths = {edge.target: _called(edge, edges, found[edge.target]) for edge in out}
        consumer = any(edge.queue for edge in edges if edge.target == one)
        random = _random(draws.seed, f"routes/{number}")
        routes = draw_routes(one, (out, paths), needs[one], random=random, most=1 if consumer else 2 + (number == 0))
        found[one] = Drawn(one, languages[number], replicas[number], needs[one], routes)
    return [found[one] for one in ids]


def _called(edge: Edge, edges: tuple[Edge, ...], target: Drawn) -> tuple[str, ...]:
    """Paths that the source of an edge calls: the callers share the target's paths, so that each has a caller."""
    callers = [one.source for one in edges if one.target == edge.target]
    paths, rank = [route.path for route in target.routes], callers.index(edge.source)
    own = [path for place, path in enumerate(paths) if place % len(callers) == rank]
    return tuple(own or [paths[rank % len(paths)]])


def _replicas(count: int, random: Random) -> list[int]:
    drawn = [2, *(random.choices((1, 2, 3), (5, 5, 1))[0] for _ in range(count - 1))]
    while sum(drawn) > MOST_INSTANCES:
        largest = max(range(count), key=lambda n: (drawn[n], n))
        drawn[largest] -= 1
    return drawn


def _with_ports(drawn: Drawn, edges: tuple[Edge, ...], ports: PortBlock, *, seed: int) -> Service:
    random = _random(seed, f"service/{drawn.id}")
    queue = next((edge.queue for edge in edges if edge.target == drawn.id and edge.queue), "")
    database = any(
        step.kind in {StepKind.READ, StepKind.WRITE, StepKind.CACHE} for r in drawn.routes for step in r.steps
    )
    port = ports.take()
    instances = tuple(
        Instance(f"{drawn.id}-{n + 1}", ports.take(), spare=n == drawn.replicas) for n in range(drawn.replicas + 1)
    )
    entry = drawn.id in ENTRIES
    return Service(
        id=drawn.id,
        language=drawn.language,
        owner=random.choice(TEAMS),
        tier=Criticality.CRITICAL if entry else random.choice((Criticality.HIGH, Criticality.MEDIUM, Criticality.LOW)),
        version=f"{random.randint(1, 4)}.{random.randint(0, 20)}.{random.randint(0, 9)}",
        port=port,
        instances=instances,
        routes=drawn.routes,
        consumes=queue,
        database_pool=random.randint(3, 6) if database else 0,
        rows=random.randrange(60_000, 160_000, 10_000) if database else 0,
        timeout_ms=random.choice((2_000, 2_500, 3_000)),
        retries=random.choice((0, 0, 1, 2)),
    )


def _links(services: tuple[Service, ...], drawn: list[Drawn], given: tuple[Ports, PortBlock]) -> list[Link]:
    tools, ports = given
    by_id = {service.id: service for service in services}
    found: list[Link] = []
    for service, one in zip(services, drawn, strict=True):
        steps = [step for route in service.routes for step in route.steps]
        called = sorted({step.target for step in steps if step.kind is StepKind.CALL})
        wanted = [(to, LinkKind.SERVICE, by_id[to].port) for to in called]
        if service.database_pool:
            wanted.append((POSTGRESQL, LinkKind.DATABASE, tools.postgresql))
            if one.needs.replica:
                wanted.append((REPLICA, LinkKind.REPLICA, tools.replica))
        if any(step.kind is StepKind.CACHE for step in steps):
            wanted.append((REDIS, LinkKind.CACHE, tools.redis))
        if service.consumes or any(step.kind is StepKind.PUBLISH for step in steps):
            wanted.append((RABBITMQ, LinkKind.QUEUE, tools.rabbitmq))
        found += [Link(service.id, target, kind, ports.take(), to) for target, kind, to in wanted]
    return found
