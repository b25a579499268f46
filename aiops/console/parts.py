"""What the console needs from the rest of the runtime."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiops.console.access import Access
from aiops.console.commands import Commands
from aiops.model.entities import MAIN_DOMAIN
from aiops.ports import Clock, Inbox, JournalReader, Producer


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """Ports, callbacks and settings of one console."""

    inbox: Inbox
    reader: JournalReader
    clock: Clock
    access: Access
    status: Callable[[], dict[str, Any] | None]
    """The runtime's last status; None: it has never run."""
    ledger: Callable[[], dict[str, Any]]
    """The ledger as a report."""
    producer: Producer | None = None
    """Publishes alerts from webhooks; None: webhooks get 503."""
    alerts_topic: str = "aiops.alerts"
    most_shards: int = 1
    host: str = "127.0.0.1"
    """The address it listens on."""
    domain: str = MAIN_DOMAIN
    wake: Callable[[], None] = lambda: None
    """Called after a row was written to the inbox; the call may be lost."""
    sending: threading.Lock = field(default_factory=threading.Lock)

    @property
    def commands(self) -> Commands:
        """Commands over the same inbox and journal."""
        return Commands(self.inbox, self.reader, self.clock, self.domain)
