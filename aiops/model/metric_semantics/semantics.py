"""The answer of the table: what one metric means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from aiops.model.metric_semantics.units import NO_UNIT, Unit


class MetricRole(StrEnum):
    """What a metric tells of a service: the golden signals, and what explains them."""

    LATENCY = "latency"
    """How long one unit of work takes."""
    ERRORS = "errors"
    """Work that failed, was refused, dropped, repeated or took too long to be waited for."""
    TRAFFIC = "traffic"
    """How much is asked for or done: requests, messages, bytes."""
    SATURATION = "saturation"
    """How full something limited is, or how little is left of it: shares, pools, throttling, run queues."""
    AVAILABILITY = "availability"
    """Whether it serves: up, ready, replicas, restarts, certificates, successful probes."""
    QUEUE = "queue"
    """Work that waits or is under way: depth, lag, time in a queue, requests in flight."""
    RESOURCE = "resource"
    """How much of a processor, memory or disk is used, without a limit in the figure."""
    RUNTIME = "runtime"
    """Inside a language runtime or a database engine: garbage collection, threads, buffers, uptime."""
    OTHER = "other"
    """Settings, sizes, timestamps, and what nobody described."""


class Worse(IntEnum):
    """Which way the metric gets worse; the value is the sign."""

    DOWN = -1
    NEITHER = 0
    UP = 1


class MetricPart(StrEnum):
    """The part of an entity that a metric speaks of."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    CERTIFICATE = "certificate"
    RESTART = "restart"
    INSTANCES = "instances"
    """How many instances, pods, replicas or brokers there are."""


class MetricSubject(StrEnum):
    """Whose state a metric shows, whoever reports it."""

    ENTITY = "entity"
    """The entity that reports it."""
    HOST = "host"
    """The machine on which the reporting entity runs."""
    PEER = "peer"
    """Somebody whom the reporting entity calls."""


class Definition(StrEnum):
    """Where an answer comes from."""

    PEOPLE = "people"
    """A row of ``metrics.yaml``."""
    SHIPPED = "shipped"
    """A row of the shipped table."""
    WORDS = "words"
    """The words of the name: a guess."""


@dataclass(frozen=True, slots=True)
class States:
    """A metric that one attribute splits, so that some of its series mean the opposite: CPU time in state ``idle``."""

    attributes: tuple[str, ...]
    """Names of that attribute, over the conventions; the first that a series has counts."""
    good: frozenset[str] = frozenset()
    """Values for which less is worse."""
    neutral: frozenset[str] = frozenset()
    """Values for which neither way is worse."""


@dataclass(frozen=True, slots=True)
class MetricSemantics:
    """What a metric means."""

    role: MetricRole
    worse: Worse
    unit: Unit = NO_UNIT
    full: float | None = None
    """Value in ``unit`` at which nothing is left: 1 for a share in use, 0 for bytes that are free; None: not known."""
    part: MetricPart | None = None
    about: MetricSubject = MetricSubject.ENTITY
    states: States | None = None
    """Set where the direction depends on an attribute; ``in_state`` applies it."""
    definition: Definition = Definition.WORDS
    source: str = ""
    """Family of the row or place in the file, for people: ``node_exporter``, ``metrics.yaml:7``."""

    @property
    def known(self) -> bool:
        """Whether a table says so, rather than the words of the name."""
        return self.definition is not Definition.WORDS

    @property
    def ceiling(self) -> float | None:
        """The value that it must not reach from below, where it has one: ``full`` of what is worse when higher."""
        return self.full if self.worse is Worse.UP else None

    def in_state(self, attributes: Iterable[tuple[str, str]]) -> MetricSemantics:
        """The same for a series with these attributes: an idle processor is the better for being more idle."""
        if self.states is None:
            return self
        held = dict(attributes)
        value = next((held[name] for name in self.states.attributes if name in held), "").lower()
        if value in self.states.good:
            return replace(self, worse=Worse(-self.worse), full=None, states=None)
        if value in self.states.neutral:
            return replace(self, worse=Worse.NEITHER, full=None, states=None)
        return replace(self, states=None)
