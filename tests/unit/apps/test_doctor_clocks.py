from __future__ import annotations

from aiops.adapters.kafka.topics import BY_RECEIPT, KafkaTopics
from aiops.apps.doctor import skew_findings
from aiops.apps.doctor_findings import Level
from aiops.apps.doctor_kafka import stamps_finding
from aiops.settings import Settings


def test_a_topic_with_the_producers_time_comes_with_the_command_that_changes_it() -> None:
    """The command can be pasted."""
    found = stamps_finding("otlp_metrics", "kafka:9092")
    assert found.level is Level.WARN
    assert "otlp_metrics" in found.what
    assert found.do.endswith("--entity-name otlp_metrics --add-config message.timestamp.type=LogAppendTime")


def test_input_topics_are_made_with_the_brokers_time() -> None:
    """Telemetry and what slots send each other; control topics keep their producers' times."""
    made: dict[str, tuple[int, dict[str, str]]] = {}
    topics = KafkaTopics.__new__(KafkaTopics)
    topics.create = lambda wanted, replication=1: made.update(wanted)  # type: ignore[method-assign]
    settings = Settings()
    topics.ensure(settings)
    names = settings.topics
    stamped = {name for name, (_, configs) in made.items() if BY_RECEIPT.items() <= configs.items()}
    assert stamped == {*names.telemetry, names.keyed}


def test_senders_with_wrong_clocks_are_named_worst_first() -> None:
    """From the status of a running system."""
    found = list(skew_findings({"shards": [{"skews": {"a": -61.0}}, {"skews": {"b": 400.0}}, {}]}))
    assert [one.what for one in found] == [
        "the clock of b is 400 s behind: it is corrected",
        "the clock of a is 61 s ahead: it is corrected",
    ]
