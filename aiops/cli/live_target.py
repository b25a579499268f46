"""Where `aiops simulate --live` publishes."""

from __future__ import annotations

from dataclasses import dataclass

from aiops.settings import Settings


@dataclass(frozen=True, slots=True)
class LiveTarget:
    """Where the world publishes: address of the broker, and the settings with topics and connection."""

    bootstrap: str
    settings: Settings
