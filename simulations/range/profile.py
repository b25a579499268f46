"""The profile of a service: the JSON file that every implementation reads at its start. A release carries one.

A release is a folder with ``profile.json`` and ``environment`` (lines of shell that the launcher reads). The service
runs the release that the link ``current`` names, from its next start on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from aiops.model.errors import PermanentError
from simulations.range.estate_plan import HOST, EstatePlan, Link, LinkKind, Route, Service


@dataclass(frozen=True, slots=True)
class Knobs:
    """What a bad release brings. All zero: a good one."""

    route: str = ""
    """Path that the knobs apply to; empty: all paths."""
    slow_ms: int = 0
    """Milliseconds of waiting added to a request."""
    slow_kib: int = 0
    """KiB hashed in addition, for a request."""
    error_share: float = 0.0
    """Share of the requests that are answered with status 500, in [0, 1]."""
    leak_kib: int = 0
    """KiB that a request allocates and that are never freed."""
    leak_descriptors: int = 0
    """Files that a request opens and never closes."""
    log_lines: int = 0
    """Lines that a request logs in addition."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Content of ``profile.json``. Addresses are those of the links, so that Toxiproxy stands in between."""

    service: str
    version: str
    table: str
    rows: int
    routes: tuple[Route, ...]
    consumes: str
    upstreams: dict[str, str]
    """URL by id of a service."""
    database: str
    """URL of PostgreSQL; empty: none."""
    replica: str
    """URL that rows are read from; empty: the database's."""
    cache: str
    queue: str
    database_pool: int
    pool_timeout_ms: int
    """A request that gets no connection in this time fails."""
    cache_seconds: int
    timeout_ms: int
    retries: int
    knobs: Knobs


def profile(plan: EstatePlan, service: Service, *, version: str = "", knobs: Knobs | None = None) -> Profile:
    """The profile of a service as planned, or of another release of it.

    Args:
        plan: the estate.
        service: one of its services.
        version: of the release; empty: the planned one.
        knobs: what the release brings.
    """
    links = {link.kind: link for link in plan.links_of(service.id)}
    return Profile(
        service=service.id,
        version=version or service.version,
        table=table(service),
        rows=service.rows,
        routes=service.routes,
        consumes=service.consumes,
        upstreams={link.target: f"http://{HOST}:{link.port}" for link in _services(plan, service)},
        database=_address("postgresql://shop", "/shop", links.get(LinkKind.DATABASE)),
        replica=_address("postgresql://shop", "/shop", links.get(LinkKind.REPLICA)),
        cache=_address("redis://", "/0", links.get(LinkKind.CACHE)),
        queue=_address("amqp://shop:shop", "/%2F", links.get(LinkKind.QUEUE)),
        database_pool=service.database_pool,
        pool_timeout_ms=2_000,
        cache_seconds=60,
        timeout_ms=service.timeout_ms,
        retries=service.retries,
        knobs=knobs or Knobs(),
    )


def table(service: Service) -> str:
    """Name of a service's table, with the columns id, customer, note and hits; empty: it has none."""
    return f"{service.id}_rows" if service.database_pool else ""


def index(service: Service) -> str:
    """Name of the index that reads need."""
    return f"{table(service)}_customer"


def release(content: Profile) -> dict[str, str]:
    """Files of a release by name."""
    return {
        "profile.json": json.dumps(asdict(content), indent=1) + "\n",
        "environment": f"export RANGE_VERSION={content.version}\n",
    }


def read(text: str) -> dict[str, Any]:
    """The JSON object in ``profile.json``.

    Raises:
        PermanentError: it is no JSON object.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise PermanentError(f"profile.json is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise PermanentError("profile.json holds no JSON object")
    return found


def _services(plan: EstatePlan, service: Service) -> Iterator[Link]:
    return (link for link in plan.links_of(service.id) if link.kind is LinkKind.SERVICE)


def _address(begin: str, end: str, link: Link | None) -> str:
    if link is None:
        return ""
    at = "" if begin.endswith("//") else "@"
    return f"{begin}{at}{HOST}:{link.port}{end}"
