"""The ledger's report: the durable counts of the runtime's parts, compared with the broker's offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiops.adapters.followed_topics import read_shown
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.control.record.ledger import LedgerReport, OffsetBounds, fold
from aiops.model.codec import adapter
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.ledger import LedgerLine
from aiops.model.records import TopicPartition
from aiops.settings import Settings


@dataclass(frozen=True, slots=True)
class Accounting:
    """A report, and whether it was checked against the broker."""

    report: LedgerReport
    at: int
    """Time of the status that the report is based on, ns UTC."""
    checked: bool
    """True: compared with current offsets of the broker; False: with the offsets that the shards last saw."""
    why_not: str = ""


def account(settings: Settings, status: Mapping[str, Any]) -> Accounting:
    """The report of a status. If the broker does not answer, ``checked`` is False and ``why_not`` has the reason."""
    lines = lines_of(status)
    checked, why_not = True, ""
    try:
        bounds = broker_bounds(settings, settings.kafka.bootstrap or str(status.get("kafka", "")), _origins(status))
    except AiopsError as error:
        bounds, checked, why_not = _seen_bounds(settings, status), False, str(error)
    return Accounting(fold(lines, bounds, internal=settings.topics.keyed), int(status["at"]), checked, why_not)


def difference(settings: Settings, status: Mapping[str, Any]) -> int:
    """The ledger difference of a status, by the offsets that the shards last saw. Does not call the broker."""
    return fold(lines_of(status), _seen_bounds(settings, status), internal=settings.topics.keyed).difference


def lines_of(status: Mapping[str, Any]) -> list[LedgerLine]:
    """Every ledger line that a status holds.

    Raises:
        PermanentError: the status was written by another version.
    """
    read = adapter(LedgerLine).validate_python
    with _fitting():
        parts: list[Mapping[str, Any]] = [*status.get("shards", ()), status.get("orchestration", {})]
        return [read(line) for part in parts for line in part.get("ledger", ())]


@contextmanager
def _fitting() -> Iterator[None]:
    """Translate errors of a status that another version wrote."""
    try:
        yield
    except (TypeError, ValueError, AttributeError) as error:
        cause = " ".join(str(error).split())[:200]
        raise PermanentError(
            f"the status file does not fit this version: {cause}; `aiops up` writes it anew"
        ) from error


def _origins(status: Mapping[str, Any]) -> dict[TopicPartition, tuple[str, int]]:
    """Id of the topic that the runtime reads, and the shift of its offsets, of each partition in a status."""
    found: dict[TopicPartition, tuple[str, int]] = {}
    with _fitting():
        for part in (*status.get("shards", ()), status.get("orchestration", {})):
            found |= read_shown(part.get("origins", {}))
    return found


def broker_bounds(
    settings: Settings, bootstrap: str, origins: Mapping[TopicPartition, tuple[str, int]]
) -> dict[TopicPartition, OffsetBounds]:
    """First and next offset of every partition of every input topic, from the broker, shifted as the runtime's are.

    Partitions of a topic that was made anew and that the runtime does not read yet are left out.

    Raises:
        AiopsError: the broker does not answer.
    """
    topics = KafkaTopics(bootstrap, patient=False, security=settings.kafka)
    try:
        found = topics.describe(list(inputs(settings)))
    finally:
        topics.close()
    ids = {topic.name: topic.topic_id for topic in found}
    places = [TopicPartition(topic.name, number) for topic in found for number in range(topic.partitions)]
    places = [place for place in places if place not in origins or origins[place][0] in {"", ids[place.topic]}]
    consumer = KafkaPythonConsumer(bootstrap, f"aiops-{settings.domain}-ledger", security=settings.kafka)
    try:
        consumer.assign(dict.fromkeys(places))
        shifts = {place: shift for place, (_, shift) in origins.items()}
        pairs = [(p, (a + shifts.get(p, 0), b + shifts.get(p, 0))) for p, (a, b) in consumer.bounds().items()]
        return _bounds(settings, pairs)
    finally:
        consumer.close()


def inputs(settings: Settings) -> tuple[str, ...]:
    """Topics whose every record must be accounted for."""
    names = settings.topics
    return (*names.telemetry, names.keyed, *names.control)


def _seen_bounds(settings: Settings, status: Mapping[str, Any]) -> dict[TopicPartition, OffsetBounds]:
    """The offsets that the shards last saw. The end is at least a shard's own position."""
    read = {TopicPartition(line.topic, line.partition): line.next_offset for line in lines_of(status)}
    seen = []
    with _fitting():
        for shard in status.get("shards", ()):
            for name, (first, end) in shard.get("bounds", {}).items():
                topic, _, number = name.rpartition("/")
                place = TopicPartition(topic, int(number))
                seen.append((place, (first, max(end, read.get(place, 0)))))
    return _bounds(settings, seen)


def _bounds(
    settings: Settings, pairs: Iterable[tuple[TopicPartition, tuple[int, int]]]
) -> dict[TopicPartition, OffsetBounds]:
    names, slots = settings.topics, settings.kafka.partitions
    sliced = {*names.telemetry, names.keyed}
    return {
        place: OffsetBounds(
            first, end, compacted=place.topic == names.cmdb, slots=slots if place.topic in sliced else None
        )
        for place, (first, end) in pairs
    }


def plain(accounting: Accounting) -> dict[str, Any]:
    """The report as JSON values."""
    report = accounting.report
    return {
        "difference": report.difference,
        "items": report.items,
        "in_flight": report.in_flight,
        "endings": {ending.value: count for ending, count in report.endings.items()},
        "internal": report.internal,
        "in_transit": report.in_transit,
        "open": report.open,
        "at": accounting.at,
        "checked_against_broker": accounting.checked,
        "why_not": accounting.why_not,
        "partitions": [
            {
                "topic": part.source.topic,
                "partition": part.source.partition,
                "records": part.records,
                "items": part.items,
                "in_flight": part.in_flight,
                "difference": part.difference,
                "why": list(part.why),
            }
            for part in report.partitions
        ],
    }
