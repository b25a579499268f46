"""Interface of a whole runtime for applications: start, status, stop. ``aiops.bootstrap`` implements it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from aiops.settings import Settings

Report = Callable[[str], None]
"""Called with each progress message, one line."""


class System(Protocol):
    """Broker, cluster and fleet of one installation."""

    settings: Settings
    bootstrap: str
    """Kafka's address, once it has started."""

    def start(self) -> None:
        """Start all parts in order. Returns when every part answers."""
        ...

    def stop(self) -> None:
        """Stop all parts, including the embedded broker."""
        ...

    def status(self) -> dict[str, Any]:
        """The status of every part, as JSON values."""
        ...


class Pages(Protocol):
    """Console, metrics and watchdog of one installation."""

    @property
    def console_url(self) -> str:
        """Address of the console."""
        ...

    def start(self, bootstrap: str) -> None:
        """Begin to serve. ``bootstrap`` is Kafka's address, for incoming alerts."""
        ...

    def stop(self) -> None:
        """Stop, and notify the watchdog of the planned stop."""
        ...


MakeSystem = Callable[[Settings, Report], System]
MakePages = Callable[[Settings], Pages]
