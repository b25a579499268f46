"""Whether topics have one partition for each slot."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from aiops.adapters.kafka.topics import KafkaTopics, TopicState
from aiops.model.errors import PermanentError
from aiops.settings import Settings


class Misfit(StrEnum):
    """How the number of partitions differs from the number of slots."""

    TOO_FEW = "too-few"
    TOO_MANY = "too-many"


def misfit(topic: TopicState, slots: int) -> Misfit | None:
    """How a topic differs; None: it has one partition for each slot."""
    if topic.partitions == slots:
        return None
    return Misfit.TOO_FEW if topic.partitions < slots else Misfit.TOO_MANY


def what(topic: TopicState, slots: int) -> str:
    """The difference of a topic that does not fit, for people."""
    counts = f"topic {topic.name} has {topic.partitions} partitions and kafka.partitions is {slots}"
    if misfit(topic, slots) is Misfit.TOO_FEW:
        return f"{counts}: slots from {topic.partitions} on read nothing from it"
    return f"{counts}: nobody reads those from {slots} on"


def remedy(topic: TopicState, slots: int) -> str:
    """What to do about a topic that does not fit."""
    if misfit(topic, slots) is Misfit.TOO_FEW:
        return f"add partitions to the topic: kafka-topics --alter --topic {topic.name} --partitions {slots}"
    return f"delete the topic and create it with {slots} partitions, or set kafka.partitions"


def check_partitions(settings: Settings, topics: KafkaTopics, report: Callable[[str], None]) -> None:
    """Refuse telemetry topics with too few partitions; report those with too many.

    Raises:
        PermanentError: a topic has too few, so a slot would read nothing from it.
    """
    names, slots = settings.topics, settings.kafka.partitions
    found = topics.describe([*names.telemetry, names.keyed])
    for topic in (one for one in found if misfit(one, slots) is Misfit.TOO_MANY):
        report(f"{what(topic, slots)}; {remedy(topic, slots)}")
    few = [f"{what(one, slots)}; {remedy(one, slots)}" for one in found if misfit(one, slots) is Misfit.TOO_FEW]
    if few:
        raise PermanentError("\n".join(few))
