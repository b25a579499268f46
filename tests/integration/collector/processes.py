"""A Collector and instrumented services as processes of their own, on loopback ports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.integration.collector import installed
from tests.integration.runtime.harness import until
from tests.servers import free_port

EXPORT_SECONDS = 2
"""Interval of metrics exports of the services, and of the Collector's host metrics."""


@dataclass
class Processes:
    """Processes by name, all ended together."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, command: list[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start one; its output goes to NAME.log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **(environment or {})}, start_new_session=True
            )

    def alive(self, name: str) -> bool:
        """Whether it runs; one that ended by itself fails the test with the end of its output."""
        code = self.running[name].poll()
        assert code is None, f"{name} ended with {code}:\n{(self.folder / f'{name}.log').read_text()[-3000:]}"
        return True

    def kill(self, name: str) -> None:
        """SIGKILL, as an OOM killer does it."""
        process = self.running.pop(name)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        """End all: first asked, then killed."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def start_collector(
    processes: Processes, name: str, broker: str, topics: Mapping[str, str], *, keyed: bool, host: bool
) -> int:
    """Start a Collector that writes to the broker; the port at which it takes OTLP over HTTP.

    ``keyed`` sets the two options by which the Kafka exporter keys records by resource attributes. With ``host`` it
    reads the metrics of this machine, which have no ``service.name``.
    """
    port = free_port()
    exporter: dict[str, Any] = {
        "brokers": [broker],
        "protocol_version": "3.0.0",
        **{signal_: {"topic": topic} for signal_, topic in topics.items()},
    }
    if keyed:
        exporter |= {"partition_metrics_by_resource_attributes": True, "partition_logs_by_resource_attributes": True}
    receivers: dict[str, Any] = {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}}
    if host:
        scrapers: dict[str, Any] = {"cpu": {}, "memory": {}, "load": {}}
        receivers["hostmetrics"] = {"collection_interval": f"{EXPORT_SECONDS}s", "scrapers": scrapers}
    signals = {"metrics": [*receivers], "logs": ["otlp"], "traces": ["otlp"]}
    configuration = {
        "receivers": receivers,
        "processors": {"batch": {"timeout": "200ms"}},
        "exporters": {"kafka": exporter},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {
                signal_: {"receivers": names, "processors": ["batch"], "exporters": ["kafka"]}
                for signal_, names in signals.items()
            },
        },
    }
    file = processes.folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(configuration))
    processes.start(name, [installed.collector(), "--config", file])
    until(f"{name} listens", lambda: processes.alive(name) and listens(port), 30)
    return port


def start_service(
    processes: Processes, name: str, collector: int, *, instance: str = "1", needs: int | None = None
) -> int:
    """Start an instrumented service that sends to the Collector at this port; the service's own port."""
    port, packages = free_port(), installed.packages()
    environment = {
        "PYTHONPATH": f"{packages}{os.pathsep}{installed.SERVICE}",
        "OTEL_SERVICE_NAME": name,
        "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={name}-{instance},deployment.environment.name=prod",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRIC_EXPORT_INTERVAL": str(EXPORT_SECONDS * 1000),
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        "OTEL_BLRP_SCHEDULE_DELAY": "500",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
        **({"NEEDS": f"http://127.0.0.1:{needs}"} if needs is not None else {}),
    }
    instrument = packages / "bin" / "opentelemetry-instrument"
    server = ["uvicorn", "service:app", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    process = f"{name}-{instance}"
    # the base interpreter, so that nothing of the product's environment is seen
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    processes.start(process, [python, instrument, python, "-m", *server], environment)
    until(f"{process} listens", lambda: processes.alive(process) and listens(port), 30)
    return port


def listens(port: int) -> bool:
    """Whether an HTTP server answers, whatever it answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@dataclass
class Load:
    """Users who ask some services in turn until they are stopped."""

    ports: list[int]
    every_seconds: float = 0.1
    answered: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the last request has ended."""
        self._ended.set()
        self._thread.join(10)

    def _ask(self) -> None:
        order = 0
        while not self._ended.wait(self.every_seconds):
            order += 1
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[order % len(self.ports)]}/orders/{order}"):
                    self.answered += 1
            except OSError:
                time.sleep(self.every_seconds)
