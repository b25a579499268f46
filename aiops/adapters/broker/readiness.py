"""Whether a Kafka answers: one real call of its protocol."""

from __future__ import annotations

import socket

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

_CALL_MS = 3_000


def answers(bootstrap: str) -> bool:
    """Whether the Kafka at host:port serves metadata that lists at least one broker, within about 3 s."""
    host, _, port = bootstrap.rpartition(":")
    try:
        # A refused connection is the usual answer while it starts, and much cheaper to get without a client.
        socket.create_connection((host, int(port)), timeout=1).close()
        client = KafkaAdminClient(
            bootstrap_servers=bootstrap, request_timeout_ms=_CALL_MS, bootstrap_timeout_ms=_CALL_MS
        )
    except (OSError, KafkaError):
        return False
    try:
        return bool(client.describe_cluster()["brokers"])
    except (OSError, KafkaError):
        return False
    finally:
        client.close()
