"""Where the files of a running estate lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one estate.

    Args:
        root: ``<state>/range/<seed>``.
        short: folder with a short path that the users of PostgreSQL and RabbitMQ may enter: sockets, their data, and
            RabbitMQ's configuration.
    """

    root: Path
    short: Path

    @property
    def plan(self) -> Path:
        """The plan, as JSON."""
        return self.root / "plan.json"

    @property
    def run(self) -> Path:
        """How it was started, as JSON: ``RunSettings``."""
        return self.root / "run.json"

    @property
    def truth(self) -> Path:
        """Faults, one JSON object a line, written before each happens. The runtime never reads it."""
        return self.root / "truth.jsonl"

    @property
    def load(self) -> Path:
        """The load generator's own measurements, one JSON object a request."""
        return self.root / "load.jsonl"

    @property
    def load_control(self) -> Path:
        """``{"factor": 1.0}``: the load generator reads it each second and multiplies its rate."""
        return self.root / "load_control.json"

    @property
    def supervisord_configuration(self) -> Path:
        """Of supervisord."""
        return self.root / "supervisord.conf"

    @property
    def supervisord_log(self) -> Path:
        """Of supervisord itself."""
        return self.root / "logs" / "supervisord.log"

    @property
    def supervisord_pid(self) -> Path:
        """Process id of supervisord."""
        return self.root / "supervisord.pid"

    @property
    def supervisord_socket(self) -> Path:
        """Supervisord's XML-RPC interface."""
        return self.short / "supervisor.sock"

    @property
    def haproxy_socket(self) -> Path:
        """HAProxy's runtime interface, level admin."""
        return self.short / "haproxy.sock"

    def log(self, program: str) -> Path:
        """Output of a program."""
        return self.root / "logs" / f"{program}.log"

    def service(self, service: str) -> Path:
        """Releases of a service."""
        return self.root / "services" / service

    def release(self, service: str, version: str) -> Path:
        """One release: ``profile.json`` and ``environment``."""
        return self.service(service) / "releases" / version

    def current(self, service: str) -> Path:
        """Symbolic link to the release that runs from the next start on."""
        return self.service(service) / "current"

    def program(self, name: str) -> Path:
        """Configuration of a backing service or tool."""
        return self.root / name

    def data(self, name: str) -> Path:
        """Data of a backing service."""
        return self.short / name
