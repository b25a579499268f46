"""The semantics of one metric: role, direction, unit and limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from aiops.model.metric_semantics.units import NO_UNIT, Unit


class MetricRole(StrEnum):
    """The role of a metric: the golden signals, and the roles that explain them."""

    LATENCY = "latency"
    """Duration of one unit of work."""
    ERRORS = "errors"
    """Work that failed, was refused, dropped, repeated or timed out."""
    TRAFFIC = "traffic"
    """Amount of work requested or done: requests, messages, bytes."""
    SATURATION = "saturation"
    """Use of a limited resource, or what is left of it: shares, pools, throttling, run queues."""
    AVAILABILITY = "availability"
    """Whether the entity can serve: up, ready, replicas, restarts, certificates, successful probes."""
    QUEUE = "queue"
    """Work that waits or is in progress: depth, lag, time in a queue, requests in flight."""
    RESOURCE = "resource"
    """Used processor time, memory or disk, in absolute figures without a limit."""
    RUNTIME = "runtime"
    """Internals of a language runtime or a database engine: garbage collection, threads, buffers, uptime."""
    OTHER = "other"
    """Settings, sizes, timestamps, and metrics without a description."""


class Worse(IntEnum):
    """The direction in which the metric gets worse; the value is the sign."""

    DOWN = -1
    NEITHER = 0
    UP = 1


class MetricPart(StrEnum):
    """The part of an entity that a metric measures."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    CERTIFICATE = "certificate"
    RESTART = "restart"
    INSTANCES = "instances"
    """Number of instances, pods, replicas or brokers."""


class MetricSubject(StrEnum):
    """The entity whose state a metric shows, independent of its reporter."""

    ENTITY = "entity"
    """The entity that reports the metric."""
    HOST = "host"
    """The machine on which the reporting entity runs."""
    PEER = "peer"
    """An entity that the reporting entity calls."""


class Definition(StrEnum):
    """The source of a metric's semantics."""

    PEOPLE = "people"
    """A row of ``metrics.yaml``."""
    SHIPPED = "shipped"
    """A row of the shipped table."""
    WORDS = "words"
    """The words of the name: a guess."""


@dataclass(frozen=True, slots=True)
class States:
    """States of a metric that one attribute splits; in some the direction is reversed: CPU time in state ``idle``."""

    attributes: tuple[str, ...]
    """Names of that attribute in the different conventions; the first that a series has counts."""
    good: frozenset[str] = frozenset()
    """Values for which less is worse."""
    neutral: frozenset[str] = frozenset()
    """Values for which neither way is worse."""
    holds: str = ""
    """Attribute that says whether the state is the case; ``false`` reverses the direction. Empty: there is none."""


@dataclass(frozen=True, slots=True)
class MetricSemantics:
    """The semantics of one metric."""

    role: MetricRole
    worse: Worse
    unit: Unit = NO_UNIT
    full: float | None = None
    """Value in ``unit`` at which the resource is exhausted: 1 for a share in use, 0 for free bytes; None: not known."""
    part: MetricPart | None = None
    about: MetricSubject = MetricSubject.ENTITY
    states: States | None = None
    """Set if the direction depends on an attribute; ``in_state`` applies it."""
    definition: Definition = Definition.WORDS
    source: str = ""
    """Family of the row or place in the file, for people: ``node_exporter``, ``metrics.yaml:7``."""

    @property
    def known(self) -> bool:
        """Whether the semantics come from a table and not from the words of the name."""
        return self.definition is not Definition.WORDS

    @property
    def ceiling(self) -> float | None:
        """Upper limit of the value: ``full`` if higher is worse; None: there is none."""
        return self.full if self.worse is Worse.UP else None

    def in_state(self, attributes: Iterable[tuple[str, str]]) -> MetricSemantics:
        """The semantics of a series with these attributes; the direction of CPU time is reversed in state ``idle``."""
        if self.states is None:
            return self
        held = dict(attributes)
        value = next((held[name] for name in self.states.attributes if name in held), "").lower()
        if value in self.states.neutral:
            return replace(self, worse=Worse.NEITHER, full=None, states=None)
        holds = held.get(self.states.holds, "").lower()
        if holds == "unknown":
            return replace(self, worse=Worse.UP, full=None, states=None)
        if (value in self.states.good) is not (holds == "false"):
            return replace(self, worse=Worse(-self.worse), full=None, states=None)
        return replace(self, states=None)
