"""Edges that resource attributes state: what runs on which host, and which pod or instance is part of which service.

    workload            part of its service
    pod                 part of its service and its workload, runs on its node
    instance            part of its service, runs on its host (``service.instance.id``, where no pod is named)
    service             runs on its host, where neither pod nor instance is named
    process, container  run on their host

A cluster, a namespace or a zone is no end of an edge: everything in it would be one hop apart.

A resource is read when a series of it is seen for the first time. All resources are read again during the first minutes
of every hour, so an edge that is not stated for hours is one that is over. An edge is told at most once an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model.durations import MINUTE
from aiops.model.entities import RESOURCES, Edge, EdgeKind
from aiops.model.entity_names import joined, last_part
from detectors.wire.entity_names import HOST, NODE, POD, SERVICE, WORKLOADS, EntityNaming, names_something
from detectors.wire.identity import attributes_of

INSTANCE = "service.instance.id"
_AGAIN = 2
"""Minutes of each hour during which all resources are read."""
_MOST = 65_536
"""Edges that are told in an hour, and resources that are read again."""
Relation = tuple[str, str, EdgeKind]


def relations_of(resource: Mapping[str, str], naming: EntityNaming) -> Iterator[Relation]:
    """Source, target and kind of what a resource states."""
    attribute = naming.attribute(resource)
    if attribute is None or not names_something(resource[attribute]):
        return
    me = naming.named(resource, attribute)
    workload = next((naming.named(resource, name) for name in WORKLOADS if resource.get(name)), me)
    part = _part(resource, naming, attribute)
    found = [(workload, me, EdgeKind.PART_OF)]
    if part is not None:
        found += [(part, me, EdgeKind.PART_OF), (part, workload, EdgeKind.PART_OF)]
    host = _host(resource, naming)
    if host is not None:
        found.append((part or me, host, EdgeKind.RUNS_ON))
    yield from dict.fromkeys(one for one in found if one[0] != one[1])


def _part(resource: Mapping[str, str], naming: EntityNaming, attribute: str) -> str | None:
    """The pod or instance that a resource names; None: it names none.

    An instance whose id begins with the service's name is called by its id, else by both.
    """
    if names_something(resource.get(POD, "")):
        return naming.named(resource, POD)
    instance = resource.get(INSTANCE, "")
    if attribute != SERVICE or not names_something(instance):
        return None
    me = naming.named(resource, SERVICE)
    scope, slash, _ = me.rpartition("/")
    own = joined((instance,))
    return f"{scope}{slash}{own}" if own.startswith(last_part(me)) else f"{me}/{own}"


def _host(resource: Mapping[str, str], naming: EntityNaming) -> str | None:
    """The node or host; None: it names none. In a pod the host's name is often the pod's."""
    for name in (NODE, HOST):
        value = resource.get(name, "")
        if names_something(value) and value != resource.get(POD):
            return naming.named(resource, name)
    return None


@dataclass(slots=True)
class Relations:
    """Edges of one slot's resources that are still to be told; a cache, never state."""

    naming: EntityNaming
    _at: int = 0
    _hour: int = -1
    _told: set[Relation] = field(default_factory=set)
    _seen: set[bytes] = field(default_factory=set)
    _fresh: list[Edge] = field(default_factory=list)

    def advance(self, at: int) -> None:
        """Take the append time of the records that come next, ns."""
        self._at = at
        if at // (60 * MINUTE) != self._hour:
            self._hour = at // (60 * MINUTE)
            self._told.clear()
            self._seen.clear()

    @property
    def again(self) -> bool:
        """Whether all resources are read again now."""
        return self._at // MINUTE % 60 < _AGAIN

    def note(self, raw: bytes, resource: Mapping[str, str]) -> None:
        """Take what a resource states, given as bytes and as attributes."""
        if raw in self._seen or len(self._seen) >= _MOST:
            return
        self._seen.add(raw)
        for relation in relations_of(resource, self.naming):
            if relation not in self._told and len(self._told) < _MOST:
                self._told.add(relation)
                source, target, kind = relation
                self._fresh.append(Edge(source, target, kind, RESOURCES, self._at))

    def read(self, whole: bytes, ranges: npt.NDArray[np.int64]) -> None:
        """Take the resources at some ranges of bytes, shape (n, 2); those that were read in this hour are left out."""
        for begin, end in np.unique(ranges, axis=0).tolist():
            resource = whole[begin:end]
            if resource in self._seen or len(self._seen) >= _MOST:
                continue
            try:
                parsed = Resource.FromString(resource)
            except DecodeError:
                continue
            self.note(resource, attributes_of(parsed.attributes))

    def taken(self) -> list[Edge]:
        """Edges since the last call."""
        found, self._fresh = self._fresh, []
        return found
