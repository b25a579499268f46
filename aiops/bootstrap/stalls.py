"""Factory of the stall keeper, which runs in the process of ``aiops up``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiops.adapters.clock import SystemClock
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.stall_episodes import StallEpisodes
from aiops.adapters.stall_keeper import ShardCluster, StallKeeper
from aiops.model import cloudevents
from aiops.model.episodes import Episode
from aiops.model.errors import TemporaryError
from aiops.model.records import OutRecord, TopicPartition
from aiops.settings import Settings


def make_stall_keeper(settings: Settings, bootstrap: str, shards: ShardCluster) -> StallKeeper:
    """The keeper of one domain; it connects to Kafka at its first check."""
    return StallKeeper(
        shards,
        _Bounds(settings, bootstrap),
        _Reports(settings, bootstrap),
        folder=settings.state,
        clock=SystemClock(),
        episodes=StallEpisodes(settings.domain),
    )


class _Bounds:
    """First and end offset of every partition that the shards read and that exists; used by one thread.

    A topic that is missing does not keep the keeper from looking at the others, as it does not keep a shard from them.
    """

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        topics = settings.topics
        self._places = [
            TopicPartition(topic, slot)
            for topic in (*topics.telemetry, topics.keyed)
            for slot in range(settings.kafka.partitions)
        ]
        self._group, self._bootstrap = f"aiops-{settings.domain}-stalls", bootstrap
        self._security = settings.kafka
        self._consumer: KafkaPythonConsumer | None = None
        self._catalogue: KafkaTopics | None = None
        self._assigned: list[TopicPartition] = []

    def __call__(self) -> Mapping[TopicPartition, tuple[int, int]]:
        if self._consumer is None:
            self._consumer = KafkaPythonConsumer(self._bootstrap, self._group, security=self._security)
        try:
            if len(self._assigned) < len(self._places):
                found = self._existing()
                self._consumer.assign(dict.fromkeys(found))
                self._assigned = found
            return self._consumer.bounds()
        except TemporaryError:
            self._assigned = []  # perhaps a topic is gone: the next check asks which are there
            raise

    def _existing(self) -> list[TopicPartition]:
        if self._catalogue is None:
            self._catalogue = KafkaTopics(self._bootstrap, security=self._security)
        found = self._catalogue.describe(sorted({place.topic for place in self._places}))
        partitions = {topic.name: topic.partitions for topic in found}
        return [place for place in self._places if place.partition < partitions.get(place.topic, 0)]


class _Reports:
    """Writes episodes to the topic of anomalies; used by one thread."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        self._settings, self._bootstrap = settings, bootstrap
        self._producer: KafkaPythonProducer | None = None

    def __call__(self, episodes: Sequence[Episode]) -> None:
        if self._producer is None:
            self._producer = KafkaPythonProducer(
                self._bootstrap, self._settings.kafka.max_record_bytes, security=self._settings.kafka
            )
        topic = self._settings.topics.anomalies
        self._producer.send(
            OutRecord(topic, found.entity.encode(), cloudevents.encode(cloudevents.of_episode(found)))
            for found in episodes
        )
        self._producer.flush()
