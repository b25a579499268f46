"""The monitoring agent behind a lock, with its output as Kafka records."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from aiops.adapters.encryption import Seal, encode_letter
from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.model import cloudevents
from aiops.model.ledger import LedgerLine
from aiops.model.records import FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from aiops.ports import Clock
from aiops.settings import Settings

_MOST_EDGES = 1000
"""Edges of one record: a broker takes 1 MB."""


class PublishingAgent:
    """The monitoring agent as a shard drives it.

    Questions come from other threads and wait for the current batch. The agent's output becomes records: episodes and
    edges as CloudEvents keyed by entity, dead letters encrypted, forwards unchanged.
    """

    def __init__(self, agent: MonitoringAgent, settings: Settings, seal: Seal, *, clock: Clock) -> None:
        self._agent, self._settings, self._seal, self._clock = agent, settings, seal, clock
        self._lock = threading.Lock()
        self._unwritten: set[int] = set()
        """Slots whose last snapshot is not known to be in the store."""

    def adopt(self, slot: int, generation: int, snapshots: Sequence[SlotSnapshot]) -> dict[TopicPartition, int | None]:
        """Take a slot over."""
        self._unwritten.discard(slot)
        with self._lock:
            return self._agent.adopt(slot, generation, snapshots)

    def drop(self, slot: int) -> None:
        """Forget a slot."""
        with self._lock:
            self._agent.drop(slot)

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> list[OutRecord]:
        """Process records; returns the records to write."""
        with self._lock:
            produced = self._agent.handle(batch, received_at)
        return self._records(produced, received_at)

    def set_aside(self, records: FetchedRecords, received_at: int) -> list[OutRecord]:
        """Turn records into dead letters unread; returns the records to write."""
        with self._lock:
            produced = self._agent.set_aside(records)
        return self._records(produced, received_at)

    def tick(self, received_at: int, *, current: bool) -> list[OutRecord]:
        """Advance time; returns the records to write."""
        with self._lock:
            produced = self._agent.tick(received_at, lag_is_small=current)
        return self._records(produced, received_at)

    def lost(self, place: TopicPartition, from_offset: int, to_offset: int, *, received_at: int) -> list[OutRecord]:
        """Account for offsets that retention removed unread; returns the records to write."""
        with self._lock:
            produced = self._agent.lost(place, from_offset, to_offset, received_at=received_at)
        return self._records(produced, received_at)

    def snapshot(self, slot: int, positions: Mapping[TopicPartition, int]) -> SlotSnapshot:
        """The slot's next snapshot, in place of the last if that is not visible. The agent has the positions itself."""
        del positions
        with self._lock:
            taken = self._agent.snapshot(slot, again=slot in self._unwritten)
        self._unwritten.add(slot)
        return taken

    def snapshot_visible(self, snapshot: SlotSnapshot) -> None:
        """The store has the snapshot: the next one may contain changes only."""
        self._unwritten.discard(snapshot.slot)

    @property
    def error(self) -> str:
        """Error of a plug-in's detector; empty: none."""
        return self._agent.error

    def ledger(self) -> list[LedgerLine]:
        """The ledger of every partition."""
        with self._lock:
            return self._agent.ledger()

    def skews(self) -> dict[str, float]:
        """Clock skew of the worst senders, seconds."""
        with self._lock:
            return self._agent.skews()

    def answer(self, question: FleetQuestion) -> FleetAnswer:
        """Readings of this shard's entities."""
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
        for number, begin in enumerate(range(0, len(produced.edges), _MOST_EDGES)):
            edges = tuple(produced.edges[begin : begin + _MOST_EDGES])
            source = f"/monitoring/{self._agent.shard}/{number}" if number else f"/monitoring/{self._agent.shard}"
            event = cloudevents.encode(cloudevents.of_edges(edges, source, at, domain=domain))
            records.append(OutRecord(topics.anomalies, edges[0].source.encode(), event))
        records += [encode_letter(letter, self._seal, topics.dead_letters) for letter in produced.dead_letters]
        return records
