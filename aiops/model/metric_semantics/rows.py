"""The types of the table's rows, and short names of the enum members for the modules of the families."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from aiops.model.metric_semantics.semantics import MetricPart, MetricRole, MetricSubject, States, Worse

LATENCY: Final = MetricRole.LATENCY
ERRORS: Final = MetricRole.ERRORS
TRAFFIC: Final = MetricRole.TRAFFIC
SATURATION: Final = MetricRole.SATURATION
AVAILABILITY: Final = MetricRole.AVAILABILITY
QUEUE: Final = MetricRole.QUEUE
RESOURCE: Final = MetricRole.RESOURCE
RUNTIME: Final = MetricRole.RUNTIME
OTHER: Final = MetricRole.OTHER

UP: Final = Worse.UP
DOWN: Final = Worse.DOWN
NEITHER: Final = Worse.NEITHER

CPU: Final = MetricPart.CPU
MEMORY: Final = MetricPart.MEMORY
DISK: Final = MetricPart.DISK
NETWORK: Final = MetricPart.NETWORK
CERTIFICATE: Final = MetricPart.CERTIFICATE
RESTART: Final = MetricPart.RESTART
INSTANCES: Final = MetricPart.INSTANCES

ENTITY: Final = MetricSubject.ENTITY
HOST: Final = MetricSubject.HOST
PEER: Final = MetricSubject.PEER

CPU_MODES: Final = States(("cpu.mode", "state", "mode"), good=frozenset({"idle"}))
MEM_USE: Final = States(
    ("system.memory.state", "state"),
    good=frozenset({"free"}),
    neutral=frozenset({"cached", "buffered", "buffers", "inactive", "slab", "slab_reclaimable", "slab_unreclaimable"}),
)
SPACE_USE: Final = States(
    ("system.filesystem.state", "system.paging.state", "state"),
    good=frozenset({"free"}),
    neutral=frozenset({"reserved", "cached"}),
)
POOL_USE: Final = States(("db.client.connection.state", "http.connection.state", "state"), neutral=frozenset({"idle"}))


class MetricRow(NamedTuple):
    """One row: the semantics of one metric according to its family's documentation."""

    name: str
    """As the family writes it, Prometheus suffixes included; lookups fold case and punctuation."""
    unit: str
    """UCUM. ``1`` is a share; what is counted is written ``{thing}``, also where the sender writes ``1``."""
    role: MetricRole
    worse: Worse
    part: MetricPart | None = None
    full: float | None = None
    about: MetricSubject | None = None
    """None: the family's value applies."""
    states: States | None = None


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """Rows from one source."""

    name: str
    """Name of the family, for people."""
    url: str
    """The documentation that the rows follow."""
    rows: tuple[MetricRow, ...]
    about: MetricSubject = ENTITY
