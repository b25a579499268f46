"""Churned services, wrong clocks, forwarding and restarts together: each point ends once, under its own entity."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, SlotSnapshot, TopicPartition
from aiops.settings import Settings
from aiops.topic_names import Topics
from detectors.wire.slots import slot_of
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

SLOTS = 3
TOPICS = Topics()
STEP = 600 * SECOND
STEPS = 40
KEYINGS = ((TOPICS.metrics_arrow,), (TOPICS.metrics_arrow, TOPICS.otlp_metrics))


def export(names: list[str], at: int) -> bytes:
    """One gauge of each service; its value tells the service, and its name differs from service to service."""
    request = ExportMetricsServiceRequest()
    for name in names:
        number = int(name.partition("-")[2])
        resource = request.resource_metrics.add()
        resource.resource.attributes.add(key="service.name").value.string_value = name
        resource.resource.attributes.add(key="host.name").value.string_value = f"h{number % 5}"
        metric = resource.scope_metrics.add().metrics.add(name=f"queue.{number % 7}")
        skew = (0, 0, -1800, 2400, 40)[number % 5] * SECOND
        metric.gauge.data_points.add(time_unix_nano=at + skew, as_double=1000.0 + number)
    return request.SerializeToString()


def story(seed: int) -> list[list[tuple[int, bytes, int]]]:
    """By step, the records as partition, bytes and append time: services that live for one to fifteen steps."""
    rng = random.Random(seed)
    ends: dict[str, int] = {}
    steps = []
    for step in range(STEPS):
        ends |= {f"s-{10 * step + number}": step + rng.choice([1, 2, 15]) for number in range(rng.randrange(1, 5))}
        living = [name for name, end in ends.items() if step < end]
        rng.shuffle(living)
        at = T0 + step * STEP
        cuts = [living[place::2] for place in range(2)]
        steps.append([(rng.randrange(SLOTS), export(cut, at), at + place) for place, cut in enumerate(cuts) if cut])
    return steps


@dataclass
class Shard:
    """An agent with all slots, its broker, and its store of snapshots."""

    settings: Settings
    agent: MonitoringAgent = field(init=False)
    generation: int = 1
    logs: dict[TopicPartition, list[tuple[bytes, int]]] = field(default_factory=lambda: defaultdict(list))
    chains: dict[int, list[SlotSnapshot]] = field(default_factory=lambda: {slot: [] for slot in range(SLOTS)})
    positions: dict[TopicPartition, int | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new process, from the stored snapshots."""
        self.agent = MonitoringAgent(self.settings)
        for slot, chain in self.chains.items():
            self.positions |= self.agent.adopt(slot, self.generation, chain)
        self.generation += 1

    def save(self, slot: int) -> None:
        """The next snapshot of a slot, full or an increment; what no snapshot needs any more is gone."""
        found = self.agent.snapshot(slot)
        begin = found.sequence if found.base is None else found.base
        self.chains[slot] = [one for one in [*self.chains[slot], found] if one.sequence >= begin]

    def read(self) -> None:
        """All that is not read yet, until nothing is forwarded any more."""
        unread = True
        while unread:
            unread = False
            for place in sorted(self.positions, key=str):
                begin = self.positions[place] or 0
                found = self.logs[place][begin:]
                if not found:
                    continue
                unread = True
                values, times = zip(*found, strict=True)
                offsets = tuple(range(begin, begin + len(found)))
                fetched = FetchedRecords(place, offsets, values, (None,) * len(found), times)
                self.positions[place] = begin + len(found)
                for record in self.agent.handle([fetched], times[-1]).forwards:
                    assert record.partition is not None
                    self.logs[TopicPartition(record.topic, record.partition)].append((record.value, times[-1]))

    def play(self, records: list[tuple[int, bytes, int]]) -> None:
        """Writes and reads records."""
        for partition, value, at in records:
            self.logs[TopicPartition(TOPICS.otlp_metrics, partition)].append((value, at))
        self.read()

    def check(self) -> None:
        """The ledger is whole, and what was learned of an entity is its own, by its own slot."""
        assert [line for line in self.agent.ledger() if line.difference or line.records_difference] == []
        for slot in range(SLOTS):
            table, rows = self.agent.table(slot), self.agent._of(slot).slot.detection.bank._state.rows
            for number in np.flatnonzero(table.entity >= 0).tolist():
                row, entity = rows[number], table.identity(number).entity
                if row["n"]:
                    assert slot_of(entity, SLOTS) == slot, entity
                    learned = {float(row["origin"] + row[name]) for name in ("low", "high")}
                    assert learned == {1000.0 + int(entity.partition("-")[2])}, entity


