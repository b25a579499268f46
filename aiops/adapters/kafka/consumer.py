"""The data plane's consumer on kafka-python: no group, no rebalance; the shard assigns partitions and offsets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kafka import KafkaConsumer
from kafka import TopicPartition as KafkaPartition
from kafka.errors import OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

from aiops.adapters.kafka import bounded_decompression, reception
from aiops.adapters.kafka.columns import pieces
from aiops.adapters.kafka.connection import kafka_python_options
from aiops.adapters.kafka.poll_budget import PollBudget
from aiops.adapters.kafka.probe import refuse_if_certain
from aiops.adapters.kafka.retention import Lost, starts
from aiops.adapters.kafka.translation import translated
from aiops.kafka_security import PLAINTEXT, KafkaSecurity
from aiops.model.errors import TemporaryError
from aiops.model.records import FetchedRecords, TopicPartition


class KafkaPythonConsumer:
    """``TelemetryConsumer`` over kafka-python. One thread owns it.

    Args:
        bootstrap: ``host:port[,host:port]``.
        group: name under which positions are committed, for display only.
        poll_bytes: approximate bytes fetched ahead; bounds the client's memory.
        unpacked_bytes: most bytes of a batch after decompression, and approximate most bytes of a poll.
        security: TLS and SASL of the connection.

    Raises:
        PermanentError: the broker refuses the connection, or a file of ``security`` is not usable.
    """

    def __init__(
        self,
        bootstrap: str,
        group: str,
        poll_bytes: int = 8 * 1024 * 1024,
        *,
        unpacked_bytes: int = bounded_decompression.DEFAULT_BYTES,
        security: KafkaSecurity = PLAINTEXT,
    ) -> None:
        bounded_decompression.bound(unpacked_bytes)
        reception.widen()
        refuse_if_certain(bootstrap, security)
        with translated(f"connect to Kafka at {bootstrap}"):
            self._client = KafkaConsumer(
                bootstrap_servers=bootstrap.split(","),
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="none",  # this class accounts for an offset out of range
                allow_auto_create_topics=False,
                fetch_max_bytes=poll_bytes,
                max_partition_fetch_bytes=poll_bytes,
                fetch_max_wait_ms=100,
                max_poll_records=5_000,
                receive_buffer_bytes=1 << 20,
                metrics_enabled=False,
                bootstrap_timeout_ms=10_000,
                **kafka_python_options(security),
            )
        self._budget, self._poll_bytes = PollBudget(self._client), unpacked_bytes
        self._positions: dict[TopicPartition, int] = {}
        self._lost: list[Lost] = []

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        """Read exactly these partitions from these offsets; None: from the beginning."""
        places = {place: KafkaPartition(place.topic, place.partition) for place in positions}
        with translated("assign partitions"):
            self._client.assign(list(places.values()))
            begin, lost = starts(positions, self._bounds(list(positions)))
            for place, offset in begin.items():
                self._client.seek(places[place], offset)
        self._positions = begin
        self._lost.extend(lost)

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        """Fetched records. The client's fetch size limits them; ``max_bytes`` is not used."""
        del max_bytes
        if not self._positions:
            return []
        self._budget.renew(self._poll_bytes)
        with translated("poll"):
            try:
                polled: dict[Any, list[Any]] = self._client.poll(timeout_ms=int(timeout_seconds * 1000))
            except OffsetOutOfRangeError:
                self.assign(self._positions)
                return []
        fetched: list[FetchedRecords] = []
        for partition, records in polled.items():
            place = TopicPartition(partition.topic, partition.partition)
            if place not in self._positions or not records:
                continue
            self._positions[place] = records[-1].offset + 1
            fetched += pieces(place, records)
        return fetched

    def positions(self) -> dict[TopicPartition, int]:
        """Next offset of each assigned partition."""
        return dict(self._positions)

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """First retained and end offset of each assigned partition."""
        with translated("read offsets"):
            return self._bounds(list(self._positions))

    def lost(self) -> list[Lost]:
        """Ranges that retention removed before they were read, since the last call."""
        lost, self._lost = self._lost, []
        return lost

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit offsets for display only: snapshots have the positions."""
        offsets = {KafkaPartition(p.topic, p.partition): OffsetAndMetadata(n, "", -1) for p, n in positions.items()}
        with translated("commit offsets"):
            self._client.commit_async(offsets)

    def close(self) -> None:
        """Close the connection."""
        with translated("close the consumer"):
            self._client.close(autocommit=False)

    def _bounds(self, places: list[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        partitions = [KafkaPartition(place.topic, place.partition) for place in places]
        try:
            first = self._client.beginning_offsets(partitions)
            end = self._client.end_offsets(partitions)
        except KeyError as error:  # the client raises this for a missing partition
            raise TemporaryError(f"Kafka has no partition {error.args[0]} yet", 1.0) from error
        return {place: (first[p], end[p]) for place, p in zip(places, partitions, strict=True)}
