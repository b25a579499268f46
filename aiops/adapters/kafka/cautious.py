"""Reads with the bounded client first: librdkafka inflates a batch before anybody can look at its size.

A shard whose last process died soon after its start reads what is there with kafka-python, which refuses batches that
are too large. At the ends that the partitions had at the assignment it goes over to the fast client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from aiops.adapters.kafka.retention import Lost
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.ports import TelemetryConsumer

_LOG = structlog.get_logger(__name__)


class CautiousConsumer:
    """``TelemetryConsumer`` over two others.

    Args:
        bounded: makes the client that bounds the sizes of batches.
        fast: makes the client that is used afterwards.
    """

    def __init__(self, bounded: Callable[[], TelemetryConsumer], fast: Callable[[], TelemetryConsumer]) -> None:
        self._client, self._fast = bounded(), fast
        self._ends: dict[TopicPartition, int] | None = {}
        """Where the caution ends; None: it has ended."""
        _LOG.warning("reads_cautiously")

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        """Read exactly these partitions from these offsets; None: from the beginning."""
        self._client.assign(positions)
        if self._ends is not None:
            self._ends = {place: end for place, (_, end) in self._client.bounds().items()}

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        """What has arrived."""
        if self._ends is not None and self._ends and self._passed(self._ends):
            self._go_over()
        return self._client.poll(timeout_seconds, max_bytes)

    def positions(self) -> dict[TopicPartition, int]:
        """Next offset of each assigned partition."""
        return self._client.positions()

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """First retained and end offset of each assigned partition."""
        return self._client.bounds()

    def lost(self) -> list[Lost]:
        """Ranges that retention removed before they were read, since the last call."""
        return self._client.lost()

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit offsets for display only."""
        self._client.commit(positions)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _passed(self, ends: Mapping[TopicPartition, int]) -> bool:
        positions = self._client.positions()
        return all(positions.get(place, end) >= end for place, end in ends.items())

    def _go_over(self) -> None:
        """Nothing was polled that was not given out: the positions are where the other client begins."""
        fast = self._fast()
        fast.assign(self._client.positions())
        self._client.close()
        self._client, self._ends = fast, None
        _LOG.info("reads_fast")
