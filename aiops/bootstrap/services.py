"""Services next to the runtime: console, metrics, watchdog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiops.adapters import watchdog
from aiops.adapters.clock import SystemClock
from aiops.adapters.journal.factory import open_journal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.ledger_report import account, difference, plain
from aiops.adapters.metrics import RuntimeMetrics, serve
from aiops.adapters.status_file import read_status
from aiops.console.access import SHARED, Access, kept_token
from aiops.console.app import make_app
from aiops.console.parts import ConsoleParts
from aiops.console.server import ConsoleServer
from aiops.model.errors import PermanentError
from aiops.settings import Settings


class Serving:
    """Console and metrics of one installation, and its watchdog.

    The constructor binds the console's port. ``start`` serves, and ``stop`` ends what ``start`` began.

    Raises:
        PermanentError: a port is in use.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        settings.state.mkdir(parents=True, exist_ok=True)
        self._journal = open_journal(settings)
        self._reader = SqlJournalReader(self._journal.engine)
        self._clock = SystemClock()
        self._ends: list[Callable[[], None]] = []
        self.console = ConsoleServer(settings.console.host, settings.console.port)
        self.metrics_url = ""
        """URL of the metrics; empty before ``start``."""

    @property
    def console_url(self) -> str:
        """Address of the console."""
        return self.console.url

    def start(self, bootstrap: str, wake: Callable[[], None] = lambda: None) -> None:
        """Begin to serve. ``bootstrap`` is Kafka's address, for incoming alerts.

        Raises:
            PermanentError: the metrics port is in use.
        """
        settings = self._settings
        self._ends.append(self._metrics())
        producer = KafkaPythonProducer(bootstrap, settings.kafka.max_record_bytes, security=settings.kafka)
        self._ends.append(producer.close)
        parts = ConsoleParts(
            inbox=self._journal,
            reader=self._reader,
            clock=self._clock,
            access=access(settings),
            status=self._status,
            ledger=self._ledger,
            producer=producer,
            alerts_topic=settings.topics.alerts,
            most_shards=settings.kafka.partitions,
            host=settings.console.host,
            domain=settings.domain,
            wake=wake,
        )
        self.console.serve(make_app(parts))
        watchdog.start(settings.state, watchdog.Configuration(paging=settings.paging, domain=settings.domain))
        self._ends.append(self._rest)

    def stop(self) -> None:
        """Stop in reverse order of the start. The watchdog is notified of the planned stop."""
        self.console.stop()
        for end in reversed(self._ends):
            end()
        self._ends.clear()
        self._journal.close()

    def _metrics(self) -> Callable[[], None]:
        settings = self._settings
        metrics = RuntimeMetrics(
            self._status, self._reader, self._clock, difference=self._difference, domain=settings.domain
        )
        try:
            port, stop = serve(metrics, settings.console.host, settings.console.metrics_port)
        except OSError as error:
            place = f"{settings.console.host}:{settings.console.metrics_port}"
            raise PermanentError(f"cannot listen on {place}: {error.strerror}; see console.metrics_port") from error
        self.metrics_url = f"http://{settings.console.host}:{port}/metrics"
        return stop

    def _rest(self) -> None:
        watchdog.rest(self._settings.state, self._clock.now())
        watchdog.stop(self._settings.state)

    def _status(self) -> dict[str, Any] | None:
        return read_status(self._settings.state)

    def _difference(self) -> int | None:
        status = self._status()
        return None if status is None else difference(self._settings, status)

    def _ledger(self) -> dict[str, Any]:
        status = self._status()
        if status is None:
            raise PermanentError("the runtime never ran here")
        return plain(account(self._settings, status))


def access(settings: Settings) -> Access:
    """Tokens of the console: the people's tokens of the settings and the shared token.

    If the settings have no shared token, it is generated at the first start and kept in the state folder.
    """
    shared = settings.console.token or kept_token(settings.state)
    return Access({**settings.console.people, SHARED: shared})
