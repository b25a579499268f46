"""The plan of an estate: services, their work and calls, backing services, ports, traffic. A function of the seed.

``plan.json`` in the run folder holds it; every other part of the range reads it from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from pydantic import ValidationError

from aiops.model.codec import decode, encode
from aiops.model.entities import Criticality
from aiops.model.errors import PermanentError

VERSION = 1
"""Of the plan's format."""
HOST = "127.0.0.1"
"""Everything listens here."""


class Language(StrEnum):
    """Implementations of a service."""

    PYTHON = "python"
    GO = "go"
    NODE = "node"


class StepKind(StrEnum):
    """What one step of a route does, with the unit of its amount."""

    HASH = "hash"
    """Processor work: KiB that are hashed."""
    WAIT = "wait"
    """Milliseconds of waiting, as for an external service."""
    ALLOCATE = "allocate"
    """KiB that are allocated and touched, and freed after the request."""
    READ = "read"
    """Rows read by an indexed column of the service's table."""
    WRITE = "write"
    """Rows of the service's table that are updated, of a few hot ones."""
    CACHE = "cache"
    """Rows that are read from the database when the key is not in Redis; ``READ`` behind a cache."""
    CALL = "call"
    """One HTTP request to the service ``target``."""
    PUBLISH = "publish"
    """One message to the queue ``target``."""


class LinkKind(StrEnum):
    """What a service talks to through a link."""

    SERVICE = "service"
    DATABASE = "database"
    REPLICA = "replica"
    CACHE = "cache"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a route."""

    kind: StepKind
    amount: int = 1
    """In the unit of ``kind``."""
    target: str = ""
    """Service of a call, or queue of a message."""
    path: str = ""
    """Of a call."""
    share: float = 1.0
    """Share of the requests that take this step, in (0, 1]."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path of a service, and the steps that a request to it takes in turn."""

    path: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """One process of a service. Spare ones are configured everywhere and not started."""

    id: str
    port: int
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the estate."""

    id: str
    language: Language
    owner: str
    tier: Criticality
    version: str
    port: int
    """HAProxy's, in front of the instances."""
    instances: tuple[Instance, ...]
    routes: tuple[Route, ...]
    consumes: str = ""
    """Queue whose messages it takes; each takes the steps of the first route. Empty: none."""
    database_pool: int = 0
    """Connections an instance keeps to the database; 0: it has no table."""
    rows: int = 0
    """Of its table."""
    timeout_ms: int = 1_500
    """Of its calls."""
    retries: int = 0
    """Of a call that failed."""

    @property
    def replicas(self) -> int:
        """Instances that are started."""
        return sum(not instance.spare for instance in self.instances)


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` calls ``target``, or sends it messages through ``queue``."""

    source: str
    target: str
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """The connection of a service to one dependency, through Toxiproxy. Its name there is ``name``."""

    source: str
    target: str
    """A service, or an id of ``BACKING``."""
    kind: LinkKind
    port: int
    """Toxiproxy listens here."""
    to: int
    """Port behind it."""

    @property
    def name(self) -> str:
        """Its name in Toxiproxy."""
        return f"{self.source}--{self.target}"


POSTGRESQL, REPLICA, REDIS, RABBITMQ, HAPROXY = "postgresql", "postgresql-replica", "redis", "rabbitmq", "haproxy"
BACKING = (POSTGRESQL, REPLICA, REDIS, RABBITMQ, HAPROXY)
"""Ids of the backing services, also the names of their programs in supervisord."""
TOXIPROXY, COLLECTOR, LOAD = "toxiproxy", "collector", "load"
"""Names of the other programs in supervisord."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of backing services and tools."""

    public: int
    """HAProxy's, for users."""
    haproxy_stats: int
    postgresql: int
    replica: int
    redis: int
    rabbitmq: int
    rabbitmq_management: int
    rabbitmq_distribution: int
    epmd: int
    toxiproxy: int
    otlp_http: int


@dataclass(frozen=True, slots=True)
class Burst:
    """A short rise of the traffic, once in a day."""

    at: float
    """Begin, as a share of the day."""
    lasts: float
    """As a share of the day."""
    factor: float


@dataclass(frozen=True, slots=True)
class UserKind:
    """A kind of users: which paths of the public port they ask, and how patient they are."""

    id: str
    share: float
    """Of all first requests, at the mean of the day."""
    paths: tuple[tuple[str, float], ...]
    """Path of the public port and its weight."""
    timeout_ms: int
    retries: int
    """How often a failed request is sent again at once."""
    depth: float
    """Height of the daily wave, in [0, 1)."""
    phase: float
    """When the wave begins, as a share of the day."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The load on the public port."""

    rate: float
    """First requests a second, mean of a day without bursts."""
    day_seconds: float
    """Length of a day."""
    users: tuple[UserKind, ...]
    bursts: tuple[Burst, ...]


@dataclass(frozen=True)
class EstatePlan:
    """An estate. Services are in call order: a service calls only later ones."""

    seed: int
    name: str
    services: tuple[Service, ...]
    edges: tuple[Edge, ...]
    links: tuple[Link, ...]
    ports: Ports
    traffic: Traffic
    version: int = VERSION

    @cached_property
    def by_id(self) -> dict[str, Service]:
        """Services by id."""
        return {service.id: service for service in self.services}

    @property
    def entries(self) -> tuple[Service, ...]:
        """Services that users ask, those that no other one calls or feeds."""
        fed = {edge.target for edge in self.edges}
        return tuple(service for service in self.services if service.id not in fed)

    @property
    def queues(self) -> tuple[str, ...]:
        """Names of the queues."""
        return tuple(sorted({edge.queue for edge in self.edges if edge.queue}))

    def links_of(self, service: str) -> tuple[Link, ...]:
        """Connections of a service to its dependencies."""
        return tuple(link for link in self.links if link.source == service)


def to_json(plan: EstatePlan) -> str:
    """Text of ``plan.json``; equal plans give equal texts."""
    return encode(plan) + "\n"


def from_json(text: str | bytes) -> EstatePlan:
    """The plan in ``plan.json``.

    Raises:
        PermanentError: the text is no plan of this version.
    """
    try:
        plan = decode(EstatePlan, text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the text"
        raise PermanentError(f"plan.json is no plan of an estate: {place}: {first['msg']}") from error
    if plan.version != VERSION:
        raise PermanentError(f"plan.json has version {plan.version} and this program reads {VERSION}: start it anew")
    return plan
