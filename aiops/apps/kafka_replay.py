"""Replays a recording through Kafka into a runtime of its own on Ray, at N times the speed, in shadow mode.

The replay has its own topics, domain, state folder and clock. The clock shows the recording's time. It advances as
records are published and stops while the shards lag far behind; the control plane's timers stay valid at any speed.
Limits on the runtime's own work (answers of agents, age of evidence) take real time; they are multiplied by the speed.
Records go through one partition, in recorded order.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from aiops.adapters.clock import RecordedTime
from aiops.adapters.journal.factory import open_journal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.apps.replay import PAGES, TELEMETRY, Progress, in_domain, replay_settings, topic_of
from aiops.apps.replay_results import faults, found, write
from aiops.apps.system import MakeSystem, System
from aiops.model.durations import SECOND
from aiops.model.errors import TemporaryError
from aiops.model.records import OutRecord
from aiops.recordings.recording import Recorded, Recording
from aiops.settings import Paging, Settings
from aiops.topic_names import Topics

STEP_SECONDS = 0.05
"""Real time between two advances of the clock."""
POLL_SECONDS = 1.0
FAR_BEHIND = 2_000
"""Lag of the shards, in records, above which the clock stops."""
PATIENCE_SECONDS = 120.0
"""Maximum time without progress of the runtime at the end."""
CLOCK = "clock"


def kafka_settings(settings: Settings, recording: Recording, out: Path, *, speed: float) -> Settings:
    """Settings of one replay. Limits on the runtime's own work are multiplied by ``speed``."""
    made = replay_settings(settings, recording, out.resolve())
    domain = f"{made.domain}-{time.time_ns() // 10**6:x}"
    stretch = max(1.0, speed)
    control, data = made.control, made.data
    slower = {
        "handoff_seconds": control.handoff_seconds * stretch,
        "evidence_age_seconds": control.evidence_age_seconds * stretch,
    }
    return made.model_copy(
        update={
            "domain": domain,
            "clock": made.state / CLOCK,
            "topics": own_topics(made.topics, domain),
            "control": control.model_copy(update=slower),
            "data": data.model_copy(update={"blind_seconds": data.blind_seconds * stretch}),
            "paging": Paging(levels=((f"file://{out.resolve() / PAGES}",),)),
        }
    )


def own_topics(topics: Topics, domain: str) -> Topics:
    """The same topics with names of their own in ``domain``."""
    named: dict[str, Any] = {name: _own(value, domain) for name, value in topics.model_dump().items()}
    return Topics(**named)


def _own(value: str | tuple[str, ...] | dict[str, str], domain: str) -> Any:
    """A topic, several, or topics with their formats, under names of the domain's own."""
    if isinstance(value, str):
        return f"{domain}.{value}"
    if isinstance(value, dict):
        return {f"{domain}.{topic}": name for topic, name in value.items()}
    return tuple(f"{domain}.{one}" for one in value)


