"""`aiops up`: the whole runtime, until it is told to stop."""

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
from aiops.cli.opening import Config
from aiops.settings import Settings

_LOOK_SECONDS = 5.0


_Leave = Annotated[bool, typer.Option("--leave", help="On a Ray cluster: let the actors go on when this process ends.")]


def run(config: Config = None, *, leave: _Leave = False) -> None:
    """Run everything: Kafka and Ray where the settings name none, the fleet, orchestrator, agents, console, metrics.

    Says what it does while it does it, and then where to look. Ctrl-C or SIGTERM end it in good order: shards write
    their last snapshots, the journal is closed, the watchdog is told that the silence is meant. On a Ray cluster
    (setting `ray`) the actors that it started end with it, and those that it found there go on; with --leave all go on
    without this process, which may be started again at any time.

    Exit code 0: ended as asked. 3: something must be mended first; the text says what. 4: something outside is down.
    """
    settings = load_settings(config)
    if settings.ray is None:
        _close_ray_to_others()
    stopping = _on_signals()
    # Imported only now: Ray reads its environment when it is imported.
    from aiops.bootstrap.runtime import Runtime  # noqa: PLC0415
    from aiops.bootstrap.serving import Serving  # noqa: PLC0415

    serving = Serving(settings)
    runtime = Runtime(settings, _say)
    try:
        runtime.start()
        _say("console, metrics, watchdog")
        serving.start(runtime.bootstrap)
        _tell_where(settings, serving.console.url, serving.metrics_url, bootstrap=runtime.bootstrap)
        _watch(settings, stopping)
    finally:
        _say("stopping")
        serving.stop()
        (runtime.leave if leave and settings.ray is not None else runtime.stop)()
    _say("stopped; everything is kept: aiops up goes on from here")


def _close_ray_to_others() -> None:
    """A local Ray listens on the machine's address: only who knows this token may use it."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if os.environ["RAY_AUTH_MODE"] == "token" and not os.environ.get("RAY_AUTH_TOKEN"):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _on_signals() -> threading.Event:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt  # asked twice: at once
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopping


def _tell_where(settings: Settings, console: str, metrics: str, *, bootstrap: str) -> None:
    token = "console.token of the settings" if settings.console.token else settings.state / "console.token"
    shadow = "  (shadow mode: everything is decided, nothing is executed)" if settings.control.shadow else ""
    for name, value in {
        "up": f"domain {settings.domain}{shadow}",
        "Kafka": f"{bootstrap}  (send OTLP to {settings.topics.otlp_metrics}, …_logs, …_spans)",
        "console": f"{console}  (sign in with the token in {token})",
        "metrics": metrics,
        "state": str(settings.state),
        "next": "aiops incidents · aiops ledger · aiops doctor · aiops halt",
    }.items():
        _say(f"{name:8} {value}")


def _watch(settings: Settings, stopping: threading.Event) -> None:
    """Wait for the end; say once what is in trouble, and when it is over."""
    said = ""
    while not stopping.wait(_LOOK_SECONDS):
        status = read_status(settings.state) or {}
        parts = (status.get("orchestration", {}), status.get("fleet", {}), *status.get("shards", ()))
        trouble = "; ".join(str(part["trouble"]) for part in parts if part.get("trouble"))
        if trouble != said:
            _say(trouble or "all parts are well again")
            said = trouble


def _say(line: str) -> None:
    typer.echo(line, err=True)
