"""How an estate is started, beside its plan: ``run.json`` in the run folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from aiops.model.codec import decode, encode
from aiops.model.errors import PermanentError
from aiops.topic_names import Topics


@dataclass(frozen=True, slots=True)
class Programs:
    """Paths of what was installed."""

    collector: str
    toxiproxy: str
    supervisor: str
    """Folder for PYTHONPATH."""
    python: str
    """Interpreter of the Python services."""
    python_packages: str
    """Folder for PYTHONPATH of the Python services."""
    python_service: str
    go_service: str
    node: str
    node_packages: str
    """Folder for NODE_PATH."""
    node_service: str
    postgresql: str
    """Folder of PostgreSQL's server programs."""
    redis: str
    rabbitmq: str
    epmd: str
    haproxy: str


@dataclass(frozen=True, slots=True)
class Users:
    """Users that the programs run as that refuse root; empty: the one who starts the estate."""

    postgresql: str = ""
    rabbitmq: str = ""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How an estate runs."""

    short: str
    """Folder of sockets and data; see ``RunFolder``."""
    kafka: str
    """HOST:PORT of the broker that the Collector writes to."""
    topics: Topics
    programs: Programs
    users: Users
    host: str
    """Name of this machine, ``host.name`` of its metrics."""
    product: str
    """Folder for PYTHONPATH of the load generator, and its interpreter."""
    interpreter: str
    interval_ms: int = 2_000
    """Between two exports of the SDKs, and two reads of the Collector's receivers."""
    keyed: bool = True
    """The Collector keys records by resource and trace."""
    restarts: bool = False
    """Supervisord starts a process again that ended unexpectedly."""
    load: bool = True
    """Users come."""
    cmdb_missing: float = 0.0
    cmdb_wrong: float = 0.0
    started_at: int = 0
    """Time at which ``up`` had finished, ns."""


def to_json(run: RunSettings) -> str:
    """Text of ``run.json``."""
    return encode(run) + "\n"


def from_json(text: str | bytes) -> RunSettings:
    """The settings in ``run.json``.

    Raises:
        PermanentError: the text holds none.
    """
    try:
        return decode(RunSettings, text)
    except ValidationError as error:
        first: Any = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the text"
        raise PermanentError(f"run.json holds no settings of an estate: {place}: {first['msg']}") from error
