"""Replays a recording in one process: the real agents and the real journal under the recording's own clock.

The replay does not wait: one day takes seconds. The same recording gives the same incidents. No action is executed:
shadow mode orders none, and there is no executor. ``aiops.apps.kafka_replay`` replays through Kafka and Ray.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from aiops.adapters.bundle.loading import bundle_folder, load_bundle
from aiops.adapters.journal.budget import SqlBudgetStore
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.plugins import installed
from aiops.agents.composition import control_agents
from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.apps.replay_results import faults, found, write
from aiops.driver.in_process import InProcessRuntime, Surroundings
from aiops.model import cloudevents
from aiops.model.cloudevents import ALERTS, envelope
from aiops.model.cloudevents_reader import Receipt, UnusableMessage, decode
from aiops.model.codec import encode
from aiops.model.durations import SECOND
from aiops.model.errors import PermanentError
from aiops.model.events import EdgesObserved, EpisodeReported
from aiops.model.ledger import LedgerLine
from aiops.model.pages import Delivery, Page
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from aiops.plugins import Extension
from aiops.recordings.recording import Recorded, Recording, Stream
from aiops.settings import Settings
from aiops.topic_names import Topics

TICK = 10 * SECOND
"""Interval, in the recording's time, between two ticks of the monitoring agent, ns."""
PAGES = "pages.jsonl"

Progress = Callable[[int, int], None]
"""Called with the recording's time (ns) and the number of records replayed."""


def topic_of(stream: Stream, topics: Topics) -> str:
    """The topic of a recording's stream."""
    names = {
        Stream.METRICS: topics.otlp_metrics,
        Stream.LOGS: topics.otlp_logs,
        Stream.TRACES: topics.otlp_spans,
        Stream.CMDB: topics.cmdb,
        Stream.CHANGES: topics.changes,
        Stream.TICKETS: topics.tickets,
        Stream.ALERTS: topics.alerts,
    }
    return names[stream]


TELEMETRY = frozenset({Stream.METRICS, Stream.LOGS, Stream.TRACES})


def in_domain(value: bytes, domain: str, at: int) -> bytes:
    """A control event of a recording with the replay's domain.

    An Alertmanager body is wrapped in a CloudEvent at ``at`` (ns).
    """
    document = json.loads(value)
    if "specversion" not in document:
        document = envelope(ALERTS, ("/replay", f"alerts/{at}"), document, at=at)
    return json.dumps(document | {"domain": domain}).encode()


def replay_settings(settings: Settings, recording: Recording, out: Path, *, slots: int = 1) -> Settings:
    """The settings of a replay: shadow mode, and a domain and state folder of its own."""
    return settings.model_copy(
        update={
            "domain": f"replay-{recording.about.name}",
            "state": out / "state",
            "control": settings.control.model_copy(update={"shadow": True, "journal": None}),
            "kafka": settings.kafka.model_copy(update={"partitions": slots}),
        }
    )


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The fleet port over the replay's only monitoring agent."""

    agent: MonitoringAgent
    now: Callable[[], int]

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """The agent's readings."""
        return FleetAnswer(question.id, self.now(), self.agent.answer(question), question.domain)


