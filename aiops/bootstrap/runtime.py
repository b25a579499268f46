"""The whole runtime: broker, topics, cluster, fleet. They start in this order and stop in reverse.

``aiops up`` and ``aiops demo`` run it in their own process. All durable state is in Kafka, the journal and the
snapshots: this process may be killed at any time.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from aiops.adapters import watchdog
from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.bundle.loading import bundle_folder
from aiops.adapters.bundle.metric_rows import load_metrics
from aiops.adapters.clock import SystemClock
from aiops.adapters.cluster.cluster import RayCluster, build_id
from aiops.adapters.cluster.parts import ClusterShards
from aiops.adapters.extension_checks import check_choices
from aiops.adapters.fleet import FleetKeeper
from aiops.adapters.journal.factory import open_journal
from aiops.adapters.journal.journal import FLEET, SqlJournal
from aiops.adapters.kafka.partitions import check_partitions
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.plugins import fingerprint, installed
from aiops.adapters.stall_keeper import StallKeeper
from aiops.adapters.status_file import write_status
from aiops.agents.composition import CONTROL_ROLES
from aiops.apps.system import Report
from aiops.bootstrap.stalls import make_stall_keeper
from aiops.model.durations import SECOND
from aiops.model.errors import AiopsError, PermanentError, TemporaryError
from aiops.settings import Settings

_LOG = structlog.get_logger(__name__)
_PACKAGE = Path(__file__).resolve().parents[2]
_AGAIN_SECONDS = 2.0


def come_up(reconcile: Callable[[], None], report: Report, wait: Callable[[float], object], *, tries: int = 6) -> None:
    """Reconcile until every part answers, with at most ``tries`` attempts.

    On a busy machine a part may not reach Kafka or the journal at the first attempt.

    Raises:
        TemporaryError: the last attempt failed.
        PermanentError: a person must fix something; there is no further attempt.
    """
    for left in range(tries - 1, -1, -1):
        try:
            reconcile()
        except TemporaryError as error:
            if not left:
                raise
            report(f"not ready, {left} more attempts: {error}")
            wait(max(error.delay_seconds, _AGAIN_SECONDS))
        else:
            return


@dataclass(frozen=True, slots=True)
class _Table:
    """The slot assignment of one domain in the journal."""

    journal: SqlJournal
    domain: str

    def assign(self, epoch: int, slots: Any) -> dict[int, tuple[int, int]]:
        """Assign each slot to a shard under ``epoch``; returns slot to (shard, generation)."""
        return self.journal.assign(epoch, slots, self.domain)

    def assignment(self) -> dict[int, tuple[int, int]]:
        """Slot to (shard, generation)."""
        return self.journal.assignment(self.domain)


class Runtime:
    """Starts all parts and supervises them.

    Args:
        settings: all settings, with absolute folders.
        report: called with each progress message, one line.
    """

    def __init__(self, settings: Settings, report: Report = lambda _: None) -> None:
        self.settings, self._report = settings, report
        self._stopping = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._keeper: FleetKeeper | None = None
        self._stalls: StallKeeper | None = None
        self._broker: EmbeddedBroker | None = None
        self.bootstrap = ""

    def start(self) -> None:
        """Start all parts in order. Returns when every part answers.

        Raises:
            PermanentError: a person must fix something; the message says what to do.
            TemporaryError: a part does not answer.
        """
        settings, plugins = self.settings, installed()
        check_choices(settings, plugins)
        load_metrics(bundle_folder(settings))  # an unusable row is reported once, here, and not by every actor
        settings.state.mkdir(parents=True, exist_ok=True)
        self.bootstrap = self._reach_broker()
        self._report("topics")
        topics = KafkaTopics(self.bootstrap, security=settings.kafka)
        topics.ensure(settings)
        check_partitions(settings, topics, self._report)
        topics.close()
        self.journal = open_journal(settings)
        self._report("Ray")
        build = f"{build_id(_PACKAGE / 'aiops')}-{fingerprint(plugins)}"
        self.cluster = RayCluster(settings.ray, settings.domain, build)
        if settings.control.journal is None and self.cluster.nodes() > 1:
            raise PermanentError(
                "this Ray has several nodes, and a SQLite journal is on one: set control.journal to a PostgreSQL URL"
            )
        self._report("agents, executor, orchestrator, shards")
        actors = self._actors()
        self._keeper = self._make_keeper(actors)
        self._stalls = make_stall_keeper(settings, self.bootstrap, actors)
        come_up(self._keeper.reconcile, self._report, self._stopping.wait)
        self._keeper.start()
        self._stalls.start()
        self._beating.start()

    def stop(self) -> None:
        """Stop all parts. Shards write snapshots first; the embedded broker stops last.

        On an external Ray cluster only the actors that this process made stop; actors that it found keep running.
        """
        self._stopping.set()
        if self._stalls is not None:
            self._stalls.stop()
        if self._keeper is not None:
            self._keeper.stop()
            for role in ("shard", "orchestrator", "executor", *(agent.value for agent in CONTROL_ROLES)):
                for number in self.cluster.numbers(role):
                    if self.settings.ray is None or (role, number) in self.cluster.made:
                        self.cluster.remove(role, number)
        if self._beating.is_alive():
            self._beating.join(5)
        if hasattr(self, "cluster"):
            self.cluster.close()
        if self._broker is not None:
            self._broker.stop()

    def leave(self) -> None:
        """Stop supervision and leave the detached actors of the cluster running."""
        self._stopping.set()
        if self._stalls is not None:
            self._stalls.stop()
        if self._keeper is not None:
            self._keeper.stop()

    def status(self) -> dict[str, Any]:
        """The status of every part, as JSON values."""
        shards = []
        for number in self.cluster.numbers("shard"):
            try:
                shards.append(_plain(self.cluster.ask("shard", number, "status", timeout_seconds=2.0)))
            except AiopsError as error:
                shards.append({"shard": number, "error": str(error)})
        try:
            orchestration = _plain(self.cluster.ask("orchestrator", 0, "status", timeout_seconds=2.0))
        except AiopsError as error:
            orchestration = {"error": str(error)}
        return {
            "at": SystemClock().now(),
            "domain": self.settings.domain,
            "kafka": self.bootstrap,
            "shards": shards,
            "orchestration": orchestration,
            "pids": self.cluster.pids(),
            "fleet": {"error": self._error()},
        }

    # -------------------------------------------------------------------------------------------------- inside

    def _reach_broker(self) -> str:
        if self.settings.kafka.bootstrap:
            return self.settings.kafka.bootstrap
        self._report("Kafka (embedded)")
        self._broker = EmbeddedBroker(self.settings.state / "broker", report=self._report)
        return self._broker.start()

    def _error(self) -> str:
        keepers = [keeper for keeper in (self._keeper, self._stalls) if keeper is not None]
        return "; ".join(keeper.error for keeper in keepers if keeper.error) if keepers else "not started"

    def _actors(self) -> ClusterShards:
        settings = self.settings
        shared = {"settings": settings, "bootstrap": self.bootstrap}
        place = "aiops.bootstrap.parts:"
        others: dict[str, tuple[str, dict[str, Any]]] = {
            role.value: (place + "make_agent", {"settings": settings, "role": role.value}) for role in CONTROL_ROLES
        }
        others["executor"] = (place + "make_gate", {"settings": settings})
        others["orchestrator"] = ("aiops.bootstrap.orchestrator:make_orchestration", shared)
        cpus = 1.0 if settings.ray else 0.0
        return ClusterShards(self.cluster, ("aiops.bootstrap.shard:make_shard", shared), others, cpus=cpus)

    def _make_keeper(self, actors: ClusterShards) -> FleetKeeper:
        settings, journal = self.settings, self.journal
        epoch = journal.claim(FLEET, f"{os.uname().nodename}/{os.getpid()}", settings.domain)
        return FleetKeeper(
            actors,
            _Table(journal, settings.domain),
            epoch=epoch,
            slots=settings.kafka.partitions,
            wanted=self._wanted_shards,
        )

    def _wanted_shards(self) -> int:
        """Number of shards of the newest ``aiops scale``, else of the settings."""
        row = self.journal.latest("scale", self.settings.domain)
        return self.settings.data.shards if row is None else int(json.loads(row.body)["shards"])

    def _beat(self) -> None:
        """Write the heartbeat for the watchdog and the status for the commands, every second."""
        while not self._stopping.wait(1.0):
            status = self.status()
            if _alive(status):
                watchdog.beat(self.settings.state, status["at"])
            write_status(self.settings.state, status)


def _alive(status: dict[str, Any]) -> bool:
    """Whether the orchestrator published a status within 10 s and still leads. Only then a heartbeat is written."""
    orchestration = status["orchestration"]
    fresh = status["at"] - orchestration.get("alive_at", 0) < 10 * SECOND
    return fresh and not orchestration.get("over", False)


def _plain(value: Any) -> dict[str, Any]:
    text = json.dumps(asdict(replace(value)), default=str)
    plain: dict[str, Any] = json.loads(text)
    return plain
