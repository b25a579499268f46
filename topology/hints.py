"""What a metric's name hints at. Hints may help, nothing depends on them: an unknown name is ``Family.OTHER``."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from aiops.model.episodes import Direction, Signal, Source


class Family(StrEnum):
    """What a figure is about."""

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

_WORDS: tuple[tuple[Family, tuple[str, ...]], ...] = (
    (Family.CERTIFICATE, ("cert", "certificate", "tls", "x509")),
    (Family.RESTART, ("restart", "restarts", "oom", "oomkill", "crash", "pods", "replicas")),
    (Family.AVAILABILITY, ("availability", "success", "healthy", "up", "ready", "ok", "available")),
    (
        Family.ERROR,
        (
            "error",
            "errors",
            "err",
            "exception",
            "exceptions",
            "fail",
            "failed",
            "failure",
            "failures",
            "fault",
            "faults",
            "5xx",
            "4xx",
            "timeout",
            "timeouts",
            "rejected",
            "refused",
            "retries",
            "drop",
            "dropped",
            "redelivered",
            "unavailable",
        ),
    ),
    (
        Family.LATENCY,
        ("latency", "duration", "delay", "rt", "response", "elapsed", "p50", "p90", "p95", "p99", "mrt", "ttfb"),
    ),
    (
        Family.QUEUE,
        ("queue", "lag", "backlog", "pending", "waiting", "pool", "inflight", "saturation", "threads", "connections"),
    ),
    (Family.CPU, ("cpu", "load", "load1", "load5", "load15", "throttled", "throttling")),
    (Family.MEMORY, ("memory", "mem", "heap", "rss", "swap", "gc")),
    (
        Family.DISK,
        ("disk", "diskio", "filesystem", "fs", "inode", "iops", "io", "iowait", "storage", "syscall", "volume"),
    ),
    (Family.NETWORK, ("network", "net", "packet", "packets", "tcp", "retransmit", "receive", "transmit", "rx", "tx")),
    (
        Family.TRAFFIC,
        (
            "requests",
            "request",
            "rps",
            "qps",
            "count",
            "throughput",
            "workload",
            "ops",
            "calls",
            "rate",
            "hits",
            "traffic",
            "sessions",
            "published",
            "delivered",
            "consumed",
        ),
    ),
)
_LOSS = frozenset(_WORDS[3][1])
"""Words of errors: a network that loses something is in trouble itself."""
_RANK = {word: (order, family) for order, (family, words) in enumerate(_WORDS) for word in words}
_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[a-z]*\d+[a-z]*")


_LAST = re.compile(r"[^a-z0-9]+")
_AMOUNTS = frozenset({"count", "total", "rate"})
_BUSY = frozenset({"active", "request", "requests"})
_HOST = re.compile(r"[{,](?:host\.name|k8s\.node\.name|host|node)=([^,}]+)")
_ABOUT_OTHERS = frozenset({"node", "host", "client", "outbound", "upstream"})
"""Words of figures that an entity reports about its host, or about those that it calls."""


@lru_cache(maxsize=65_536)
def words(metric: str) -> frozenset[str]:
    """The words of a name, split at case and punctuation, in lower case."""
    split = (word.lower() for word in _SPLIT.findall(metric))
    return frozenset((*split, *re.split(r"[^a-z0-9]+", metric.lower())))


@lru_cache(maxsize=65_536)
def family(metric: str) -> Family:
    """Family of a metric by the words of its name; the most telling word wins."""
    named = words(metric)
    found = [_RANK[word] for word in named if word in _RANK]
    best = min(found)[1] if found else Family.OTHER
    if best is Family.ERROR and any(family is Family.NETWORK for _, family in found):
        return Family.NETWORK
    if best is Family.LATENCY and _LAST.split(metric.lower())[-1] in _AMOUNTS:
        return Family.TRAFFIC  # how often, of a histogram of how long
    if best is Family.TRAFFIC and "active" in named and not _BUSY.isdisjoint(named - {"active"}):
        return Family.QUEUE
    return best


def family_of(signal: Signal) -> Family:
    """Family of a signal; what logs say is ``LOG`` unless the name tells more."""
    named = family(signal.metric)
    return Family.LOG if signal.source is Source.LOG and named in (Family.OTHER, Family.TRAFFIC) else named


_LESS_IS_RELIEF = frozenset({Family.ERROR, Family.LATENCY, Family.QUEUE, Family.CPU})
_COUNTED = frozenset({"pods", "replicas"})


def relief(signal: Signal) -> bool:
    """Whether it went the harmless way: less work, fewer errors, more instances. It follows what happens elsewhere."""
    kind = family_of(signal)
    if signal.direction is Direction.DOWN:
        return kind in _LESS_IS_RELIEF
    more = kind is Family.AVAILABILITY or not _COUNTED.isdisjoint(words(signal.metric))
    return more and signal.direction is Direction.UP


def locality(signal: Signal) -> float:
    """In [0, 1]: how much the signal tells of the entity itself rather than of what it needs or who uses it."""
    if signal.peer or not _ABOUT_OTHERS.isdisjoint(words(signal.metric)):
        return 0.1
    if relief(signal):
        return 0.15
    match family_of(signal):
        case Family.CPU if "load" in words(signal.metric):
            return 0.3  # what waits is in it, and waits for others as often
        case kind if kind in LOCAL:
            return 1.0
        case Family.LOG:
            return 0.6
        case Family.NETWORK if not _LOSS.isdisjoint(words(signal.metric)):
            return 1.0
        case Family.TRAFFIC | Family.NETWORK:
            # traffic follows whoever sends it; silence is the entity's own
            return 1.0 if signal.direction is Direction.SILENT else 0.15
        case _:
            return 1.0 if signal.direction is Direction.SILENT else 0.25


def starved(signal: Signal) -> bool:
    """Whether it has less to do: that goes from caller to callee, and harms nobody above."""
    less = signal.direction is Direction.DOWN and family_of(signal) is Family.TRAFFIC
    return less and _ABOUT_OTHERS.isdisjoint(words(signal.metric))


def host_of(signal: Signal) -> str:
    """Host that sent the figure, as far as the series' attributes name it; else empty."""
    found = _HOST.search(signal.series)
    return found[1] if found else ""
