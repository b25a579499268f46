"""Faults by name, with settings from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import TypeAdapter, ValidationError

from aiops.model.errors import PermanentError
from simulations.faults.fault import Fault
from simulations.world.estate import Estate
from simulations.world.world import World

_ROOM = "simulations.faults"
FAULTS: Mapping[str, str] = {
    "crash": f"{_ROOM}.processes:Crash",
    "crash-loop": f"{_ROOM}.processes:CrashLoop",
    "memory-leak": f"{_ROOM}.processes:MemoryLeak",
    "cpu-hog": f"{_ROOM}.hosts:CpuHog",
    "slow-disk": f"{_ROOM}.hosts:SlowDisk",
    "disk-filling": f"{_ROOM}.hosts:DiskFilling",
    "bad-deploy-errors": f"{_ROOM}.changes:BadDeployErrors",
    "bad-deploy-slow": f"{_ROOM}.changes:BadDeploySlow",
    "bad-configuration": f"{_ROOM}.changes:BadConfiguration",
    "certificate-expiry": f"{_ROOM}.changes:CertificateExpiry",
    "dependency-latency": f"{_ROOM}.networks:DependencyLatency",
    "packet-loss": f"{_ROOM}.networks:PacketLoss",
    "zone-outage": f"{_ROOM}.networks:ZoneOutage",
    "dns-at-site": f"{_ROOM}.networks:DnsAtSite",
    "surge": f"{_ROOM}.loads:Surge",
    "cache-stampede": f"{_ROOM}.loads:CacheStampede",
    "queue-backlog": f"{_ROOM}.loads:QueueBacklog",
    "poison-message": f"{_ROOM}.loads:PoisonMessage",
    "lying-telemetry": f"{_ROOM}.hosts:LyingTelemetry",
    "none": f"{_ROOM}.loads:NoFault",
    "two-at-once": f"{_ROOM}.loads:TwoAtOnce",
}


class FaultError(PermanentError):
    """A fault's name, settings or target are invalid."""


def make(name: str, settings: Mapping[str, Any] | None = None) -> Fault:
    """The fault of this name; ``two-at-once`` takes ``faults``: a list of ``{name, settings...}``."""
    if name not in FAULTS:
        raise FaultError(f"no fault {name!r}; known: {', '.join(FAULTS)}")
    given = dict(settings or {})
    if name == "two-at-once":
        given["faults"] = tuple(
            make(entry["name"], {k: v for k, v in entry.items() if k != "name"}) for entry in given.get("faults", ())
        )
    module, _, title = FAULTS[name].partition(":")
    kind: type[Fault] = getattr(import_module(module), title)
    if unknown := set(given) - set(kind.__dataclass_fields__):
        raise FaultError(f"fault {name} has no setting {sorted(unknown)}; it has {sorted(kind.__dataclass_fields__)}")
    if name == "two-at-once":
        return kind(**given)
    try:
        made: Fault = TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise FaultError(f"fault {name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return made


def check(fault: Fault, estate: Estate) -> None:
    """Tries a fault on a fresh world; ``FaultError`` if its target does not exist or is of another kind."""
    world = World(estate)
    for part in fault.parts():
        try:
            part.entities(world)
            world.inject(part)
            world.run(2)
        except (KeyError, ValueError, IndexError) as error:
            raise FaultError(f"fault {part.name} cannot hit {part.target!r} in {estate.name}: {error}") from error
