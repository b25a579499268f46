"""What `aiops range status` shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiops.adapters.supervisord import ProcessInfo, ProcessState
from aiops.apps.range import leftovers
from aiops.apps.range.estate import Estate
from aiops.model.durations import MINUTE
from aiops.model.errors import TemporaryError
from simulations.range.configuration.supervisord import programs
from simulations.range.estate_plan import HOST, LOAD, Service

_LAST_BYTES = 400_000


def estates(folder: Path) -> list[int]:
    """Seeds of the estates that have a run folder."""
    return sorted(int(path.parent.name) for path in folder.glob("*/plan.json") if path.parent.name.isdecimal())


def state(estate: Estate) -> dict[str, Any]:
    """Programs, memory and what users got, as JSON values."""
    try:
        seen = estate.supervisord.processes()
    except TemporaryError:
        seen = []
    expected = _expected(estate)
    running = {one.name for one in seen if one.state is ProcessState.RUNNING}
    processes = leftovers.processes(estate.folder.root)
    return {
        "seed": estate.plan.seed,
        "folder": str(estate.folder.root),
        "complete": expected <= running,
        "public": f"http://{HOST}:{estate.plan.ports.public}",
        "kafka": estate.run.kafka,
        "services": [_service(service, seen) for service in estate.plan.services],
        "not_running": sorted(expected - running),
        "processes": len(processes),
        "memory_mb": round(sum(process.memory_bytes for process in processes) / 1e6),
        "users": _users(estate.folder.load),
    }


def state_text(found: dict[str, Any]) -> str:
    """The state for people."""
    lines = [
        f"{one['id']:14} {one['language']:7} {one['running']}/{one['replicas']}  {' '.join(one['calls'])}"
        for one in found["services"]
    ]
    users = found["users"]
    asked = f"{users['requests']} requests in the last minute, {users['failed']} failed, median {users['median_ms']} ms"
    return "\n".join(
        [
            f"estate {found['seed']}  {'runs' if found['complete'] else 'is not complete'}",
            *lines,
            f"processes  {found['processes']}, {found['memory_mb']} MB",
            *([f"missing    {', '.join(found['not_running'])}"] if found["not_running"] else []),
            f"users      {asked}",
            f"public     {found['public']}",
            f"Kafka      {found['kafka']}",
            f"files      {found['folder']}",
        ]
    )


def _expected(estate: Estate) -> set[str]:
    spare = {one.id for service in estate.plan.services for one in service.instances if one.spare}
    unwanted = spare | (set() if estate.run.load else {LOAD})
    return {program.name for program in programs(estate.plan, estate.folder, estate.run)} - unwanted


def _service(service: Service, seen: list[ProcessInfo]) -> dict[str, Any]:
    own = {instance.id for instance in service.instances}
    return {
        "id": service.id,
        "language": service.language.value,
        "replicas": service.replicas,
        "running": sum(one.name in own and one.state is ProcessState.RUNNING for one in seen),
        "calls": sorted({step.target for route in service.routes for step in route.steps if step.target}),
    }


def _users(file: Path) -> dict[str, Any]:
    since = time.time_ns() - MINUTE
    recent = [line for line in _last_lines(file) if line["at"] >= since]
    times = sorted(line["ms"] for line in recent)
    return {
        "requests": len(recent),
        "failed": sum(not 0 < line["status"] < 500 for line in recent),
        "median_ms": times[len(times) // 2] if times else None,
    }


def _last_lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - _LAST_BYTES))
            lines = opened.read().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:  # cut at the begin, or empty at the end
            continue
