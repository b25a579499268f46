"""A consumer that notices when a topic was made anew, cut or deleted.

Kafka's offsets belong to a topic's id. The rest of the runtime knows a topic by its name and requires that its offsets
only grow. This consumer adds a shift to the offsets of each new topic of the same name: the offsets of the old topic
that were not read, and one more for what nobody could count, are lost; the new topic is read from its beginning.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

import structlog

from aiops.adapters.followed_topics import Origins
from aiops.adapters.kafka.partitions import misfit, remedy, what
from aiops.adapters.kafka.retention import Lost
from aiops.adapters.kafka.topics import TopicState
from aiops.model.errors import AiopsError, TemporaryError
from aiops.model.records import FetchedRecords, TopicOrigin, TopicPartition
from aiops.ports import TelemetryConsumer

_LOG = structlog.get_logger(__name__)
_LOOK_SECONDS: Final = 5.0
"""Interval between two looks at the ids and partitions of the topics."""
_LAG_SECONDS: Final = 60.0
"""For this long after a topic was made anew, its former id is taken for the answer of a broker whose metadata lags."""

Positions = Mapping[TopicPartition, int | None]


class TopicCatalogue(Protocol):
    """Describes topics; ``KafkaTopics`` does."""

    def describe(self, names: list[str]) -> list[TopicState]:
        """The named topics that exist."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class FollowingConsumer:
    """``TelemetryConsumer`` whose offsets are shifted, see the module. One thread owns it.

    Args:
        consumer: reads the broker's offsets.
        catalogue: knows the topics.
        slots: number of partitions that somebody reads; None: all of them.
        keep: called with all origins before a record of a new topic is returned.
        now: monotonic seconds.
    """

    def __init__(
        self,
        consumer: TelemetryConsumer,
        catalogue: TopicCatalogue,
        *,
        slots: int | None = None,
        keep: Callable[[Origins], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer, self._catalogue, self._slots, self._keep, self._now = consumer, catalogue, slots, keep, now
        self.origins: Origins = {}
        """See ``FollowedTopics``."""
        self.error = ""
        self._origins: dict[TopicPartition, TopicOrigin] = {}
        self._wanted: dict[TopicPartition, int | None] = {}
        """Shifted position of each assigned partition that the broker does not have now."""
        self._read: dict[TopicPartition, int] = {}
        """Shifted position of each assigned partition that is read."""
        self._lost: list[Lost] = []
        self._topics: dict[str, TopicState] = {}
        self._former: dict[str, tuple[str, float]] = {}
        """Topic to the id before its present one, and until when a description with that id is not believed."""
        self._next_look = 0.0

    # ------------------------------------------------------------------------------------------------------ origins

    def recall(self, origins: Origins) -> None:
        """See ``FollowedTopics``."""
        self._origins |= origins

    # ------------------------------------------------------------------------------------------ TelemetryConsumer

    def assign(self, positions: Positions) -> None:
        """Read exactly these partitions from these offsets; None: from the beginning. Missing ones wait."""
        before, lost = dict(self._origins), list(self._lost)
        try:
            self._assign(dict(positions), before)
        except AiopsError:
            self._origins, self._lost = before, lost  # the next attempt finds the same changes, and counts them once
            raise

    def _assign(self, wanted: Positions, before: Origins) -> None:
        self._look(wanted)
        there = {place: at for place, at in wanted.items() if self._exists(place)}
        real = {place: self._real(place, at) for place, at in there.items()}
        self._consumer.assign(real)
        bounds = self._consumer.bounds()
        cut = {place: bounds[place] for place, at in real.items() if at is not None and at > bounds[place][1]}
        if cut:
            # Of a topic whose id was never seen nothing is known to be read: begin with its first record.
            again = {place: end if place in before else first for place, (first, end) in cut.items()}
            for place, at in again.items():
                self._cut(place, there[place] or 0, at)
            self._consumer.assign(real | again)
        self._origins = {place: self._origins[place] for place in wanted if place in self._origins}
        if self._origins != before:
            self._keep(self._origins)
        self._wanted = {place: at for place, at in wanted.items() if place not in there}
        self._read = {place: self._shifted(place, at) for place, at in self._consumer.positions().items()}
        self.origins = dict(self._origins)

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        """Fetched records with shifted offsets; empty after a topic changed."""
        if self._now() >= self._next_look and self._changed():
            self.assign({**self._wanted, **self._read})
            return []
        fetched = self._consumer.poll(timeout_seconds, max_bytes)
        if any(one.offsets and self._shifted(one.source, one.offsets[0]) < self._read[one.source] for one in fetched):
            self.assign({**self._wanted, **self._read})  # lower offsets: another topic, or a cut one
            return []
        shifted = [self._of(one) for one in fetched]
        self._read |= {place: self._shifted(place, at) for place, at in self._consumer.positions().items()}
        return shifted

    def positions(self) -> dict[TopicPartition, int]:
        """Next shifted offset of each assigned partition; 0 for one that does not exist yet."""
        return {place: at or 0 for place, at in self._wanted.items()} | self._read

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """First retained and end offset of each partition that is read, shifted."""
        try:
            found = self._consumer.bounds()
        except TemporaryError:
            self._next_look = 0.0  # perhaps a topic is gone
            raise
        bounds = {p: (self._shifted(p, first), self._shifted(p, end)) for p, (first, end) in found.items()}
        for place, (_, end) in bounds.items():
            self._origins[place] = replace(self._origins[place], end=end)
        self.origins = dict(self._origins)
        return bounds

    def lost(self) -> list[Lost]:
        """Shifted ranges that nobody can read any more, since the last call."""
        lost, self._lost = self._lost, []
        return lost + [(p, self._shifted(p, begin), self._shifted(p, end)) for p, begin, end in self._consumer.lost()]

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit the broker's own offsets, for display only."""
        real = {place: at - self._origins[place].shift for place, at in positions.items() if place in self._read}
        self._consumer.commit({place: at for place, at in real.items() if at >= 0})

    def close(self) -> None:
        """Close both connections."""
        self._consumer.close()
        self._catalogue.close()

    # ---------------------------------------------------------------------------------------------------- inside

    def _look(self, wanted: Positions) -> None:
        names = sorted({place.topic for place in wanted})
        described = self._catalogue.describe(names) if names else []
        self._topics = {topic.name: self._believed(topic) for topic in described}
        self._next_look = self._now() + _LOOK_SECONDS
        misfits = "; ".join(_sentences(set(names), self._topics, self._slots))
        if misfits and misfits != self.error:
            _LOG.error("topics_do_not_fit", reason=misfits)
        self.error = misfits

    def _believed(self, topic: TopicState) -> TopicState:
        """A description, or the last one if this is older."""
        former, until = self._former.get(topic.name, ("", 0.0))
        lags = topic.topic_id == former and self._now() < until
        return self._topics.get(topic.name, topic) if lags else topic

    def _changed(self) -> bool:
        """Whether a topic has another id, is missing or came back."""
        before = self._topics
        try:
            self._look({**self._wanted, **self._read})
        except TemporaryError:
            self._next_look = self._now() + _LOOK_SECONDS
            return False  # the consumer itself tells when the broker is away
        if any(self._exists(place) for place in self._wanted) or not all(self._exists(place) for place in self._read):
            return True
        ids = {name: topic.topic_id for name, topic in self._topics.items()}
        return ids != {name: topic.topic_id for name, topic in before.items()}

    def _exists(self, place: TopicPartition) -> bool:
        return place.topic in self._topics and place.partition < self._topics[place.topic].partitions

    def _real(self, place: TopicPartition, at: int | None) -> int | None:
        """The broker's offset of a shifted one; None: the beginning. A topic that was made anew gets its origin."""
        now, known = self._topics[place.topic].topic_id, self._origins.get(place)
        if known is None:
            self._origins[place] = TopicOrigin(now)
            return at
        if known.topic_id != now and known.topic_id and now:
            begin = at or 0
            shift = max(begin, known.end) + 1
            self._origins[place] = TopicOrigin(now, shift, shift)
            self._former[place.topic] = (known.topic_id, self._now() + _LAG_SECONDS)
            self._lost.append((place, begin, shift))
            _LOG.error("topic_made_anew", topic=place.topic, partition=place.partition, lost=shift - begin)
            return None
        if at is not None and at < known.shift:  # stopped between the new origin and the first record under it
            self._lost.append((place, at, known.shift))
            return None
        return None if at is None else at - known.shift

    def _cut(self, place: TopicPartition, begin: int, real: int) -> None:
        """The log ends before the position: the next record, ``real`` at the broker, gets an offset that is new."""
        self._origins[place] = replace(self._origins[place], shift=begin + 1 - real, end=begin + 1)
        self._lost.append((place, begin, begin + 1))
        _LOG.error("topic_cut", topic=place.topic, partition=place.partition, position=begin)

    def _shifted(self, place: TopicPartition, offset: int) -> int:
        return offset + self._origins[place].shift

    def _of(self, fetched: FetchedRecords) -> FetchedRecords:
        shift = self._origins[fetched.source].shift
        return replace(fetched, offsets=[offset + shift for offset in fetched.offsets]) if shift else fetched


def _sentences(names: set[str], topics: Mapping[str, TopicState], slots: int | None) -> list[str]:
    """One sentence for each topic that does not fit."""
    told = [f"topic {name} does not exist, or this user may not see it; create it" for name in names - topics.keys()]
    if slots is not None:
        found = [topics[name] for name in names & topics.keys() if misfit(topics[name], slots) is not None]
        told += [f"{what(topic, slots)}; {remedy(topic, slots)}" for topic in found]
    return sorted(told)
