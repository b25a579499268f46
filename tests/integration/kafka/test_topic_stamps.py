"""Topics of a real broker: who stamps their records, and the command for those where producers do."""

from __future__ import annotations

from aiops.adapters.kafka.topics import BY_RECEIPT, KafkaTopics
from tests.integration.conftest import MakeTopic


def test_topics_whose_records_carry_the_producers_time_are_named(broker: str, topics: MakeTopic) -> None:
    """CreateTime is Kafka's default; those that the runtime makes are stamped by the broker."""
    default, ours = topics("default"), topics("ours", 1, BY_RECEIPT)
    found = KafkaTopics(broker, patient=False)
    try:
        assert found.stamped_by_producers([default, ours]) == [default]
        assert found.stamped_by_producers([]) == []
    finally:
        found.close()
