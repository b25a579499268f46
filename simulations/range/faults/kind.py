"""The description of a kind of fault."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """What a fault of a kind happens to."""

    SERVICE = "service"
    DEPENDENT = "service with a dependency"
    TABLE = "service with a table"
    WRITER = "service that updates rows"
    CONSUMER = "service that takes messages"
    RETRIED = "service whose callers retry"
    LINK = "connection, as SOURCE--TARGET"
    DATABASE = "database"
    REPLICA = "replica of the database"
    CACHE = "cache"
    USERS = "users"
    COLLECTOR = "Collector"
    HOST = "host"
    ESTATE = "estate"


class Harm(StrEnum):
    """What a fault is, in the words that a diagnosis uses for its hypotheses; ``NONE``: it is harmless."""

    CRASH = "crash"
    SILENCE = "silence"
    SATURATION = "saturation"
    MEMORY = "memory"
    DISK = "disk"
    QUEUE = "queue"
    LATENCY = "latency"
    TRAFFIC = "traffic"
    NETWORK = "network"
    DEPLOY = "bad deploy"
    CONFIGURATION = "bad configuration"
    CLOCK = "clock"
    NONE = ""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One kind of fault."""

    name: str
    title: str
    """What really happens, in one line."""
    place: Place
    harm: Harm
    seconds: float = 120.0
    """Usual duration."""
    root: bool = False
    """Only the superuser can make it happen."""
    change: str = ""
    """Kind of the change that is published with it, as pipelines do; empty: none."""
    felt: bool = True
    """Whether users can feel it at all."""

    @property
    def harmless(self) -> bool:
        """Whether everything must stay quiet."""
        return self.harm is Harm.NONE
