"""The data plane's consumer on confluent-kafka (librdkafka): at most a fifth of the CPU. Extra ``aiops[fast]``."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as ConfluentPartition

from aiops.adapters.kafka.connection import confluent_options
from aiops.adapters.kafka.probe import refuse_if_certain
from aiops.adapters.kafka.retention import Lost, starts
from aiops.adapters.kafka.secrets import fingerprint
from aiops.kafka_security import PLAINTEXT, KafkaSecurity
from aiops.model.errors import AiopsError, PermanentError, TemporaryError
from aiops.model.records import FetchedRecords, TopicPartition

_MILLISECOND = 1_000_000
_BATCH = 2_000
"""Most messages per call of the library."""
_FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
_LOOK_SECONDS = 5.0
"""Interval between two looks at the files of the connection."""


class ConfluentConsumer:
    """``TelemetryConsumer`` over confluent-kafka; arguments as of ``KafkaPythonConsumer``."""

    def __init__(
        self, bootstrap: str, group: str, poll_bytes: int = 8 * 1024 * 1024, *, security: KafkaSecurity = PLAINTEXT
    ) -> None:
        self._bootstrap, self._group, self._poll_bytes, self._security = bootstrap, group, poll_bytes, security
        self._files, self._next_look = fingerprint(security), 0.0
        self._client = self._opened()
        self._positions: dict[TopicPartition, int] = {}
        self._lost: list[Lost] = []

    def _opened(self) -> Any:
        """A client with the files of the connection as they are now."""
        refuse_if_certain(self._bootstrap, self._security)
        poll_bytes = self._poll_bytes
        options = {
            **confluent_options(self._security),
            "bootstrap.servers": self._bootstrap,
            "group.id": self._group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # this class accounts for an offset out of range
            "fetch.max.bytes": max(poll_bytes, 1 << 20),
            "max.partition.fetch.bytes": poll_bytes,
            "message.max.bytes": min(poll_bytes, 1_000_000_000),
            "receive.message.max.bytes": poll_bytes + (1 << 20),
            "queued.max.messages.kbytes": max(poll_bytes * 2 // 1024, 1024),
            "fetch.queue.backoff.ms": 5,  # the default of 1,000 starves small records
            "fetch.wait.max.ms": 100,
            "allow.auto.create.topics": False,
            "enable.partition.eof": False,
            "log_level": 2,
        }
        try:
            return Consumer(options)
        except KafkaException as error:  # an option or a file: no connection is made yet
            why = str(error.args[0].str()).strip()
            raise PermanentError(f"cannot open a Kafka client: {why}; check kafka.* and its files") from error

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        """Read exactly these partitions from these offsets; None: from the beginning."""
        with _translated("assign partitions"):
            begin, lost = starts(positions, self._bounds(list(positions)))
            self._client.assign([ConfluentPartition(p.topic, p.partition, offset) for p, offset in begin.items()])
        self._positions = begin
        self._lost.extend(lost)

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        """Fetched records, at most about ``max_bytes``."""
        if not self._positions:
            return []
        self._reopen_after_rotation()
        groups: dict[tuple[str, int], list[Any]] = defaultdict(list)
        size, count, deadline = 0, 0, time.monotonic() + timeout_seconds
        wanted = 1  # the library waits for the requested number: request the first alone
        while size < max_bytes:
            left = 0.0 if groups else max(0.0, deadline - time.monotonic())
            with _translated("poll"):
                messages: list[Any] = self._client.consume(wanted, timeout=left)
            if not messages:
                break
            if self._failed(messages):
                return []
            count += len(messages)
            for message in messages:
                size += len(message.value() or b"")
                groups[message.topic(), message.partition()].append(message)
            wanted = min(max((max_bytes - size) * count // max(size, 1), 1), _BATCH)  # as large as those before
        return [self._columns(TopicPartition(*place), messages) for place, messages in groups.items()]

    def positions(self) -> dict[TopicPartition, int]:
        """Next offset of each assigned partition."""
        return dict(self._positions)

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """First retained and end offset of each assigned partition."""
        with _translated("read offsets"):
            return self._bounds(list(self._positions))

    def lost(self) -> list[Lost]:
        """Ranges that retention removed before they were read, since the last call."""
        lost, self._lost = self._lost, []
        return lost

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit offsets for display only: snapshots have the positions."""
        with _translated("commit offsets"):
            offsets = [ConfluentPartition(p.topic, p.partition, n) for p, n in positions.items()]
            self._client.commit(offsets=offsets, asynchronous=True)

    def close(self) -> None:
        """Close the connection."""
        with _translated("close the consumer"):
            self._client.close()

    def _bounds(self, places: list[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        return {
            place: self._client.get_watermark_offsets(ConfluentPartition(place.topic, place.partition), timeout=10.0)
            for place in places
        }

    def _reopen_after_rotation(self) -> None:
        """Open a new client when a certificate or a secret was replaced: librdkafka keeps those of its start."""
        now = time.monotonic()
        if not self._security.secured or now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        files = fingerprint(self._security)
        if files == self._files:
            return
        try:
            opened = self._opened()
        except AiopsError:
            return  # half of a pair was replaced, or the broker does not know the new secret yet: look again later
        before, self._client = self._client, opened
        self._files = files
        with _translated("close the consumer"):
            before.close()
        self.assign(self._positions)

    def _failed(self, messages: list[Any]) -> bool:
        """Whether positions were reset; records fetched with the failure are then fetched again."""
        for message in messages:
            error = message.error()
            if error is None:
                continue
            if error.code() in {KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET}:  # noqa: SLF001 - its public name
                self.assign(self._positions)
                return True
            self.assign(self._positions)
            with _translated("poll"):
                raise KafkaException(error)
        return False

    def _columns(self, place: TopicPartition, messages: list[Any]) -> FetchedRecords:
        self._positions[place] = messages[-1].offset() + 1
        headers = [tuple((name, value or b"") for name, value in message.headers() or ()) for message in messages]
        return FetchedRecords(
            source=place,
            offsets=[message.offset() for message in messages],
            values=[message.value() or b"" for message in messages],
            keys=[message.key() for message in messages],
            appended_at=[message.timestamp()[1] * _MILLISECOND for message in messages],
            headers=headers if any(headers) else (),
        )


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        cause = error.args[0]
        if isinstance(cause, KafkaError) and cause.fatal():
            raise PermanentError(f"cannot {what}: {cause}") from error
        if isinstance(cause, KafkaError) and cause.code() in _FORBIDDEN:
            raise PermanentError(f"cannot {what}: {cause}; grant the user the rights of docs/deploy.md") from error
        raise TemporaryError(f"cannot {what} now: {cause}; is the broker up and reachable?", 1.0) from error
