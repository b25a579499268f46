"""Fuzzed records through the monitoring agent: the ledger stays whole, and no sound record is a dead letter."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Sequence

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import DataPlane, Kafka, Settings
from tests.benchmarks.fuzz_formats import SERIES, FuzzFormat, formats
from tests.benchmarks.fuzz_mutations import bytes_changed
from tests.unit.detectors.wire.requests import NOW

_POLL = 8


def slot_faults(count: int, seed: int) -> tuple[int, list[str]]:
    """How many records of each format were processed by one slot, and what was wrong."""
    settings = Settings(kafka=Kafka(partitions=1), data=DataPlane(series_limit=SERIES))
    agent = MonitoringAgent(settings)
    agent.adopt(0, 1)
    offsets: Counter[str] = Counter()
    faults: list[str] = []
    for found in formats():
        rng = random.Random(f"slot {found.name} {seed}")
        topic = getattr(settings.topics, found.topic)
        for first in range(0, count, _POLL):
            poll = _poll(found, rng, range(first, min(first + _POLL, count)))
            source = TopicPartition(topic, 0)
            begin = offsets[topic]
            offsets[topic] += len(poll)
            fetched = FetchedRecords(
                source, range(begin, begin + len(poll)), poll, [None] * len(poll), [NOW] * len(poll)
            )
            try:
                produced = agent.handle([fetched], NOW)
            except Exception:  # noqa: BLE001 - every error is a finding
                faults.append(traceback.format_exc(limit=-4))
                continue
            sound = [letter for letter in produced.dead_letters if (letter.offset - begin) % 2 == 0]
            faults += [f"{found.name}: a sound record is a dead letter: {letter.reason}" for letter in sound]
    agent.tick(NOW, lag_is_small=True)
    for line in agent.ledger():
        if line.difference or line.records_difference:
            faults.append(f"the ledger differs: {line}")
    return sum(offsets.values()), faults


def _poll(found: FuzzFormat, rng: random.Random, numbers: Sequence[int]) -> list[bytes]:
    """A sound record before, between and after the mutated ones."""
    poll = [found.sound]
    for number in numbers:
        record = found.changed(rng)
        poll += [record if number % 2 else bytes_changed(rng, record), found.sound]
    return poll
