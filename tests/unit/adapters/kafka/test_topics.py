"""What a person at a terminal is told of a broker that is not there, and how soon."""

from __future__ import annotations

import pytest

from aiops.adapters.kafka.topics import KafkaTopics
from aiops.model.errors import PermanentError, TemporaryError
from tests.servers import free_port


def test_an_address_where_nobody_listens_is_told_at_once() -> None:
    """With the address and the way out; no ten seconds of trying."""
    address = f"127.0.0.1:{free_port()}"

    with pytest.raises(TemporaryError, match=f"{address}.*AIOPS_KAFKA=host:port"):
        KafkaTopics(address, patient=False)


@pytest.mark.parametrize("address", ["kafka", ":9092", "kafka:http", "kafka:99999", "127.0.0.1:1,kafka", ""])
def test_what_is_no_address_needs_a_person(address: str) -> None:
    """Waiting will not help."""
    with pytest.raises((PermanentError, TemporaryError)) as told:
        KafkaTopics(address, patient=False)

    assert "host:port" in str(told.value)