class KafkaReplay:
    """One run over one recording.

    Args:
        recording: opened.
        settings: the runtime's.
        out: folder of the results; state of an earlier replay in it is removed.
        make: makes the runtime to replay into.
        bootstrap: address of the broker; None: that of the settings, else an embedded broker.
    """

    def __init__(
        self, recording: Recording, settings: Settings, out: Path, *, make: MakeSystem, bootstrap: str | None = None
    ) -> None:
        self.recording, self.out, self._make = recording, out, make
        if bootstrap is not None:
            settings = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"bootstrap": bootstrap})})
        self._asked = settings
        self._published = 0
        self._control = 0
        self._over = recording.end
        self._span = max(1, recording.end - recording.begin) / SECOND
        """Length of the recording, seconds."""

    def run(
        self,
        speed: float,
        *,
        metrics_only: bool = False,
        progress: Progress = lambda _, __: None,
        report: Callable[[str], None] = lambda _: None,
    ) -> list[dict[str, Any]]:
        """Replay the whole recording at ``speed`` times real time, write the results, and return the incidents.

        Raises:
            TemporaryError: the runtime did not process all records.
        """
        settings = kafka_settings(self._asked, self.recording, self.out, speed=speed)
        shutil.rmtree(settings.state, ignore_errors=True)
        settings.state.mkdir(parents=True)
        (self.out / PAGES).unlink(missing_ok=True)
        clock = RecordedTime(settings.state / CLOCK, self.recording.begin)
        runtime = self._make(settings, report)
        try:
            runtime.start()
            begun = time.perf_counter()
            held = self._publish(
                runtime, clock, speed, batches=self._records(metrics_only=metrics_only), progress=progress
            )
            seconds = time.perf_counter() - begun
            status = self._finish(runtime, clock, speed)
        finally:
            runtime.stop()
        incidents, broken = self._found(settings)
        self._clean(settings, runtime.bootstrap)
        pace = {"asked": speed, "reached": round(self._span / seconds, 2), "seconds_held": round(held, 2)}
        summary = self._counted(status) | {
            "metrics_only": metrics_only,
            "seconds": round(seconds, 2),
            "speed": pace,
            "incidents": len(incidents),
            "faults": broken,
        }
        write(self.out, incidents, summary)
        return incidents

    def _counted(self, status: dict[str, Any]) -> dict[str, Any]:
        """Counts of processed records, from the shards' ledgers."""
        ledger = [line for shard in status["shards"] for line in shard.get("ledger", ())]
        lost = sum(abs(_difference(line)) for line in ledger)
        return {
            "recording": self.recording.about.name,
            "through": "through Kafka",
            "records": self._published + self._control,
            "dead_letters": sum(line["endings"].get("dead-letter", 0) for line in ledger),
            "ledger": ledger,
            "ledger_difference": lost + abs(self._published - sum(line["records"] for line in ledger)),
        }

    def _records(self, *, metrics_only: bool) -> Iterator[tuple[int, list[Recorded]]]:
        records = self.recording.records(metrics_only=metrics_only)
        for at, run in groupby(records, key=lambda record: record.at):
            yield at, list(run)

    def _publish(
        self,
        runtime: System,
        clock: RecordedTime,
        speed: float,
        *,
        batches: Iterable[tuple[int, list[Recorded]]],
        progress: Progress,
    ) -> float:
        """Publish in step with the clock. Returns the seconds for which the clock stopped."""
        settings = runtime.settings
        producer = KafkaPythonProducer(runtime.bootstrap, settings.kafka.max_record_bytes, security=settings.kafka)
        pace = _Pace(runtime, clock, speed)
        try:
            for at, batch in batches:
                pace.until(at, producer.flush)
                producer.send(self._record(record, settings) for record in batch)
                telemetry = sum(record.stream in TELEMETRY for record in batch)
                self._published += telemetry
                self._control += len(batch) - telemetry
                progress(clock.now(), self._published + self._control)
            producer.flush()
        finally:
            producer.close()
        return pace.held

    @staticmethod
    def _record(record: Recorded, settings: Settings) -> OutRecord:
        value = record.value
        if record.stream not in TELEMETRY:
            value = in_domain(value, settings.domain, record.at)
        return OutRecord(topic_of(record.stream, settings.topics), record.key, value)

    def _finish(self, runtime: System, clock: RecordedTime, speed: float) -> dict[str, Any]:
        """Wait until all records are processed, let the settle time pass on the recording's clock, and wait again."""
        self._digested(runtime)
        self._over = max(clock.now(), self.recording.end)
        end = self._over + round(runtime.settings.control.settle_seconds * SECOND)
        _Pace(runtime, clock, speed).until(end)
        return self._digested(runtime)

    def _digested(self, runtime: System) -> dict[str, Any]:
        """The first status without waiting records, and with the same record counts as the check before it."""
        patience, before = time.monotonic() + PATIENCE_SECONDS, None
        while time.monotonic() < patience:
            status = runtime.status()
            taken = sum(line["records"] for shard in status["shards"] for line in shard.get("ledger", ()))
            control = sum(line["records"] for line in status["orchestration"].get("ledger", ()))
            idle = not _lag(status) and not status["orchestration"].get("waiting", 1)
            if idle and taken >= self._published and (taken, control) == before:
                return status
            if (taken, control) != before:
                patience = time.monotonic() + PATIENCE_SECONDS
            before = (taken, control)
            time.sleep(2 * POLL_SECONDS)
        raise TemporaryError(
            f"the runtime processed {taken} of {self._published} records and then stopped making progress", 1.0
        )

    def _found(self, settings: Settings) -> tuple[list[dict[str, Any]], int]:
        """The incidents, and the number of events that failed with an internal error."""
        journal = open_journal(settings)
        try:
            reader = SqlJournalReader(journal.engine)
            return found(reader, settings.domain, self._over), faults(reader, settings.domain)
        finally:
            journal.close()

    def _clean(self, settings: Settings, bootstrap: str) -> None:
        """Remove the replay's topics from an external broker, or the data of the embedded broker."""
        if settings.kafka.bootstrap is None:
            shutil.rmtree(settings.state / "broker", ignore_errors=True)
            return
        topics = KafkaTopics(bootstrap, security=settings.kafka)
        try:
            topics.remove([name for name in topics.names() if name.startswith(f"{settings.domain}.")])
        finally:
            topics.close()


class _Pace:
    """Advances the recording's clock with real time, and stops it while the shards lag far behind."""

    def __init__(self, runtime: System, clock: RecordedTime, speed: float) -> None:
        self._runtime, self._clock, self._speed = runtime, clock, speed
        self._last = self._next_poll = time.monotonic()
        self.held = 0.0

    def until(self, at: int, flush: Callable[[], None] = lambda: None) -> None:
        """Advance the clock to ``at`` (ns), then return."""
        if self._clock.now() < at:
            flush()
        while self._clock.now() < at:
            self._wait_for_shards()
            now = time.monotonic()
            passed, self._last = now - self._last, now
            self._clock.set(min(at, self._clock.now() + round(passed * self._speed * SECOND)))
            left = (at - self._clock.now()) / SECOND / self._speed
            if left > 0:
                time.sleep(min(STEP_SECONDS, left))

    def _wait_for_shards(self) -> None:
        while time.monotonic() >= self._next_poll:
            begun = time.monotonic()
            behind = _lag(self._runtime.status())
            self._next_poll = time.monotonic() + POLL_SECONDS
            if behind <= FAR_BEHIND:
                return
            time.sleep(POLL_SECONDS)
            waited = time.monotonic() - begun
            self.held += waited
            self._last += waited


def _lag(status: dict[str, Any]) -> int:
    """Total lag of the shards, records. A shard that reports none counts as more than ``FAR_BEHIND``."""
    if not status["shards"]:
        return FAR_BEHIND + 1
    return sum(sum(shard["lag"].values()) if "lag" in shard else FAR_BEHIND + 1 for shard in status["shards"])


def _difference(line: dict[str, Any]) -> int:
    return int(line["items"] - sum(line["endings"].values()) - line["forwarded"])
