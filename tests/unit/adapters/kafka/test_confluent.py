from __future__ import annotations

import pytest

confluent = pytest.importorskip("aiops.adapters.kafka.confluent", exc_type=ImportError)

from aiops.model.errors import PermanentError  # noqa: E402


def test_a_client_that_cannot_be_opened_is_an_error_of_the_connection() -> None:
    """Librdkafka refuses an option or a file. An exception of its own would end the shard."""
    with pytest.raises(PermanentError, match=r"cannot open a Kafka client: .*fetch\.max\.bytes.*; check kafka\."):
        confluent.ConfluentConsumer("localhost:1", "group", poll_bytes=10**12)
