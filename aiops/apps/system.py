"""What an application needs of a whole runtime: to start it, to ask it, to stop it. ``aiops.bootstrap`` makes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from aiops.settings import Settings

Say = Callable[[str], None]
"""Told what happens, a line at a time."""


class System(Protocol):
    """Broker, cluster and fleet of one installation."""

    settings: Settings
    bootstrap: str
    """Kafka's address, once it has started."""

    def start(self) -> None:
        """Up, in order; returns when every part answers."""
        ...

    def stop(self) -> None:
        """Down; the embedded broker too."""
        ...

    def status(self) -> dict[str, Any]:
        """What every part says of itself, as JSON would have it."""
        ...


class Pages(Protocol):
    """Console, metrics and watchdog of one installation."""

    @property
    def console_url(self) -> str:
        """Address of the console."""
        ...

    def start(self, bootstrap: str) -> None:
        """Serve; ``bootstrap`` is Kafka's address, for incoming alerts."""
        ...

    def stop(self) -> None:
        """End, and tell the watchdog that the silence is meant."""
        ...


MakeSystem = Callable[[Settings, Say], System]
MakePages = Callable[[Settings], Pages]
