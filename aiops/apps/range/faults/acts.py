"""Which class makes a fault of a kind happen."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from aiops.apps.range.faults import connections, databases, disks, loads, processes, releases, scaling
from aiops.apps.range.faults.scene import Act, Scene
from simulations.range.estate_plan import EstatePlan
from simulations.range.faults.kind import FaultKind

_RELEASES: Final = (
    *("crash-loop", "hog-inside", "memory-leak", "descriptor-leak", "slow-function", "error-burst"),
    *("bad-configuration", "log-flood", "wrong-clock", "harmless-deployment"),
)
ACTS: Final[Mapping[str, Callable[[Scene], Act]]] = {
    "killed": processes.killed,
    "stopped": processes.stopped,
    "hog-beside": processes.HogBeside,
    "database-restarted": processes.DatabaseRestarted,
    "collector-killed": processes.collector_killed,
    **{name: partial(releases.of_kind, name) for name in _RELEASES},
    "slow-query": databases.SlowQuery,
    "row-lock": databases.RowLock,
    "pool-exhausted": databases.PoolExhausted,
    "replica-promoted": databases.ReplicaPromoted,
    "backup": databases.Backup,
    "slow-disk": disks.SlowDisk,
    "delay": connections.of_link,
    "bandwidth": connections.of_link,
    "cut": connections.Cut,
    "consumer-stuck": connections.of_consumer,
    "poison-message": loads.PoisonMessage,
    "cache-flushed": loads.CacheFlushed,
    "traffic-surge": loads.Surge,
    "retry-storm": loads.RetryStorm,
    "calm": lambda _: scaling.Calm(),
    "harmless-scale-out": scaling.ScaleOut,
}
"""Name of the kind to what makes it happen."""


def obstacle(kind: FaultKind, target: str, plan: EstatePlan) -> str:
    """Why a fault cannot happen on this machine, in one line; empty: it can."""
    if kind.root and os.geteuid() != 0:
        return f"{kind.name} needs root"
    if kind.name == "slow-disk" and disks.controller() is None:
        return f"{kind.name} needs a cgroup controller for block I/O"
    if kind.name == "wrong-clock":
        service = plan.by_id.get(target)
        why = releases.clock_obstacle(service.language if service else None)
        return f"{kind.name}: {why}" if why else ""
    if kind.name == "harmless-scale-out" and not any(one.spare for one in plan.by_id[target].instances):
        return f"{kind.name}: {target} has no spare instance"
    return ""
