"""Writes records with kafka-python: idempotent, acknowledged by all replicas; ``flush`` raises on failure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kafka import KafkaProducer

from aiops.adapters.kafka.connection import kafka_python_options
from aiops.adapters.kafka.probe import refuse_if_certain
from aiops.adapters.kafka.translation import translated
from aiops.kafka_security import PLAINTEXT, KafkaSecurity
from aiops.model.errors import TemporaryError
from aiops.model.records import OutRecord


class KafkaPythonProducer:
    """``Producer`` over kafka-python.

    After a failed ``flush`` some records may be written and others not. The sender must send them again; a record's key
    identifies a repeat.
    """

    def __init__(
        self, bootstrap: str, max_record_bytes: int = 8 * 1024 * 1024, *, security: KafkaSecurity = PLAINTEXT
    ) -> None:
        refuse_if_certain(bootstrap, security)
        with translated(f"connect to Kafka at {bootstrap}"):
            self._client = KafkaProducer(
                bootstrap_servers=bootstrap.split(","),
                acks="all",
                enable_idempotence=True,
                linger_ms=2,
                batch_size=256 * 1024,
                max_request_size=max_record_bytes + 65_536,
                allow_auto_create_topics=False,
                max_block_ms=15_000,
                delivery_timeout_ms=30_000,
                request_timeout_ms=10_000,
                metrics_enabled=False,
                bootstrap_timeout_ms=10_000,
                **kafka_python_options(security),
            )
        self._waiting: list[Any] = []

    def send(self, records: Iterable[OutRecord]) -> None:
        """Queue records; blocks when the buffer is full."""
        with translated("send"):
            for record in records:
                self._waiting.append(
                    self._client.send(
                        record.topic,
                        key=record.key,
                        value=record.value,
                        headers=list(record.headers),
                        partition=record.partition,
                    )
                )

    def flush(self, timeout_seconds: float = 30.0) -> None:
        """Wait until all sent records are acknowledged; ``TemporaryError`` if some are not."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        with translated("write records"):
            self._client.flush(timeout=timeout_seconds)
            failed = [future for future in waiting if not future.is_done or future.failed()]
        if failed:
            reason = failed[0].exception if failed[0].is_done else "not acknowledged in time"
            raise TemporaryError(f"{len(failed)} of {len(waiting)} records were not written: {reason}", 1.0)

    def close(self) -> None:
        """Flush and close the connection."""
        with translated("close the producer"):
            self._client.close(timeout=10)
