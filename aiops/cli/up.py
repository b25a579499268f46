"""`aiops up`: run the whole runtime until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.status_file import read_status
from aiops.cli.installation import Config
from aiops.settings import Settings

_POLL_SECONDS = 5.0


_Leave = Annotated[
    bool, typer.Option("--leave", help="On a Ray cluster: leave the actors running when this process ends.")
]


def run(config: Config = None, *, leave: _Leave = False) -> None:
    """Run the fleet, orchestrator, agents, console and metrics. Start Kafka and Ray if the settings name none.

    Prints each start-up step, then the addresses. Ctrl-C or SIGTERM stops the runtime cleanly: shards write their last
    snapshots, the journal is closed, and the watchdog is notified of the planned stop. On a Ray cluster (setting `ray`)
    the actors that this process started end with it; actors that it found there keep running. With --leave all actors
    keep running without this process, and a later `aiops up` finds them.

    Exit code 0: stopped on request. 3: something must be fixed first; the message names it. 4: an external service is
    down.
    """
    settings = load_settings(config)
    if settings.ray is None:
        _close_ray_to_others()
    stopping = _on_signals()
    # Imported only now: Ray reads its environment when it is imported.
    from aiops.bootstrap.runtime import Runtime  # noqa: PLC0415
    from aiops.bootstrap.services import Serving  # noqa: PLC0415

    serving = Serving(settings)
    runtime = Runtime(settings, _print)
    try:
        runtime.start()
        _print("console, metrics, watchdog")
        serving.start(runtime.bootstrap)
        _print_addresses(settings, serving.console.url, serving.metrics_url, bootstrap=runtime.bootstrap)
        _watch(settings, stopping)
    finally:
        _print("stopping")
        serving.stop()
        (runtime.leave if leave and settings.ray is not None else runtime.stop)()
    _print("stopped; all state is kept: aiops up continues from here")


def _close_ray_to_others() -> None:
    """Require a token for the local Ray, because Ray listens on the machine's address."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if os.environ["RAY_AUTH_MODE"] == "token" and not os.environ.get("RAY_AUTH_TOKEN"):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _on_signals() -> threading.Event:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt  # second signal: stop at once
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _print_addresses(settings: Settings, console: str, metrics: str, *, bootstrap: str) -> None:
    token = "console.token of the settings" if settings.console.token else settings.state / "console.token"
    shadow = "  (shadow mode: decisions are recorded, nothing is executed)" if settings.control.shadow else ""
    for name, value in {
        "up": f"domain {settings.domain}{shadow}",
        "Kafka": f"{bootstrap}  (send OTLP to {settings.topics.otlp_metrics}, …_logs, …_spans)",
        "console": f"{console}  (sign in with the token in {token})",
        "metrics": metrics,
        "state": str(settings.state),
        "next": "aiops incidents · aiops ledger · aiops doctor · aiops halt",
    }.items():
        _print(f"{name:8} {value}")


def _watch(settings: Settings, stopping: threading.Event) -> None:
    """Wait for the stop signal. Print the parts' problems when they change, and once when all are resolved."""
    shown = ""
    while not stopping.wait(_POLL_SECONDS):
        status = read_status(settings.state) or {}
        parts = (status.get("orchestration", {}), status.get("fleet", {}), *status.get("shards", ()))
        problems = "; ".join(str(part["error"]) for part in parts if part.get("error"))
        if problems != shown:
            _print(problems or "all parts are healthy again")
            shown = problems


def _print(line: str) -> None:
    typer.echo(line, err=True)
