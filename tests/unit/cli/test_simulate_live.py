from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aiops.cli import simulate_live
from aiops.cli.live_target import LiveTarget
from aiops.cli.simulate_live import publish
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import TemporaryError
from aiops.settings import Settings
from aiops.topic_names import Topics
from simulations.live.live_world import LiveSettings
from simulations.scenarios.scenario import FOLDER, Scenario
from simulations.scorecards.suite import ScenarioEntry

SCENARIO = Scenario.model_validate(
    {
        "name": "story",
        "title": "A story",
        "faults": [{"name": "crash", "settings": {"target": "pricing"}, "after": 30}],
        "expected": {"endings": ["escalated"]},
    }
)
LIVE = LiveSettings(history_seconds=60)
SETTINGS = Settings.model_validate(
    {"kafka": {"bootstrap": "broker:9092", "tls": True}, "topics": {"otlp_logs": "staging_logs"}}
)
TARGET = LiveTarget("broker:9092", SETTINGS)


class Said:
    """What the parts were told, in order."""

    told: list[str]
    failure = ""
    error: TemporaryError | None = None


class FakeTopics:
    def __init__(self, bootstrap: str, *, patient: bool, security: KafkaSecurity) -> None:
        assert security is SETTINGS.kafka
        Said.told.append(f"topics of {bootstrap}")

    def ensure(self, settings: object) -> None:
        assert settings is SETTINGS
        Said.told.append("ensure")

    def close(self) -> None: ...


class FakeProducer:
    def __init__(self, bootstrap: str, *, security: KafkaSecurity) -> None:
        assert security is SETTINGS.kafka

    def close(self) -> None:
        Said.told.append("producer closed")


class FakeWorld:
    url = "http://127.0.0.1:7000"

    def __init__(self, estate: Any, producer: Any, clock: Any, *, settings: LiveSettings, topics: Topics) -> None:
        assert settings is LIVE
        assert topics is SETTINGS.topics
        self.error = Said.failure

    def start(self, progress: Callable[[float], None]) -> None:
        if Said.error:
            raise Said.error
        progress(1.0)
        Said.told.append("world started")

    def inject(self, fault: Any, *, delay_seconds: float) -> None:
        Said.told.append(f"{fault.name} after {delay_seconds:g} s")
        os.kill(os.getpid(), signal.SIGTERM)

    def stop(self) -> None:
        Said.told.append("world stopped")


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kafka and the world as fakes; handlers of signals are put back."""
    Said.told, Said.failure, Said.error = [], "", None
    for name, fake in (("KafkaTopics", FakeTopics), ("KafkaPythonProducer", FakeProducer), ("LiveWorld", FakeWorld)):
        monkeypatch.setattr(simulate_live, name, fake)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_world_runs_until_it_is_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """Topics first, then the past, then the scenario's faults; at SIGTERM world and producer end."""
    shown: list[tuple[str, float]] = []
    publish(ScenarioEntry(SCENARIO, FOLDER), TARGET, LIVE, progress=lambda what, share: shown.append((what, share)))
    assert Said.told == [
        "topics of broker:9092",
        "ensure",
        "world started",
        "crash after 30 s",
        "world stopped",
        "producer closed",
    ]
    assert shown == [("60 s of history", 1.0)]
    assert "actions at http://127.0.0.1:7000" in " ".join(capsys.readouterr().err.split())


def test_a_world_that_cannot_start_is_ended() -> None:
    """The error passes, and nothing is left open."""
    Said.error = TemporaryError("broker gone")
    with pytest.raises(TemporaryError, match="broker gone"):
        publish(ScenarioEntry(SCENARIO, FOLDER), TARGET, LIVE, progress=lambda *_: None)
    assert Said.told[-2:] == ["world stopped", "producer closed"]
