"""The estate: which services, stores, hosts, zones and users exist, read from YAML and checked.

An estate is declared once and never changes; what changes is in ``simulations.world.state``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aiops.model.entities import Criticality
from aiops.model.errors import PermanentError
from aiops.model.yaml_text import line_of, read_yaml

SHOP = Path(__file__).parent.parent / "estates" / "shop.yaml"
"""The estate that ships: a shop with 39 services and stores in three zones."""

Kind = Literal["service", "worker", "database", "cache", "queue", "external"]
STORES = ("database", "cache", "queue")


class EstateError(PermanentError):
    """An estate's file is unreadable or malformed; the text names file, line and field."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Call(_Spec):
    """One kind of call that a service makes while it serves a request."""

    to: str
    per_request: float = Field(default=1.0, gt=0, le=50)
    """Probability below 1, fan-out above."""
    timeout: float = Field(default=2.0, gt=0, le=29)
    """Timeout of one attempt, in seconds."""
    retries: int = Field(default=1, ge=0, le=5)
    backoff: float = Field(default=0.05, ge=0, le=5)
    """Seconds between attempts."""
    required: bool = True
    """False: the caller answers without it."""
    unless_cached_in: str | None = None
    """A cache that the caller asks first; only misses call."""
    pool: int = Field(default=0, ge=0)
    """Connections per caller instance; 0: not pooled."""


class Slo(_Spec):
    """Objective for users, evaluated over the last minute."""

    availability: float = Field(default=0.995, gt=0, lt=1)
    latency_ms: float = Field(default=800, gt=0)
    """Bound on the 95th percentile."""


class Users(_Spec):
    """Users of a front service."""

    rate: float = Field(gt=0)
    """Requests per second over all sites, mean of a day."""
    timeout: float = Field(default=8.0, gt=0, le=29)
    retries: int = Field(default=1, ge=0, le=5)


class Service(_Spec):
    """A service, worker, store or external interface; the figures are per instance."""

    id: str = Field(min_length=1)
    kind: Kind = "service"
    owner: str = "platform"
    criticality: Criticality = Criticality.MEDIUM
    value_per_minute: float = Field(default=0.0, ge=0)
    slo: Slo | None = None
    users: Users | None = None
    replicas: int = Field(default=3, ge=1, le=24)
    max_replicas: int = Field(default=0, ge=0, le=24)
    """0: twice the replicas."""
    autoscale: bool = False
    cores: float = Field(default=1.0, gt=0)
    workers: int = Field(default=64, ge=1)
    """Requests in service at once; the rest wait."""
    queue: int = Field(default=400, ge=1)
    """Requests that may wait; the rest are refused."""
    cpu_ms: float = Field(default=5.0, gt=0)
    io_ms: float = Field(default=2.0, ge=0)
    cv: float = Field(default=1.0, ge=0)
    """Coefficient of variation of the own service time; 1: exponential."""
    memory_mb: float = Field(default=1024, gt=0)
    startup_seconds: float = Field(default=15, ge=1)
    calls: tuple[Call, ...] = ()
    consumes: str | None = None
    """The queue a worker takes its messages from."""
    hit_ratio: float = Field(default=0.9, gt=0, lt=1)
    """Of a warm cache."""
    working_set: float = Field(default=20_000, gt=0)
    """Loads that warm a cold cache to 63 %."""
    connections_knee: int = Field(default=0, ge=0)
    """Connections in use from which a database slows down; 0: never."""
    telemetry: bool = True
    """False: external; it sends no telemetry, only its callers measure it."""

    @property
    def slots(self) -> int:
        """Largest number of instances."""
        return self.replicas if self.kind in (*STORES, "external") else (self.max_replicas or 2 * self.replicas)


class Site(_Spec):
    """A location of users."""

    id: str
    share: float = Field(gt=0, le=1)


class ActionSpec(_Spec):
    """Behaviour of a primitive in this estate."""

    seconds: float = Field(gt=0)
    """Seconds until its effect, without the start-up of instances."""
    fails: float = Field(default=0.03, ge=0, le=1)
    lost: float = Field(default=0.005, ge=0, le=1)
    """Probability that observation cannot determine afterwards whether it happened."""


class Estate(_Spec):
    """Everything that exists, in the order in which requests flow."""

    name: str
    zones: tuple[str, ...] = Field(min_length=1)
    hosts_per_zone: int = Field(ge=1, le=64)
    host_cores: float = Field(gt=0)
    host_memory_gb: float = Field(default=64, gt=0)
    sites: tuple[Site, ...] = Field(min_length=1)
    currency: str = "EUR"
    season: float = Field(default=0.35, ge=0, lt=1)
    """Amplitude of the daily wave."""
    deploys_per_day: float = Field(default=24, ge=0)
    """Harmless deploys, as background to faulty ones."""
    actions: dict[str, ActionSpec]
    services: tuple[Service, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _closed(self) -> Self:
        ids = [service.id for service in self.services]
        if twice := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"services listed twice: {sorted(twice)}")
        by_id = {service.id: service for service in self.services}
        for service in self.services:
            for call in service.calls:
                for name in (call.to, call.unless_cached_in):
                    if name is not None and name not in by_id:
                        raise ValueError(f"service {service.id} calls {name}, which is not listed")
            if service.consumes is not None and by_id.get(service.consumes, service).kind != "queue":
                raise ValueError(f"service {service.id} consumes {service.consumes}, which is not a queue")
            if service.slots < service.replicas:
                raise ValueError(f"service {service.id} has max_replicas below replicas")
        if abs(sum(site.share for site in self.sites) - 1) > 1e-6:
            raise ValueError("shares of the sites must add up to 1")
        return self


def load(path: Path = SHOP) -> Estate:
    """The estate in a YAML file; ``EstateError`` names file, line and field of the first error."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EstateError(f"{path}: cannot be read: {error}") from error
    return parse(text, str(path))


def parse(text: str, name: str = "estate") -> Estate:
    """The estate in YAML text; errors name ``name`` as the file."""
    try:
        data = read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        raise EstateError(f"{name}{line}: is not YAML: {getattr(error, 'problem', error)}") from error
    try:
        return Estate.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "estate"
        raise EstateError(f"{name}:{line_of(text, first['loc']) or 1}: {place}: {first['msg']}") from error
