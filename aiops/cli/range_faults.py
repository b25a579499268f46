"""`aiops range fault` and `aiops range faults`: real faults in a running estate."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
import yaml

from aiops.adapters.atomic_files import replace_file
from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.apps.range.estate import Estate
from aiops.apps.range.faults.acts import obstacle
from aiops.apps.range.faults.run import begin, wait_out
from aiops.apps.range.start import send
from aiops.model import cloudevents
from aiops.model.reports import Change
from simulations.range import healing
from simulations.range.configuration import rabbitmq
from simulations.range.faults.registry import KINDS
from simulations.range.faults.targets import targets

Seconds = Annotated[float | None, typer.Option("--for", help="Seconds. Default: what is usual for the kind.", min=0.0)]


def fault(estate: Estate, kind: str, target: str, *, seconds: float | None, config: Path | None) -> None:
    """Make a fault happen in an estate, wait for its time, undo it. SIGINT and SIGTERM undo it at once."""
    settings = load_settings(config)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def announce(change: Change) -> None:
        producer = KafkaPythonProducer(estate.run.kafka, security=settings.kafka)
        try:
            send([cloudevents.of_change(change)], producer, estate.run.topics)
        finally:
            producer.close()

    inflicted = begin(estate, kind, target, seconds=seconds, announce=announce)
    truth = inflicted.truth
    felt = ", ".join(truth.felt_at) or "nowhere"
    at = time.strftime("%H:%M:%S", time.localtime(truth.onset / 1e9))
    typer.echo(f"{at} {truth.fault} {truth.target}: for {truth.seconds:g} s; users feel it at: {felt}")
    ended = wait_out(inflicted, stop.wait)
    at = time.strftime("%H:%M:%S", time.localtime(ended.at / 1e9))
    typer.echo(f"{at} over: {'nothing was left to undo' if ended.healed else 'undone'}")


def faults(estate: Estate | None, *, as_json: bool) -> None:
    """List all kinds, with the targets that they have in an estate."""
    rows = [
        {
            "name": kind.name,
            "what": kind.title,
            "seconds": kind.seconds,
            "harmless": kind.harmless,
            "root": kind.root,
            "targets": list(targets(kind, estate.plan)) if estate else [],
        }
        for kind in KINDS.values()
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for kind in KINDS.values():
        marks = " (harmless)" if kind.harmless else ""
        typer.echo(f"{kind.name:20} {kind.title}{marks}")
        if estate is not None:
            possible = targets(kind, estate.plan)
            why = obstacle(kind, possible[0], estate.plan) if possible else f"no {kind.place} in {estate.plan.name}"
            typer.echo(f"{'':20} {f'skipped: {why}' if why else ' '.join(possible)}")


def executors(estate: Estate) -> None:
    """Print the settings with which the runtime repairs an estate, and write what they name."""
    secret = Path(healing.password_file(estate.folder))
    replace_file(secret, [f"{rabbitmq.PASSWORD}\n".encode()])
    secret.chmod(0o600)
    found = {"acting": {"executors": healing.executors(estate.plan, estate.folder)}, "control": {"shadow": False}}
    typer.echo(yaml.safe_dump(found, sort_keys=False, width=200), nl=False)
