"""The users of k8s/base on a real broker with ACLs: what each role needs works, and nothing else does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.adapters.clock import SystemClock
from aiops.adapters.kafka.confluent import ConfluentConsumer
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.following_consumer import FollowingConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.apps.doctor_findings import Level
from aiops.apps.doctor_kafka import check_kafka
from aiops.bootstrap.shard import make_shard
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.records import OutRecord, TopicPartition
from aiops.settings import Settings
from tests.secured_broker import Right, SecuredBroker

USERS = Path(__file__).resolve().parents[3] / "k8s" / "base" / "users.yaml"
NAMES = Settings().topics


@pytest.fixture(scope="module")
def estate(secured: SecuredBroker) -> Iterator[SecuredBroker]:
    """The broker with the topics, users and ACLs of the manifests."""
    pattern = {"literal": "literal", "prefix": "prefixed"}
    rights = []
    for one in yaml.safe_load_all(USERS.read_text(encoding="utf-8")):
        user = one["metadata"]["name"]
        secured.set_password(user, f"password of {user}")
        secured.secret(user, f"password of {user}")
        for acl in one["spec"]["authorization"]["acls"]:
            place = acl["resource"]
            kind = pattern[place["patternType"]]
            rights += [Right(user, place["type"], place["name"], name, kind) for name in acl["operations"]]
    secured.allow(rights)
    wanted = Settings.model_validate({"kafka": {"partitions": 1}})
    with closing(KafkaTopics(secured.at("clients"))) as topics:
        topics.ensure(wanted)
    yield secured
    with closing(KafkaTopics(secured.at("clients"))) as topics:
        topics.remove([*NAMES.telemetry, NAMES.keyed, *NAMES.control, NAMES.incidents, NAMES.actions, NAMES.audit])


def settings(estate: SecuredBroker, user: str, tmp_path: Path, **kafka: Any) -> Settings:
    """The settings of the manifests for one user."""
    connection = {
        "bootstrap": estate.at("sasl_tls"),
        "partitions": 1,
        "tls": True,
        "ca_file": estate.certificates.authority,
        "sasl": "SCRAM-SHA-512",
        "username": user,
        "password_file": estate.folder / user,
    }
    return Settings.model_validate({"state": tmp_path, "kafka": connection | kafka})


def writes(chosen: Settings, topic: str) -> bool:
    """Whether the user may write to a topic."""
    with closing(KafkaPythonProducer(str(chosen.kafka.bootstrap), security=chosen.kafka)) as producer:
        try:
            producer.send([OutRecord(topic, b"k", b"v")])
            producer.flush()
        except AiopsError:
            return False
    return True


def reads(chosen: Settings, topic: str) -> bool:
    """Whether the user may read a topic, which the administration does not hide from it."""
    group = f"{'readers' if chosen.kafka.username == 'aiops-readers' else 'aiops'}-test"
    with closing(KafkaPythonConsumer(str(chosen.kafka.bootstrap), group, security=chosen.kafka)) as consumer:
        try:
            consumer.assign({TopicPartition(topic, 0): None})
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                if consumer.poll(0.2, 1 << 20):
                    consumer.commit(consumer.positions())
                    return True
        except AiopsError:
            return False
    raise AssertionError(f"{topic} is empty")


def read_for_a_while(consumer: ConfluentConsumer, topic: str) -> None:
    consumer.assign({TopicPartition(topic, 0): None})
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        consumer.poll(0.2, 1 << 20)


def test_the_collector_writes_telemetry_and_the_runtime_scores_it(estate: SecuredBroker, tmp_path: Path) -> None:
    """A whole shard runs as the runtime's user, and the doctor has nothing to complain about."""
    collector, runtime = (settings(estate, name, tmp_path) for name in ("aiops-collector", "aiops-runtime"))
    assert writes(collector, NAMES.otlp_logs)
    shard = make_shard(runtime, str(runtime.kafka.bootstrap), 0)
    shard.start()
    try:
        shard.own({0: 1})
        deadline = time.monotonic() + 30
        while not any(line.topic == NAMES.otlp_logs and line.records for line in shard.status().ledger):
            assert time.monotonic() < deadline, shard.status()
            time.sleep(0.05)
        assert shard.status().error == ""
        assert [found for found in check_kafka(runtime, SystemClock()) if found.level is Level.FAIL] == []
    finally:
        shard.stop()
    with closing(KafkaTopics(str(runtime.kafka.bootstrap), security=runtime.kafka)) as topics:
        topics.ensure(runtime)  # all are there: nothing is to be created, which this user could not


