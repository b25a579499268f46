"""All kinds of faults, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiops.model.errors import PermanentError
from simulations.range.faults.kind import FaultKind, Harm, Place

_KINDS: Final = (
    FaultKind("killed", "all processes of the service get SIGKILL", Place.SERVICE, Harm.CRASH),
    FaultKind(
        "crash-loop",
        "a release ends 1 s after each start and is started again",
        Place.SERVICE,
        Harm.CRASH,
        change="deploy",
    ),
    FaultKind("stopped", "all processes get SIGSTOP: they hang with open sockets", Place.SERVICE, Harm.CRASH),
    FaultKind(
        "hog-inside", "a release needs much more processor time a request", Place.SERVICE, Harm.DEPLOY, change="deploy"
    ),
    FaultKind("hog-beside", "other processes use all processors of the host", Place.HOST, Harm.SATURATION, 90.0),
    FaultKind(
        "memory-leak",
        "a release keeps memory until it is killed at a limit, and starts again",
        Place.SERVICE,
        Harm.MEMORY,
        240.0,
        change="deploy",
    ),
    FaultKind(
        "descriptor-leak",
        "a release opens files until none is left",
        Place.SERVICE,
        Harm.DEPLOY,
        240.0,
        change="deploy",
    ),
    FaultKind("slow-function", "a release waits 800 ms in each request", Place.SERVICE, Harm.DEPLOY, change="deploy"),
    FaultKind("error-burst", "a release fails 40 % of its requests", Place.SERVICE, Harm.DEPLOY, change="deploy"),
    FaultKind(
        "bad-configuration",
        "the address of a dependency is wrong after a change",
        Place.DEPENDENT,
        Harm.CONFIGURATION,
        change="config",
    ),
    FaultKind("slow-query", "the index that the service's reads need is gone", Place.TABLE, Harm.LATENCY),
    FaultKind(
        "row-lock", "a forgotten transaction holds the rows that the service updates", Place.WRITER, Harm.LATENCY
    ),
    FaultKind(
        "pool-exhausted", "one idle client holds all connections of the database", Place.DATABASE, Harm.SATURATION
    ),
    FaultKind("database-restarted", "the database stops and starts again 8 s later", Place.DATABASE, Harm.CRASH, 30.0),
    FaultKind(
        "replica-promoted", "the replica becomes a primary by mistake", Place.REPLICA, Harm.CONFIGURATION, felt=False
    ),
    FaultKind("cache-flushed", "the cache is emptied each second", Place.CACHE, Harm.LATENCY, 60.0),
    FaultKind(
        "consumer-stuck",
        "the consumer's connection to the broker swallows everything",
        Place.CONSUMER,
        Harm.QUEUE,
        felt=False,
    ),
    FaultKind(
        "poison-message",
        "messages that the consumer cannot read come back for ever",
        Place.CONSUMER,
        Harm.QUEUE,
        felt=False,
    ),
    FaultKind(
        "slow-disk",
        "the database writes and reads 16 KiB a second, in 4 operations",
        Place.DATABASE,
        Harm.DISK,
        root=True,
    ),
    FaultKind(
        "log-flood", "a release logs 100 lines a request", Place.SERVICE, Harm.DEPLOY, change="deploy", felt=False
    ),
    FaultKind(
        "retry-storm",
        "a 12 s outage under three times the load, whose callers retry",
        Place.RETRIED,
        Harm.TRAFFIC,
        180.0,
    ),
    FaultKind("traffic-surge", "four times as many users come", Place.USERS, Harm.TRAFFIC),
    FaultKind("delay", "each packet of a connection takes 300 ms, in both directions", Place.LINK, Harm.NETWORK),
    FaultKind("bandwidth", "a connection carries 1 KB a second", Place.LINK, Harm.NETWORK),
    FaultKind("cut", "a connection is refused", Place.LINK, Harm.NETWORK),
    FaultKind("wrong-clock", "the clock of one service is an hour ahead", Place.SERVICE, Harm.CLOCK, felt=False),
    FaultKind(
        "collector-killed",
        "the Collector gets SIGKILL: no telemetry arrives",
        Place.COLLECTOR,
        Harm.SILENCE,
        felt=False,
    ),
    FaultKind("calm", "nothing happens", Place.ESTATE, Harm.NONE, felt=False),
    FaultKind(
        "harmless-deployment",
        "a good release, one instance after the other",
        Place.SERVICE,
        Harm.NONE,
        change="deploy",
        felt=False,
    ),
    FaultKind(
        "harmless-scale-out",
        "the spare instance of a service starts",
        Place.SERVICE,
        Harm.NONE,
        change="scale",
        felt=False,
    ),
    FaultKind("backup", "the whole database is dumped", Place.DATABASE, Harm.NONE, 60.0, felt=False),
)
KINDS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _KINDS}


_VERBS: Final[Mapping[str, str]] = {"kill": "killed", "stop": "stopped", "restart-database": "database-restarted"}
"""Words that people type instead of a name."""


def kind_of(name: str) -> FaultKind:
    """The kind of a name.

    Raises:
        PermanentError: there is none; the message lists those that there are.
    """
    found = KINDS.get(_VERBS.get(name, name))
    if found is None:
        raise PermanentError(f"no fault {name!r}; known: {', '.join(KINDS)}")
    return found
