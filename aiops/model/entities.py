"""Configuration items and the edges between them, as CMDB records, spans and the simulator report them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAIN_DOMAIN = "main"
"""The domain of an installation with only one."""

RUNTIME_ENTITY = "aiops-runtime"
"""Entity of the runtime itself. Incidents about the runtime, such as missing input, are opened on this entity."""


RESOURCES = "resources"
"""Origin of edges that resource attributes state, such as ``host.name``."""


class EdgeKind(StrEnum):
    """The kind of dependency of ``source`` on ``target``."""

    CALLS = "calls"
    RUNS_ON = "runs_on"
    PART_OF = "part_of"
    USES = "uses"


class Criticality(StrEnum):
    """Business tier of an item, most important first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Objective:
    """A service-level objective: a share of requests that must be good, over a window."""

    name: str
    target: float
    """Share in (0, 1), for example 0.999."""
    indicator: str = "availability"
    """``availability`` (share without error) or ``latency`` (share under ``threshold_ms``)."""
    threshold_ms: float | None = None
    window_days: int = 30
    answer_minutes: float | None = None
    """Agreed time from a page to an acknowledgement; None: a tenth of the time to repair."""
    repair_minutes: float | None = None
    """Agreed time from the onset to the repair; None: the window's error budget as time of full outage."""


@dataclass(frozen=True, slots=True)
class Item:
    """One configuration item: a service, a database, a host, a zone, a business service."""

    id: str
    kind: str = "service"
    owner: str = ""
    criticality: Criticality = Criticality.MEDIUM
    value_per_minute: float = 0.0
    """Business value lost each minute while the item is down, in the installation's currency."""
    objectives: tuple[Objective, ...] = ()
    replicas: int = 1
    failure_domain: str = ""
    """Zone, cluster or cell whose capacity the item shares; empty: the whole domain."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further attributes, for policies (``data_class``, ``freeze`` …) and for people."""
    version: int = 0
    """Version of the source's record; a lower one is ignored."""
    deleted: bool = False
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` needs ``target``: when target breaks, source may."""

    source: str
    target: str
    kind: EdgeKind = EdgeKind.CALLS
    origin: str = "cmdb"
    """Source of the edge: ``cmdb``, ``spans``, ``resources`` or ``cluster``."""
    seen_at: int = 0
    """When an observed edge was last observed, ns; 0: the edge is declared."""
    weight: float = 1.0
    """Calls a second of an edge observed in spans, else 1."""