def runtime(keyed_by_entity: tuple[str, ...]) -> Settings:
    """Three slots; series are reclaimed after two hours."""
    made = settings(SLOTS, series_idle_seconds=7200.0, series_limit=500)
    return made.model_copy(update={"topics": TOPICS.model_copy(update={"keyed_by_entity": keyed_by_entity})})


@pytest.mark.parametrize("keyed_by_entity", KEYINGS)
@hypothesis_settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6), cuts=st.sets(st.integers(1, STEPS - 1), max_size=6))
def test_restarts_leave_no_trace(keyed_by_entity: tuple[str, ...], seed: int, cuts: set[int]) -> None:
    """A process that is replaced between two steps ends with the bytes of one that ran through."""
    whole, cut = Shard(runtime(keyed_by_entity)), Shard(runtime(keyed_by_entity))
    rng = random.Random(seed)
    for step, records in enumerate(story(seed)):
        if step in cuts:
            for slot in range(SLOTS):
                cut.save(slot)
            cut.restart()
        elif rng.random() < 0.2:
            cut.save(rng.randrange(SLOTS))
        for shard in (whole, cut):
            shard.play(records)
    alike(whole, cut)


def alike(whole: Shard, cut: Shard) -> None:
    """Both shards are whole and have the same state to the byte."""
    for shard in (whole, cut):
        shard.check()
    assert whole.logs == cut.logs
    for slot in range(SLOTS):
        left, right = (shard.agent.snapshot(slot, full=True).parts for shard in (whole, cut))
        for name, part in left.items():
            for key in part.keys() - {"head"}:
                assert part[key].tobytes() == right[name][key].tobytes(), (slot, name, key)


def test_the_increments_of_a_turn_restore_a_slot_without_a_full_snapshot() -> None:
    """Series come, go and give their numbers to others meanwhile; a snapshot in three is lost and taken again."""
    whole, cut = Shard(runtime(KEYINGS[1])), Shard(runtime(KEYINGS[1]))
    for step, records in enumerate(story(11)):
        for slot in range(SLOTS):
            for _ in range(3):
                cut.save(slot)
            if step % 2:
                cut.chains[slot][-1] = cut.agent.snapshot(slot, again=True)
        if step == STEPS - 1:
            assert all(chain[0].base is not None for chain in cut.chains.values())
            assert all(60 <= len(chain) < 120 for chain in cut.chains.values())
            cut.restart()
        for shard in (whole, cut):
            shard.play(records)
    alike(whole, cut)


@pytest.mark.parametrize("keyed_by_entity", KEYINGS)
@hypothesis_settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6), crashes=st.sets(st.integers(1, STEPS - 1), max_size=4))
def test_crashes_lose_and_mix_nothing(keyed_by_entity: tuple[str, ...], seed: int, crashes: set[int]) -> None:
    """Slots that go back to snapshots of different ages read again what they forwarded: the ledger stays whole."""
    shard = Shard(runtime(keyed_by_entity))
    rng = random.Random(seed)
    for step, records in enumerate(story(seed)):
        for slot in range(SLOTS):
            if rng.random() < 0.3:
                shard.save(slot)
        shard.play(records)
        if step in crashes:
            shard.restart()
            shard.read()
        shard.check()
