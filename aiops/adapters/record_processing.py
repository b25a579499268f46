"""Hands records to the agent, noted on disk while they are in progress; what killed the shard twice is set aside."""

from __future__ import annotations

import structlog

from aiops.adapters.shard_parts import ShardParts
from aiops.adapters.suspects import Treatment
from aiops.model.records import FetchedRecords

_LOG = structlog.get_logger(__name__)


def process(records: FetchedRecords, parts: ShardParts) -> None:
    """Process the records of one partition and send the agent's output.

    Raises:
        TemporaryError: the output cannot be sent now.
    """
    agent, attempts, producer = parts.agent, parts.attempts, parts.producer
    for part, treatment in attempts.parts(records):
        if treatment is Treatment.SET_ASIDE:
            place = part.source
            _LOG.error("record_set_aside", topic=place.topic, partition=place.partition, offset=part.offsets[0])
            producer.send(agent.set_aside(part, parts.clock.now()))
            continue
        with attempts.processing(part):
            producer.send(agent.handle([part], parts.clock.now()))
