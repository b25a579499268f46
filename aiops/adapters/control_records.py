"""Conversion of control-topic records to events; partitions of the control topics."""

from __future__ import annotations

from aiops.adapters.encryption import Seal
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.model.cloudevents_reader import Receipt, UnusableMessage, decode
from aiops.model.deadletters import DeadLetter, DeadLetterReason, kept_headers, kept_key
from aiops.model.errors import TemporaryError
from aiops.model.events import Event
from aiops.model.prose import Prose
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import Settings


class ControlTopics:
    """Converts records of the control topics to events; an unusable record becomes a dead letter.

    Args:
        settings: domain, and maximum size of a kept original.
        seal: replaces people's names by keyed digests.
    """

    def __init__(self, settings: Settings, seal: Seal) -> None:
        self._settings, self._seal = settings, seal

    def __call__(
        self, records: FetchedRecords, place: int, received_at: int
    ) -> tuple[tuple[Event, ...], DeadLetter | None]:
        """The events of one record, or its dead letter. Does not raise."""
        value = records.values[place]
        read = decode(value, Receipt(received_at, self._seal.pseudonym))
        if not isinstance(read, UnusableMessage):
            foreign = {event.domain for event in read} - {self._settings.domain}
            if not foreign:
                return read, None
            here = f"it belongs to domain {min(foreign)!r}, and this is {self._settings.domain!r}"
            read = UnusableMessage(DeadLetterReason.UNSUPPORTED, Prose(here))
        kept = self._settings.data.dead_letter_bytes
        return (), DeadLetter(
            topic=records.source.topic,
            partition=records.source.partition,
            offset=records.offsets[place],
            reason=read.reason,
            items=1,
            places=(0,),
            at=records.appended_at[place],
            original=value[:kept],
            cut=len(value) > kept,
            record_key=kept_key(records.keys[place], kept),
            headers=kept_headers(records.headers[place], kept) if records.headers else (),
            detail=read.detail,
            domain=self._settings.domain,
        )


def control_places(settings: Settings, bootstrap: str) -> tuple[TopicPartition, ...]:
    """Every partition of every control topic at the broker.

    Raises:
        TemporaryError: a topic is missing.
    """
    topics = KafkaTopics(bootstrap, security=settings.kafka)
    try:
        found = topics.describe(list(settings.topics.control))
    finally:
        topics.close()
    missing = set(settings.topics.control) - {topic.name for topic in found}
    if missing:
        raise TemporaryError(f"topics are missing: {', '.join(sorted(missing))}", 2.0)
    return tuple(TopicPartition(topic.name, number) for topic in found for number in range(topic.partitions))
