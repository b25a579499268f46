"""What a signal tells the analysis of its entity, by what its metric means."""

from __future__ import annotations

import re
from enum import StrEnum

from aiops.model.episodes import Signal, SignalDirection, Source
from aiops.model.metric_semantics.semantics import (
    MetricPart,
    MetricRole,
    MetricSemantics,
    MetricSubject,
    Worse,
)
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.metric_semantics.units import Dimension


class Family(StrEnum):
    """What a figure is about, as far as causes go; follows from its role and part."""

    ERROR = "error"
    AVAILABILITY = "availability"
    LATENCY = "latency"
    TRAFFIC = "traffic"
    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    QUEUE = "queue"
    CERTIFICATE = "certificate"
    RESTART = "restart"
    LOG = "log"
    OTHER = "other"


LOCAL = frozenset({Family.CPU, Family.MEMORY, Family.DISK, Family.QUEUE, Family.CERTIFICATE, Family.RESTART})
"""Families that tell of the entity itself; the others may come from what it needs or from who uses it."""
ANEW = frozenset({Family.MEMORY, Family.DISK})
"""Families whose fall is no relief: a process that began anew, or lost what it held, shows it so."""
_SAID_BY_LOGS = frozenset({Family.OTHER, Family.TRAFFIC, Family.ERROR})
"""Families that are ``LOG`` where they come from lines of a log."""
_PARTS = {
    MetricPart.CPU: Family.CPU,
    MetricPart.MEMORY: Family.MEMORY,
    MetricPart.DISK: Family.DISK,
    MetricPart.NETWORK: Family.NETWORK,
}
_ROLES = {
    MetricRole.LATENCY: Family.LATENCY,
    MetricRole.ERRORS: Family.ERROR,
    MetricRole.TRAFFIC: Family.TRAFFIC,
    MetricRole.AVAILABILITY: Family.AVAILABILITY,
    MetricRole.QUEUE: Family.QUEUE,
    MetricRole.SATURATION: Family.QUEUE,
}
_BY_PART_FIRST = frozenset({MetricRole.SATURATION, MetricRole.RESOURCE, MetricRole.RUNTIME, MetricRole.TRAFFIC})
"""Roles of figures that are about their part; errors and times are about themselves, but on a disk or a network."""
_HOST = re.compile(r"[{,](?:host\.name|k8s\.node\.name|host|node)=([^,}]+)")


def family(meaning: MetricSemantics) -> Family:
    """Family of a metric."""
    role, part = meaning.role, meaning.part
    match part:
        case MetricPart.CERTIFICATE:
            return Family.CERTIFICATE
        case MetricPart.RESTART | MetricPart.INSTANCES if role is MetricRole.AVAILABILITY:
            return Family.RESTART
        case MetricPart.DISK if role in {MetricRole.LATENCY, MetricRole.QUEUE}:
            return Family.DISK
        case MetricPart.NETWORK if role is MetricRole.ERRORS:
            return Family.NETWORK
    if part in _PARTS and role in _BY_PART_FIRST:
        return _PARTS[part]
    return _ROLES.get(role, Family.OTHER)


def host_of(signal: Signal) -> str:
    """Host that sent the figure, as far as the series' attributes name it; else empty."""
    found = _HOST.search(signal.series)
    return found[1] if found else ""


def attributes_of(series: str) -> list[tuple[str, str]]:
    """Attributes of a series as people read it, ``metric{name=value,…}``."""
    inside = series.partition("{")[2].removesuffix("}")
    pairs = (pair.partition("=") for pair in inside.split(","))
    return [(name, value) for name, equals, value in pairs if equals]


class Hints:
    """Reads signals by what their metrics mean; made for one question, whose answers it remembers.

    Args:
        metrics: the table that says so.
    """

    def __init__(self, metrics: MetricTable) -> None:
        self._metrics = metrics
        self._of_metric: dict[str, tuple[MetricSemantics, Family]] = {}
        self._of_series: dict[str, MetricSemantics] = {}

    def of_metric(self, metric: str) -> tuple[MetricSemantics, Family]:
        """Meaning and family of a metric, whatever the state that a series of it shows."""
        found = self._of_metric.get(metric)
        if found is None:
            meaning = self._metrics.of(metric)
            found = self._of_metric[metric] = meaning, family(meaning)
        return found

    def meaning(self, signal: Signal) -> MetricSemantics:
        """What a signal's series means; its attributes may turn the direction."""
        meaning, _ = self.of_metric(signal.metric)
        if meaning.states is None:
            return meaning
        found = self._of_series.get(signal.series)
        if found is None:
            found = self._of_series[signal.series] = meaning.in_state(attributes_of(signal.series))
        return found

    def family(self, signal: Signal) -> Family:
        """Family of a signal; what logs say is ``LOG`` unless the metric tells more."""
        _, named = self.of_metric(signal.metric)
        return Family.LOG if signal.source is Source.LOG and named in _SAID_BY_LOGS else named

    def relief(self, signal: Signal) -> bool:
        """Whether it went the harmless way: less work, fewer errors, more instances; follows what happens elsewhere."""
        worse = self.meaning(signal).worse
        against = {SignalDirection.DOWN: Worse.UP, SignalDirection.UP: Worse.DOWN}.get(signal.direction)
        return worse is against and self.family(signal) not in ANEW

    def of_others(self, signal: Signal, entity: str = "") -> bool:
        """Whether the figure is about those that its entity calls, or about a host that is not the entity."""
        meaning, _ = self.of_metric(signal.metric)
        if signal.peer or meaning.about is MetricSubject.PEER:
            return True
        return meaning.about is MetricSubject.HOST and (not meaning.known or host_of(signal) not in {"", entity})

    def locality(self, signal: Signal, entity: str = "") -> float:
        """In [0, 1]: how much the signal tells of ``entity`` itself rather than of what it needs or who uses it."""
        if self.of_others(signal, entity):
            return 0.1
        if self.relief(signal):
            return 0.15
        silent = signal.direction is SignalDirection.SILENT
        match self.family(signal):
            case Family.CPU if self._is_run_queue(signal):
                return 0.3  # what waits is in it, and waits for others as often
            case kind if kind in LOCAL:
                return 1.0
            case Family.LOG:
                return 0.6
            case Family.NETWORK if self.meaning(signal).role is MetricRole.ERRORS:
                return 1.0
            case Family.TRAFFIC | Family.NETWORK:
                # traffic follows whoever sends it; silence is the entity's own
                return 1.0 if silent else 0.15
            case _:
                return 1.0 if silent else 0.25

    def starved(self, signal: Signal) -> bool:
        """Whether it has less to do: that goes from caller to callee, and harms nobody above."""
        less = signal.direction is SignalDirection.DOWN and self.family(signal) is Family.TRAFFIC
        return less and self.of_metric(signal.metric)[0].about is MetricSubject.ENTITY

    def _is_run_queue(self, signal: Signal) -> bool:
        """A number of threads, as load averages are, and no share or time."""
        meaning, _ = self.of_metric(signal.metric)
        counted = meaning.unit.dimension in {Dimension.COUNT, Dimension.UNKNOWN}
        return meaning.role is MetricRole.SATURATION and counted
