"""A recording goes through a real Kafka and a real Ray, and the same is found as in one process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from aiops.apps.kafka_replay import KafkaReplay
from aiops.apps.replay import InProcessReplay
from aiops.bootstrap.runtime import Runtime
from aiops.model.times import nanoseconds
from aiops.recordings.recording import Recording
from aiops.settings import Settings
from tests.unit.recordings.small import MINUTE, START, write

SPEED = 240.0


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_the_same_is_found_through_kafka_as_in_process(broker: str, tmp_path: Path) -> None:
    """The same root, opened within two minutes of the recording; the ledger adds up; no topic is left behind."""
    recording = Recording(write(tmp_path / "small"))
    within = InProcessReplay(recording, Settings(), tmp_path / "within").run()
    through = KafkaReplay(recording, Settings(), tmp_path / "through", make=Runtime, bootstrap=broker).run(SPEED)

    summary = json.loads((tmp_path / "through" / "replay.json").read_text())
    assert summary["ledger_difference"] == 0
    assert summary["records"] == 92
    first, same = within[0], through[0]
    assert same["causes"][0]["entity"] == first["causes"][0]["entity"] == "cart"
    assert same["outcome"] == first["outcome"]
    opened = nanoseconds(same["opened_at"])
    assert opened >= START + 60 * MINUTE
    assert abs(opened - nanoseconds(first["opened_at"])) <= 2 * MINUTE
    admin = KafkaAdminClient(bootstrap_servers=broker)
    left = [name for name in admin.list_topics() if name.startswith("replay-")]
    admin.close()
    assert left == []
