"""``aiops doctor`` against a badly set-up broker: one line for each mistake, with the remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from aiops.adapters.clock import SystemClock
from aiops.adapters.kafka.refusals import Obstacle
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.apps.doctor_kafka import check_kafka
from aiops.settings import Settings
from tests.integration.kafka.test_security import WRONG
from tests.secured_broker import PASSWORD, SecuredBroker

MakeTopic = Callable[..., str]
REMEDIES = {
    Obstacle.NO_TLS_HERE: "set kafka.tls: false",
    Obstacle.TLS_NEEDED: "set kafka.tls: true",
    Obstacle.UNKNOWN_AUTHORITY: "set kafka.ca_file",
    Obstacle.OTHER_NAME: "advertised.listeners",
    Obstacle.EXPIRED: "renew it at the broker",
    Obstacle.CLIENT_CERTIFICATE_NEEDED: "set kafka.certificate_file and kafka.key_file",
    Obstacle.CLIENT_CERTIFICATE_REFUSED: "the broker's trust store",
    Obstacle.NO_SASL_HERE: "remove kafka.sasl",
    Obstacle.SASL_NEEDED: "set kafka.sasl",
    Obstacle.OTHER_MECHANISM: "set kafka.sasl to a mechanism that it offers",
    Obstacle.CREDENTIALS_REFUSED: "correct kafka.username or the password in",
}


def examined(tmp_path: Path, bootstrap: str, values: dict[str, Any], **more: Any) -> list[DoctorFinding]:
    kafka = {"bootstrap": bootstrap, **values}
    settings = Settings.model_validate({"state": tmp_path, "kafka": kafka, **more})
    return list(check_kafka(settings, SystemClock()))


@pytest.mark.parametrize("refusal", WRONG, ids=lambda refusal: refusal.value)
def test_each_wrong_setup_is_one_line_with_its_remedy(
    secured: SecuredBroker, tmp_path: Path, refusal: Obstacle
) -> None:
    """And nothing after it, because nothing more can be looked at."""
    place, wrong = WRONG[refusal]

    (finding,) = examined(tmp_path, secured.at(place), wrong(secured, tmp_path / "other"))

    assert (finding.level, finding.about) == (Level.FAIL, "kafka")
    assert secured.at(place) in finding.what
    assert "\n" not in finding.what
    assert REMEDIES[refusal] in finding.do
    assert PASSWORD not in finding.what + finding.do


def test_topics_with_other_partitions_are_named_with_the_command(
    broker: str, topics: MakeTopic, tmp_path: Path
) -> None:
    """Too few, too many, and missing ones."""
    few, many = topics("few"), topics("many", partitions=3)
    names = {"otlp_metrics": few, "otlp_logs": many, "otlp_spans": "never-made", "metrics_arrow": "never-made-2"}

    found = examined(tmp_path, broker, {"partitions": 2}, topics=names)

    wrong = {finding.what: finding.do for finding in found if finding.level is Level.FAIL}
    assert wrong == {
        f"topic {few} has 1 partitions and kafka.partitions is 2: slots from 1 on read nothing from it": (
            f"add partitions to the topic: kafka-topics --alter --topic {few} --partitions 2"
        ),
        f"topic {many} has 3 partitions and kafka.partitions is 2: nobody reads those from 2 on": (
            "delete the topic and create it with 2 partitions, or set kafka.partitions"
        ),
    }
    assert any("topics are missing: " in finding.what and "never-made" in finding.what for finding in found)


def test_the_command_of_the_remedy_helps(broker: str, topics: MakeTopic, tmp_path: Path) -> None:
    """After the partitions were added the topic fits."""
    topic = topics()
    admin = KafkaAdminClient(bootstrap_servers=broker)
    admin.create_partitions({topic: 2})
    admin.close()
    catalogue = KafkaTopics(broker)
    assert [found.partitions for found in catalogue.describe([topic])] == [2]
    catalogue.close()

    found = examined(tmp_path, broker, {"partitions": 2}, topics={"otlp_metrics": topic})

    assert [finding for finding in found if topic in finding.what and finding.level is Level.FAIL] == []
