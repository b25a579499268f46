"""Creates missing topics and describes existing ones."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import TopicAlreadyExistsError

from aiops.adapters.kafka.connection import kafka_python_options
from aiops.adapters.kafka.probe import probe, refuse_if_certain
from aiops.adapters.kafka.translation import translated
from aiops.kafka_security import PLAINTEXT, KafkaSecurity
from aiops.settings import Settings

_STAMPS = "message.timestamp.type"
BY_RECEIPT = {_STAMPS: "LogAppendTime"}
"""Configuration of a topic whose records carry the broker's time of receipt instead of the producer's time."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the broker knows it."""

    name: str
    partitions: int
    topic_id: str = ""
    """Changes when the topic is deleted and created again; empty: the broker has no ids."""


class KafkaTopics:
    """The broker's topics.

    Args:
        bootstrap: ``host:port[,host:port]``.
        patient: wait some seconds for a starting broker; False: fail at once, for commands.
        security: TLS and SASL of the connection.

    Raises:
        PermanentError: the broker refuses the connection, or a file of ``security`` is not usable.
    """

    def __init__(self, bootstrap: str, *, patient: bool = True, security: KafkaSecurity = PLAINTEXT) -> None:
        (refuse_if_certain if patient else probe)(bootstrap, security)
        with translated(f"connect to Kafka at {bootstrap}"):
            self._client = KafkaAdminClient(
                bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=10_000, **kafka_python_options(security)
            )

    def ensure(self, settings: Settings) -> None:
        """Create missing topics: telemetry and keyed topics with one partition per slot, control topics with one.

        Existing topics are not changed; ``doctor`` reports those that do not fit.
        """
        names, slots = settings.topics, settings.kafka.partitions
        wanted: dict[str, tuple[int, dict[str, str]]] = {
            name: (slots, {"max.message.bytes": str(settings.kafka.max_record_bytes), **BY_RECEIPT})
            for name in (*names.telemetry, names.keyed)
        }
        compacted = {"cleanup.policy": "compact"}
        for name in (*names.control, names.incidents, names.actions):
            wanted[name] = (1, compacted if name == names.cmdb else {})
        wanted[names.audit] = (1, {"retention.ms": "-1"})
        wanted[names.dead_letters] = (1, {"max.message.bytes": str(settings.kafka.max_record_bytes)})
        self.create(wanted, settings.kafka.replication)

    def create(self, wanted: dict[str, tuple[int, dict[str, str]]], replication: int = 1) -> None:
        """Create topics (name to partitions and configuration) that are not there yet."""
        have = set(self.names())
        missing = {
            name: {"num_partitions": count, "replication_factor": replication, "configs": configs}
            for name, (count, configs) in wanted.items()
            if name not in have
        }
        if not missing:
            return
        with translated("create topics"):
            try:
                self._client.create_topics(missing, timeout_ms=15_000, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                return  # another process created them

    def remove(self, names: list[str]) -> None:
        """Delete topics with their records."""
        if names:
            with translated("delete topics"):
                self._client.delete_topics(names, timeout_ms=15_000)

    def names(self) -> list[str]:
        """All topics."""
        with translated("list topics"):
            return list(self._client.list_topics())

    def describe(self, names: list[str]) -> list[TopicState]:
        """The named topics that exist and that this user may see."""
        with translated("describe topics"):
            found = self._client.describe_topics(names)
        return [
            TopicState(t["name"], len(t["partitions"]), _id(t.get("topic_id")))
            for t in found
            if not t.get("error_code")
        ]

    def stamped_by_producers(self, names: list[str]) -> list[str]:
        """Those of the named topics whose records carry their producer's time."""
        asked = [ConfigResource("TOPIC", name) for name in names]
        if not asked:
            return []
        with translated("describe the configuration of topics"):
            found = self._client.describe_configs(asked)  # what is not at Kafka's default
        return sorted(
            name
            for name, values in found.get("topic", {}).items()
            if values.get(_STAMPS, {}).get("value") != BY_RECEIPT[_STAMPS]
        )

    def close(self) -> None:
        """Close the connection."""
        with translated("close the connection"):
            self._client.close()


def _id(found: object) -> str:
    """Brokers before 2.8 send no id, or zero."""
    return "" if found is None or str(found) == str(uuid.UUID(int=0)) else str(found)