@dataclass(frozen=True, slots=True)
class _PageFile:
    """A notifier that writes pages to a file: a replay pages no person."""

    path: Path
    name: str = "file"

    def send(self, page: Page) -> Delivery:
        """Append the page as one JSON line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(encode(page) + "\n")
        return Delivery(page.key, self.name, delivered=True, at=page.at, domain=page.domain)


def convert_recording(source: Path, target: Path, converter: Extension) -> None:
    """Convert a published data set into a recording.

    Raises:
        PermanentError: the target exists, or the converter fails; the message names package and exception.
    """
    if target.exists():
        raise PermanentError(f"{target} exists already: replay it, or remove it")
    convert = converter.load()
    try:
        convert(source, target)
    except PermanentError:
        raise
    except Exception as error:  # plug-in code, or an unexpected data set
        cause = f"{type(error).__name__}: {error}"
        raise PermanentError(f"{converter.name} ({converter.origin}) cannot read {source}: {cause}") from error


class InProcessReplay:
    """One in-process replay of one recording.

    Args:
        recording: the opened recording.
        settings: the runtime's settings; domain, state and shadow mode are overridden.
        out: folder of the results; the state of an earlier replay in it is removed.
    """

    def __init__(self, recording: Recording, settings: Settings, out: Path) -> None:
        self.recording, self.out = recording, out
        self.settings = replay_settings(settings, recording, out)
        shutil.rmtree(self.settings.state, ignore_errors=True)
        self.settings.state.mkdir(parents=True)
        (out / PAGES).unlink(missing_ok=True)
        self.journal = SqlJournal(sqlite_url(self.settings.state))
        plugins = installed()
        bundle = load_bundle(bundle_folder(self.settings), plugins)
        self.agent = MonitoringAgent(self.settings, metrics=bundle.metrics, plugins=plugins)
        self.agent.adopt(0, 1)
        self.now = recording.begin
        self._offsets: dict[str, int] = {}
        self._control_dead = self._dead = 0
        world = Surroundings(
            agents=control_agents(self.settings, bundle, plugins),
            fleet=_Fleet(self.agent, lambda: self.runtime.now),
            budget=SqlBudgetStore(self.journal.engine),
            executors={},
            notifier=_PageFile(out / PAGES),
        )
        self.runtime = InProcessRuntime(self.settings, world, self.journal, at=self.now)

    def run(self, *, metrics_only: bool = False, progress: Progress = lambda _, __: None) -> list[dict[str, Any]]:
        """Replay the whole recording, write the results, and return the incidents."""
        begun, records = time.perf_counter(), 0
        for batch in _together(self.recording.records(metrics_only=metrics_only)):
            self._pass_time(batch[0].at)
            self._take(batch)
            records += len(batch)
            progress(self.now, records)
        self._pass_time(self.recording.end)
        # Open work ends; detection does not run any more, because every series would be reported as silent.
        self.runtime.run_until(self.now + round(self.settings.control.settle_seconds * SECOND))
        reader = SqlJournalReader(self.journal.engine)
        incidents = found(reader, self.settings.domain, self.now)
        lines = self.agent.ledger()
        summary = {
            "recording": self.recording.about.name,
            "through": "in process",
            "metrics_only": metrics_only,
            "seconds": round(time.perf_counter() - begun, 2),
            "records": records,
            "incidents": len(incidents),
            "dead_letters": self._dead + self._control_dead,
            "faults": faults(reader, self.settings.domain),
            "ledger": [asdict(line) for line in lines],
            "ledger_difference": difference(lines),
        }
        write(self.out, incidents, summary)
        self.journal.close()
        return incidents

    def _pass_time(self, at: int) -> None:
        """Advance the recording's time to ``at``, tick by tick."""
        while self.now + TICK <= at:
            self.now += TICK
            self._publish(self.agent.tick(self.now, lag_is_small=True), self.now)
            self.runtime.run_until(self.now)
        self.now = max(self.now, at)
        self.runtime.run_until(self.now)

    def _take(self, batch: list[Recorded]) -> None:
        at, stream = batch[0].at, batch[0].stream
        topic = topic_of(stream, self.settings.topics)
        if stream not in TELEMETRY:
            for record in batch:
                self._control(record)
            return
        first = self._offsets.get(topic, 0)
        self._offsets[topic] = first + len(batch)
        fetched = FetchedRecords(
            TopicPartition(topic, 0),
            range(first, first + len(batch)),
            [record.value for record in batch],
            [record.key for record in batch],
            [at] * len(batch),
        )
        self._publish(self.agent.handle([fetched], at), at)

    def _control(self, record: Recorded) -> None:
        read = decode(in_domain(record.value, self.settings.domain, record.at), Receipt(record.at))
        if isinstance(read, UnusableMessage):
            self._control_dead += 1
            return
        for event in read:
            self.runtime.offer(event)

    def _publish(self, produced: Produced, at: int) -> None:
        """Pass the monitoring agent's episodes and edges to the runtime, as the control topics would."""
        domain = self.settings.domain
        self._dead += sum(letter.items for letter in produced.dead_letters)
        for episode in produced.episodes:
            name = str(cloudevents.of_episode(episode)["id"])
            self.runtime.offer(EpisodeReported(id=name, at=at, episode=episode, domain=domain))
        if produced.edges:
            name = f"edges/{at}/{len(produced.edges)}"
            self.runtime.offer(EdgesObserved(id=name, at=at, edges=tuple(produced.edges), domain=domain))


def difference(lines: list[LedgerLine]) -> int:
    """Total number of units and records that the ledger does not account for."""
    return sum(abs(line.difference) + abs(line.records_difference) for line in lines)


def _together(records: Iterator[Recorded]) -> Iterator[list[Recorded]]:
    """Consecutive records of one stream and one time, as one poll would return them."""
    for _, run in groupby(records, key=lambda record: (record.at, record.stream)):
        yield list(run)
