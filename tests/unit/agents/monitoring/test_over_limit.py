"""Lines and spans past a limit of names have an ending of their own."""

from __future__ import annotations

import random

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.topic_names import Topics
from tests.unit.agents.monitoring.telemetry import SECOND, SERVICES, T0, logs, settings, spans

TOPICS = Topics()


def ended(topic: str, value: bytes, room: int) -> LedgerLine:
    """The account after one record, where only so many entities have room."""
    agent = MonitoringAgent(settings(1))
    agent.adopt(0, 1)
    slot = agent._of(0).slot
    slot.logs.counter.names.most = room
    slot.spans.names.most = room
    source = TopicPartition(topic, 0)
    agent.handle([FetchedRecords(source, (0,), (value,), (None,), (T0 + 5 * SECOND,))], T0)
    return next(line for line in agent.ledger() if line.topic == topic)


def test_lines_of_entities_without_room_are_accounted_for() -> None:
    """Each ends once: learned where there is room, over the limit where there is none."""
    value = logs(5, random.Random(3), SERVICES)
    free, tight = (ended(TOPICS.otlp_logs, value, room) for room in (1000, 2))
    assert free.endings[Ending.OVER_LIMIT] == 0
    assert tight.items == free.items
    assert tight.difference == 0
    assert tight.endings[Ending.OVER_LIMIT] >= len(SERVICES) - 2
    assert tight.endings[Ending.LEARNED] + tight.endings[Ending.OVER_LIMIT] == free.endings[Ending.LEARNED]


def test_spans_of_entities_without_room_are_accounted_for() -> None:
    """Three traces through five services: six spans have room, nine do not."""
    tight = ended(TOPICS.otlp_spans, spans(5, random.Random(3)), 2)
    assert (tight.endings[Ending.LEARNED], tight.endings[Ending.OVER_LIMIT], tight.difference) == (6, 9, 0)
