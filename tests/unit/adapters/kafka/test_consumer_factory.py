from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.kafka import consumer_factory
from aiops.adapters.kafka.cautious import CautiousConsumer
from aiops.adapters.kafka.consumer_factory import open_consumer
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError
from aiops.settings import Settings


class Fake:
    """A client that keeps what it was made with."""

    def __init__(self, *arguments: Any, security: KafkaSecurity, **options: Any) -> None:
        self.arguments, self.security, self.options = arguments, security, options


def settings(client: str) -> Settings:
    """Settings that name this client; ``model_copy`` as a plain string gets past the choice."""
    made = Settings.model_validate({"kafka": {"poll_bytes": 4096, "bootstrap": "broker:9092", "tls": True}})
    return made.model_copy(update={"kafka": made.kafka.model_copy(update={"client": client})})


def test_kafka_python_is_opened_with_address_group_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes of the settings reach the client."""
    monkeypatch.setattr(consumer_factory, "KafkaPythonConsumer", Fake)
    found = open_consumer(settings("kafka-python"), "broker:9092", "aiops-main")
    assert isinstance(found, Fake)
    assert found.arguments == ("broker:9092", "aiops-main", 4096)
    assert found.security.protocol == "SSL"
    assert found.options["unpacked_bytes"] == 64 * 1024 * 1024


def test_confluent_is_opened_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faster client is an extra with the same port."""
    module = type(sys)("aiops.adapters.kafka.confluent")
    monkeypatch.setattr(module, "ConfluentConsumer", Fake, raising=False)
    monkeypatch.setitem(sys.modules, "aiops.adapters.kafka.confluent", module)
    found = open_consumer(settings("confluent"), "broker:9092", "g")
    assert isinstance(found, Fake)
    assert found.arguments == ("broker:9092", "g", 4096)
    assert found.security.protocol == "SSL"


def test_after_a_death_confluent_is_opened_behind_the_bounded_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which reads what is there; kafka-python alone is bounded already."""
    monkeypatch.setattr(consumer_factory, "KafkaPythonConsumer", Fake)
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


CLIENTS = {"KafkaPythonConsumer", "ConfluentConsumer", "KafkaPythonProducer", "KafkaTopics"}
ROOT = Path(__file__).resolve().parents[4]


def openings() -> list[tuple[str, set[str | None]]]:
    """Place and keywords of every call in the product that opens a client."""
    found = []
    for file in sorted((ROOT / "aiops").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if any(client in text for client in CLIENTS) else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLIENTS:
                place = f"{file.relative_to(ROOT)}:{node.lineno}"
                found.append((place, {keyword.arg for keyword in node.keywords}))
    return found


def test_every_client_of_the_product_gets_the_settings_of_the_connection() -> None:
    """One that forgets them works in every test without TLS and with no broker of a company."""
    found = openings()

    assert len(found) > 15
    assert [place for place, keywords in found if "security" not in keywords] == []
