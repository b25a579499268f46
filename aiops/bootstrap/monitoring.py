"""Makes a shard inside its actor: the monitoring agent behind a lock, and what it says as records."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.bootstrap.parts import binder, fail_points, make_clock, metric_table, open_consumer, open_journal
from aiops.bootstrap.services import objectives
from aiops.model import cloudevents
from aiops.model.ledger import LedgerLine
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from aiops.ports import Clock, FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.settings import Settings
from aiops.shell.allocation import keep_freed_memory
from aiops.shell.kafka.producer import KafkaPythonProducer
from aiops.shell.sealing import Seal, encode_letter, open_seal
from aiops.shell.shard import Shard, ShardParts, ShardRhythm
from aiops.shell.snapshots import FolderSnapshotStore


class SpeakingAgent:
    """The monitoring agent as a shard drives it.

    Questions come from other threads and wait for the batch in hand; everything that the agent makes becomes records:
    episodes and edges as CloudEvents keyed by entity, dead letters sealed, forwards as they are.
    """

    def __init__(self, agent: MonitoringAgent, settings: Settings, seal: Seal, clock: Clock) -> None:
        self._agent, self._settings, self._seal, self._clock = agent, settings, seal, clock
        self._lock = threading.Lock()

    def adopt(self, slot: int, generation: int, snapshots: Sequence[SlotSnapshot]) -> dict[TopicPartition, int | None]:
        """Take a slot over."""
        with self._lock:
            return self._agent.adopt(slot, generation, snapshots)

    def drop(self, slot: int) -> None:
        """Forget a slot."""
        with self._lock:
            self._agent.drop(slot)

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> list[OutRecord]:
        """Digest records."""
        with self._lock:
            produced = self._agent.handle(batch, received_at)
        return self._records(produced, received_at)

    def tick(self, received_at: int, *, current: bool) -> list[OutRecord]:
        """Time passed."""
        with self._lock:
            produced = self._agent.tick(received_at, lag_is_small=current)
        return self._records(produced, received_at)

    def lost(self, place: TopicPartition, from_offset: int, to_offset: int, received_at: int) -> list[OutRecord]:
        """Retention was faster."""
        with self._lock:
            produced = self._agent.lost(place, from_offset, to_offset, received_at)
        return self._records(produced, received_at)

    def snapshot(self, slot: int, positions: Mapping[TopicPartition, int]) -> SlotSnapshot:
        """The slot's next snapshot; the agent knows its own positions, which are the consumer's."""
        del positions
        with self._lock:
            return self._agent.snapshot(slot)

    def snapshot_visible(self, snapshot: SlotSnapshot) -> None:
        """Nothing to remember: after a write that failed the slot is adopted anew."""

    def ledger(self) -> list[LedgerLine]:
        """The account of every partition."""
        with self._lock:
            return self._agent.ledger()

    def answer(self, question: FleetQuestion) -> FleetAnswer:
        """Readings of the entities that live here."""
        with self._lock:
            readings = self._agent.answer(question)
        return FleetAnswer(question.id, self._clock.now(), readings, question.domain)

    def _records(self, produced: Produced, at: int) -> list[OutRecord]:
        if not produced:
            return []
        topics, domain = self._settings.topics, self._settings.domain
        records = list(produced.forwards)
        for episode in produced.episodes:
            event = cloudevents.encode(cloudevents.of_episode(episode))
            records.append(OutRecord(topics.anomalies, episode.entity.encode(), event))
        if produced.edges:
            source = f"/monitoring/{self._agent.shard}"
            event = cloudevents.encode(cloudevents.of_edges(tuple(produced.edges), source, at, domain))
            records.append(OutRecord(topics.anomalies, produced.edges[0].source.encode(), event))
        records += [encode_letter(letter, self._seal, topics.dead_letters) for letter in produced.dead_letters]
        return records


def make_shard(settings: Settings, bootstrap: str, number: int) -> Shard:
    """What a shard's actor hosts; it owns what the assignment says from the start."""
    keep_freed_memory()
    clock, topics, data = make_clock(settings), settings.topics, settings.data
    goals = objectives(binder(settings) / "services", settings.domain)
    agent = MonitoringAgent(settings, number, goals, metrics=metric_table(settings))
    parts = ShardParts(
        consumer=open_consumer(settings, bootstrap, f"aiops-{settings.domain}"),
        producer=KafkaPythonProducer(bootstrap, settings.kafka.max_record_bytes),
        store=FolderSnapshotStore(settings.state / "snapshots"),
        agent=SpeakingAgent(agent, settings, open_seal(settings.state), clock),
        clock=clock,
    )
    rhythm = ShardRhythm(snapshot_seconds=data.snapshot_seconds, poll_bytes=settings.kafka.poll_bytes)
    journal = open_journal(settings)
    assigned = journal.assignment(settings.domain)
    journal.close()
    mine = {slot: generation for slot, (shard, generation) in assigned.items() if shard == number}
    everything = (*topics.telemetry, topics.keyed)
    return Shard(number, parts, everything, rhythm, slots=mine, fail_point=fail_points(settings))
