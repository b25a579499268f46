"""The topics behind a consumer's partitions, as the shard and the orchestration see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aiops.model.records import TopicOrigin, TopicPartition

Origins = Mapping[TopicPartition, TopicOrigin]


class FollowedTopics(Protocol):
    """A consumer that notices when a topic is made anew."""

    @property
    def origins(self) -> Origins:
        """The topic behind each assigned partition; replaced as a whole, so that any thread may read it."""
        ...

    @property
    def error(self) -> str:
        """Which topics do not fit, and what to do; empty: none."""
        ...

    def recall(self, origins: Origins) -> None:
        """Set the topics that positions of a snapshot belong to; call it before ``assign``."""
        ...


class UnfollowedTopics:
    """For consumers whose topics are never made anew, as in simulations."""

    def __init__(self) -> None:
        self.origins: Origins = {}
        self.error = ""

    def recall(self, origins: Origins) -> None:
        """Nothing to remember."""


def shown(origins: Origins) -> dict[str, tuple[str, int]]:
    """``topic/partition`` to the id of its topic and the shift of its offsets, for a status."""
    return {f"{p.topic}/{p.partition}": (o.topic_id, o.shift) for p, o in origins.items()}


def read_shown(shown_origins: Mapping[str, tuple[str, int]]) -> dict[TopicPartition, tuple[str, int]]:
    """What ``shown`` wrote, by partition.

    Raises:
        TypeError: it is of another version; ValueError likewise.
    """
    found = {}
    for name, (topic_id, shift) in shown_origins.items():
        topic, _, number = name.rpartition("/")
        found[TopicPartition(topic, int(number))] = (topic_id, shift)
    return found


def of_slot(origins: Origins, slot: int) -> dict[TopicPartition, TopicOrigin]:
    """The topics behind the partitions of one slot."""
    return {place: origin for place, origin in origins.items() if place.partition == slot}
