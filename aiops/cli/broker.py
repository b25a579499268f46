"""`aiops broker`: start, stop and inspect the embedded Kafka of this user."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from aiops.adapters.broker.embedded import BrokerState, BrokerStatus, EmbeddedBroker
from aiops.adapters.bundle.configuration import load_settings
from aiops.cli.exits import Exit
from aiops.cli.installation import Config

app: Final = typer.Typer(
    no_args_is_help=True,
    help="""The embedded broker: a real, single-node Apache Kafka for one machine, without Java or Docker.

    Other commands start it when they need it. Its files are downloaded once (about 45 MB), verified against the lock
    file of this version, and kept in ~/.cache/aiops. Records are kept for 48 hours in broker/ of the state folder
    (~/.local/state/aiops) and survive stops and crashes. The address stays the same. The broker listens on 127.0.0.1
    only. To use your own Kafka instead, set AIOPS_KAFKA=host:port.""",
)

_Heap = Annotated[int, typer.Option(min=256, max=4096, help="Heap of the Java runtime, in MB.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def start(heap: _Heap = 384, config: Config = None, *, as_json: _Json = False) -> None:
    """Start the broker if it does not run, wait until it answers, and print its address.

    Exit code 0: it runs and answers. 3: it cannot run here; the message names the reason and what to do.
    """
    broker = EmbeddedBroker(_folder(config), heap_mb=heap, report=_aside)
    broker.start()
    _show(broker.status(), as_json=as_json)
    if "AIOPS_KAFKA" in os.environ:
        _aside(f"Note: AIOPS_KAFKA={os.environ['AIOPS_KAFKA']} is set, so other commands use that broker.")


@app.command()
def stop(config: Config = None, *, as_json: _Json = False) -> None:
    """Stop the broker cleanly. Its records are kept.

    Exit code 0, also if the broker was not running.
    """
    broker = EmbeddedBroker(_folder(config))
    was_running = broker.stop()
    if as_json:
        typer.echo(json.dumps({"was_running": was_running}))
    else:
        typer.echo("Stopped." if was_running else "It was not running.")


@app.command()
def status(config: Config = None, *, as_json: _Json = False) -> None:
    """Show the broker's state without changing it.

    Exit code 0: it runs and answers a Kafka protocol request. 1: it is stopped, or does not answer.
    """
    found = EmbeddedBroker(_folder(config)).status()
    _show(found, as_json=as_json)
    if found.state is not BrokerState.RUNNING:
        raise typer.Exit(Exit.NO)


def _folder(config: Path | None) -> Path:
    """The broker's folder in the state folder of these settings."""
    return load_settings(config).state / "broker"


def _aside(text: str) -> None:
    typer.echo(text, err=True)


def _show(found: BrokerStatus, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
        return
    rows = {
        "state": found.state.value,
        "address": found.bootstrap or "chosen at the first start",
        "process": found.pid or "none",
        "Kafka": found.kafka_version,
        "memory": f"{found.memory_bytes / 1e6:.0f} MB",
        "records": f"{found.data_bytes / 1e6:.1f} MB in {found.folder}",
    }
    for name, value in rows.items():
        typer.echo(f"{name:8} {value}")
