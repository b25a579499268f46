"""Setup of the demonstration: its acts, settings and config bundle."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aiops.adapters.bundle.loading import SHIPPED, approve_runbooks
from aiops.model.codec import adapter
from aiops.settings import Acting, Console, Control, DataPlane, Kafka, Paging, Settings
from simulations.world.layout import Layout
from simulations.world.reporter import items

DOMAIN = "main"
SEED = 20
INTERVAL = 2
"""Seconds between points of the demonstration's world."""
HISTORY = 720


@dataclass(frozen=True, slots=True)
class Act:
    """One fault and its expected outcome."""

    title: str
    fault: str
    settings: Mapping[str, Any]
    roots: tuple[str, ...]
    ending: str
    """``healed``, ``approved`` (healed after a person's approval) or ``escalated``."""
    seconds: float
    """Maximum duration."""


ACTS = (
    Act("a service dies", "crash", {"target": "reviews"}, ("reviews",), "healed", 90),
    Act("a bad version is deployed", "bad-deploy-errors", {}, ("payment",), "approved", 100),
    Act("a store slows down", "slow-disk", {}, ("orders-db", "orders-db-0", "host-a1"), "escalated", 60),
)


def demonstration_settings(folder: Path, target: str) -> Settings:
    """Settings with short intervals. Pages go to a file in ``folder``, actions to the URL ``target``."""
    return Settings(
        domain=DOMAIN,
        state=folder / "state",
        bundle=folder / "bundle",
        kafka=Kafka(partitions=1),
        data=DataPlane(shards=1, snapshot_seconds=5.0, clear_seconds=8.0, ring_step_seconds=4.0),
        control=Control(gather_seconds=12.0, settle_seconds=120.0, correlation_seconds=15.0),
        acting=Acting(executors={"*": {"kind": "http", "url": target}}),
        paging=Paging(levels=((f"file://{folder / 'pages.jsonl'}",),)),
        console=Console(port=free_port(), metrics_port=free_port()),
    )


def write_bundle(folder: Path, layout: Layout) -> None:
    """Write the default bundle with short waits, and the shop's items with their objectives, to ``folder``."""
    shutil.copytree(SHIPPED, folder)
    for file in (folder / "runbooks").glob("*.yaml"):
        runbook = yaml.safe_load(file.read_text())
        if "steps" not in runbook:
            continue
        for step in runbook["steps"]:
            step["settle_seconds"] = min(8.0, step.get("settle_seconds", 30.0))
        runbook |= {"verify_window_seconds": 8.0, "verify_deadline_seconds": 200.0}
        file.write_text(yaml.safe_dump(runbook, sort_keys=False))
    approve_runbooks(folder / "runbooks")
    (folder / "services").mkdir(exist_ok=True)
    entries = [json.loads(adapter(type(item)).dump_json(item)) for item in items(layout) if item.objectives]
    (folder / "services" / "shop.yaml").write_text(yaml.safe_dump(entries, sort_keys=False))


def free_port() -> int:
    """A free TCP port of the loopback interface."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
