from __future__ import annotations

import sys
from typing import Any

import pytest

from aiops.adapters.kafka import opening
from aiops.adapters.kafka.cautious import CautiousConsumer
from aiops.adapters.kafka.opening import open_consumer
from aiops.model.errors import PermanentError
from aiops.settings import Settings


class Fake:
    """A client that keeps what it was made with."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.arguments, self.options = arguments, options


def settings(client: str) -> Settings:
    """Settings that name this client; ``model_copy`` as a plain string gets past the choice."""
    made = Settings.model_validate({"kafka": {"poll_bytes": 4096}})
    return made.model_copy(update={"kafka": made.kafka.model_copy(update={"client": client})})


def test_kafka_python_is_opened_with_address_group_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes of the settings reach the client."""
    monkeypatch.setattr(opening, "KafkaPythonConsumer", Fake)
    found = open_consumer(settings("kafka-python"), "broker:9092", "aiops-main")
    assert isinstance(found, Fake)
    assert found.arguments == ("broker:9092", "aiops-main", 4096)
    assert found.options["unpacked_bytes"] == 64 * 1024 * 1024


def test_confluent_is_opened_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faster client is an extra with the same port."""
    module = type(sys)("aiops.adapters.kafka.confluent")
    monkeypatch.setattr(module, "ConfluentConsumer", Fake, raising=False)
    monkeypatch.setitem(sys.modules, "aiops.adapters.kafka.confluent", module)
    found = open_consumer(settings("confluent"), "broker:9092", "g")
    assert isinstance(found, Fake)
    assert found.arguments == ("broker:9092", "g", 4096)


def test_after_a_death_confluent_is_opened_behind_the_bounded_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which reads what is there; kafka-python alone is bounded already."""
    monkeypatch.setattr(opening, "KafkaPythonConsumer", Fake)
    found = open_consumer(settings("confluent"), "broker:9092", "g", cautious=True)
    assert isinstance(found, CautiousConsumer)
    assert isinstance(open_consumer(settings("kafka-python"), "broker:9092", "g", cautious=True), Fake)


def test_confluent_that_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the command, and no import error."""
    monkeypatch.setitem(sys.modules, "aiops.adapters.kafka.confluent", None)
    with pytest.raises(PermanentError, match=r"pip install 'aiops\[fast\]'"):
        open_consumer(settings("confluent"), "broker:9092", "g")


def test_an_unknown_client_is_named() -> None:
    """Both that exist are told."""
    with pytest.raises(PermanentError, match="'librdkafka' is neither kafka-python nor confluent"):
        open_consumer(settings("librdkafka"), "broker:9092", "g")
