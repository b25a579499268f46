"""What a signal implies about its entity, from the semantics of its metric."""

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
    """Subject of a metric for the analysis of causes; follows from the metric's role and part."""

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
"""Families that describe the entity itself; signals of the others may be caused by its dependencies or its users."""
ANEW = frozenset({Family.MEMORY, Family.DISK})
"""Families whose fall is not a relief: it may show a restarted process or lost data."""
_LOG_FAMILIES = frozenset({Family.OTHER, Family.TRAFFIC, Family.ERROR})
"""Families that become ``LOG`` if the signal's source is a log."""
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
"""Roles whose family is that of their part. Errors and times have families of their own, except on disk or network."""
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
    """Host that sent the signal, from the series' attributes; empty: they name none."""
    found = _HOST.search(signal.series)
    return found[1] if found else ""


def attributes_of(series: str) -> list[tuple[str, str]]:
    """(name, value) of the attributes in a series' display name, ``metric{name=value,…}``."""
    inside = series.partition("{")[2].removesuffix("}")
    pairs = (pair.partition("=") for pair in inside.split(","))
    return [(name, value) for name, equals, value in pairs if equals]


class Hints:
    """Interprets signals by the semantics of their metrics and caches the results. Make one for each question.

    Args:
        metrics: the table of metric semantics.
    """

    def __init__(self, metrics: MetricTable) -> None:
        self._metrics = metrics
        self._of_metric: dict[str, tuple[MetricSemantics, Family]] = {}
        self._of_series: dict[str, MetricSemantics] = {}

    def of_metric(self, metric: str) -> tuple[MetricSemantics, Family]:
        """Semantics and family of a metric, without regard to the state attributes of a series."""
        found = self._of_metric.get(metric)
        if found is None:
            meaning = self._metrics.of(metric)
            found = self._of_metric[metric] = meaning, family(meaning)
        return found

    def meaning(self, signal: Signal) -> MetricSemantics:
        """Semantics of a signal's series; a state attribute may change which direction is worse."""
        meaning, _ = self.of_metric(signal.metric)
        if meaning.states is None:
            return meaning
        found = self._of_series.get(signal.series)
        if found is None:
            found = self._of_series[signal.series] = meaning.in_state(attributes_of(signal.series))
        return found

    def family(self, signal: Signal) -> Family:
        """Family of a signal; ``LOG`` for a signal from logs whose metric has no more specific family."""
        _, named = self.of_metric(signal.metric)
        return Family.LOG if signal.source is Source.LOG and named in _LOG_FAMILIES else named

    def relief(self, signal: Signal) -> bool:
        """Whether the change is an improvement (less work, fewer errors, more instances); its cause is elsewhere."""
        worse = self.meaning(signal).worse
        against = {SignalDirection.DOWN: Worse.UP, SignalDirection.UP: Worse.DOWN}.get(signal.direction)
        return worse is against and self.family(signal) not in ANEW

    def of_others(self, signal: Signal, entity: str = "") -> bool:
        """Whether the signal describes a callee of the entity, or a host other than the entity."""
        meaning, _ = self.of_metric(signal.metric)
        if signal.peer or meaning.about is MetricSubject.PEER:
            return True
        return meaning.about is MetricSubject.HOST and (not meaning.known or host_of(signal) not in {"", entity})

    def locality(self, signal: Signal, entity: str = "") -> float:
        """In [0, 1]: how far the signal describes ``entity`` itself rather than its dependencies or users."""
        if self.of_others(signal, entity):
            return 0.1
        if self.relief(signal):
            return 0.15
        silent = signal.direction is SignalDirection.SILENT
        match self.family(signal):
            case Family.CPU if self._is_run_queue(signal):
                return 0.3  # waiting threads count in it, and they often wait for other entities
            case kind if kind in LOCAL:
                return 1.0
            case Family.LOG:
                return 0.6
            case Family.NETWORK if self.meaning(signal).role is MetricRole.ERRORS:
                return 1.0
            case Family.TRAFFIC | Family.NETWORK:
                # traffic is caused by its senders; silence by the entity itself
                return 1.0 if silent else 0.15
            case _:
                return 1.0 if silent else 0.25

    def starved(self, signal: Signal) -> bool:
        """Whether the signal shows less traffic to the entity. Its cause is a caller; callers are not harmed by it."""
        less = signal.direction is SignalDirection.DOWN and self.family(signal) is Family.TRAFFIC
        return less and self.of_metric(signal.metric)[0].about is MetricSubject.ENTITY

    def _is_run_queue(self, signal: Signal) -> bool:
        """Whether the metric counts threads, as load averages do, rather than a share or a time."""
        meaning, _ = self.of_metric(signal.metric)
        counted = meaning.unit.dimension in {Dimension.COUNT, Dimension.UNKNOWN}
        return meaning.role is MetricRole.SATURATION and counted