def test_the_orchestrators_consumer_may_follow_every_control_topic(estate: SecuredBroker, tmp_path: Path) -> None:
    """With either client."""
    runtime = settings(estate, "aiops-runtime", tmp_path)
    for make in (KafkaPythonConsumer, ConfluentConsumer):
        inner = make(str(runtime.kafka.bootstrap), "aiops-main-orchestrator", security=runtime.kafka)
        catalogue = KafkaTopics(str(runtime.kafka.bootstrap), security=runtime.kafka)
        with closing(FollowingConsumer(inner, catalogue)) as consumer:
            consumer.assign(dict.fromkeys(TopicPartition(name, 0) for name in NAMES.control))
            consumer.poll(0.1, 1 << 20)
            assert (len(consumer.bounds()), consumer.error) == (len(NAMES.control), "")


@pytest.mark.parametrize(
    ("user", "may", "may_not"),
    [
        (
            "aiops-runtime",
            [NAMES.keyed, NAMES.anomalies, NAMES.alerts, NAMES.incidents, NAMES.actions, NAMES.audit],
            [NAMES.otlp_metrics, NAMES.cmdb],
        ),
        ("aiops-collector", [NAMES.otlp_metrics, NAMES.otlp_spans], [NAMES.metrics_arrow, NAMES.anomalies]),
        ("aiops-bulk", [NAMES.metrics_arrow], [NAMES.otlp_metrics]),
        ("aiops-sources", [NAMES.cmdb, NAMES.changes, NAMES.tickets], [NAMES.anomalies, NAMES.alerts]),
        ("aiops-readers", [], [NAMES.incidents]),
    ],
)
def test_each_role_writes_its_topics_only(
    estate: SecuredBroker, tmp_path: Path, user: str, may: list[str], may_not: list[str]
) -> None:
    """Whoever could write anomalies or configuration items could make the runtime act."""
    chosen = settings(estate, user, tmp_path)

    assert [topic for topic in may if not writes(chosen, topic)] == []
    assert [topic for topic in may_not if writes(chosen, topic)] == []


def test_readers_read_what_the_runtime_says_and_collectors_nothing(estate: SecuredBroker, tmp_path: Path) -> None:
    """And nobody but the runtime reads telemetry."""
    runtime, readers = (settings(estate, name, tmp_path) for name in ("aiops-runtime", "aiops-readers"))
    collector = settings(estate, "aiops-collector", tmp_path)
    for topic in (NAMES.incidents, NAMES.actions, NAMES.audit):
        assert writes(runtime, topic)
        assert reads(readers, topic)
    assert writes(collector, NAMES.otlp_logs)
    assert reads(runtime, NAMES.otlp_logs)
    assert not reads(readers, NAMES.otlp_logs)
    assert not reads(collector, NAMES.otlp_logs)


def test_a_missing_right_is_told_and_not_taken_for_an_outage(estate: SecuredBroker, tmp_path: Path) -> None:
    """With the topic and the page that lists the rights."""
    chosen = settings(estate, "aiops-sources", tmp_path)
    consumer = ConfluentConsumer(str(chosen.kafka.bootstrap), "aiops-test", security=chosen.kafka)
    with closing(consumer), pytest.raises(PermanentError, match=r"rights of docs/deploy\.md"):
        read_for_a_while(consumer, NAMES.changes)
