"""The ledger's report: what the parts of the runtime made durable, against the broker's own offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

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
    """A report, and how much it can be trusted."""

    report: LedgerReport
    at: int
    """When the parts said what it rests on, ns."""
    checked: bool
    """Against offsets asked of the broker just now; False: against those that the shards saw last."""
    why_not: str = ""


def account(settings: Settings, status: Mapping[str, Any]) -> Accounting:
    """The report over a status of the runtime. Asks the broker; where it does not answer, says so."""
    lines = lines_of(status)
    checked, why_not = True, ""
    try:
        bounds = broker_bounds(settings, settings.kafka.bootstrap or str(status.get("kafka", "")))
    except AiopsError as error:
        bounds, checked, why_not = _seen_bounds(settings, status), False, str(error)
    return Accounting(fold(lines, bounds, internal=settings.topics.keyed), int(status["at"]), checked, why_not)


def difference(settings: Settings, status: Mapping[str, Any]) -> int:
    """The difference of a status by what the shards saw of the broker; asks nobody."""
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
    """A status is a file of another process, perhaps of another version."""
    try:
        yield
    except (TypeError, ValueError, AttributeError) as error:
        told = " ".join(str(error).split())[:200]
        raise PermanentError(f"the status file does not fit this version: {told}; `aiops up` writes it anew") from error


def broker_bounds(settings: Settings, bootstrap: str) -> dict[TopicPartition, OffsetBounds]:
    """First and next offset of every partition of every input topic, asked of the broker.

    Raises:
        AiopsError: it does not answer.
    """
    topics = KafkaTopics(bootstrap, patient=False)
    try:
        found = topics.describe(list(inputs(settings)))
    finally:
        topics.close()
    places = [TopicPartition(topic.name, number) for topic in found for number in range(topic.partitions)]
    consumer = KafkaPythonConsumer(bootstrap, f"aiops-{settings.domain}-ledger")
    try:
        consumer.assign(dict.fromkeys(places))
        return _bounds(settings, consumer.bounds().items())
    finally:
        consumer.close()


def inputs(settings: Settings) -> tuple[str, ...]:
    """Topics whose every record must be accounted for."""
    names = settings.topics
    return (*names.telemetry, names.keyed, *names.control)


def _seen_bounds(settings: Settings, status: Mapping[str, Any]) -> dict[TopicPartition, OffsetBounds]:
    """What the shards saw last; they may have read on since, so the end is at least where they are."""
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
    return {
        place: OffsetBounds(first, end, compacted=place.topic == settings.topics.cmdb) for place, (first, end) in pairs
    }


def plain(accounting: Accounting) -> dict[str, Any]:
    """The report as JSON would have it."""
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
