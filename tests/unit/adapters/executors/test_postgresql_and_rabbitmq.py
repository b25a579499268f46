"""Executors of PostgreSQL and RabbitMQ without a server: their options, and servers that do not answer."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from aiops.adapters.executors import postgresql, rabbitmq
from aiops.adapters.executors.rabbitmq import RabbitServer
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, StepStatus
from tests.executor_targets import TurnedClock, order_of
from tests.servers import missing

NOBODY = "postgresql://aiops@127.0.0.1:1/shop"


@pytest.mark.parametrize("primitive", ["end-blocker", "cancel-query", "fail-over"])
def test_a_database_that_does_not_answer_was_not_changed(primitive: str, tmp_path: Path) -> None:
    """Nothing was asked of it."""
    clock = TurnedClock()
    executor = postgresql.from_options({"url": NOBODY, "stand_by": NOBODY, "keys": str(tmp_path)}, clock)
    outcome = executor.run(order_of(Action(primitive, "db"), clock))
    assert outcome.status is StepStatus.FAILED
    assert "does not answer at postgresql://127.0.0.1:1/shop" in outcome.detail


@pytest.mark.parametrize(
    ("action", "undo", "why"),
    [
        (Action("fail-over", "db"), False, "stand_by is not set"),
        (Action("fail-over", "db", {"to": "zone-a"}), True, "no promotion of this plan is known"),
        (Action("restart", "db"), False, "PostgreSQL cannot restart"),
    ],
)
def test_what_postgresql_cannot_do_it_refuses(action: Action, why: str, tmp_path: Path, *, undo: bool) -> None:
    """Without a connection: nothing answers there."""
    clock = TurnedClock()
    executor = postgresql.from_options({"url": NOBODY, "keys": str(tmp_path)}, clock)
    outcome = executor.run(order_of(action, clock, undo=undo))
    assert outcome.status is StepStatus.FAILED
    assert why in outcome.detail


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "url is missing"),
        ({"url": NOBODY}, "keys is missing"),
        ({"url": "mysql://aiops@db/shop"}, "mysql://db/shop is no URL of PostgreSQL"),
        ({"url": "postgresql://aiops:geheim@db/shop"}, "postgresql://db/shop has a password"),
        ({"url": NOBODY, "stand_by": "sqlite:///x"}, "is no URL of PostgreSQL"),
        ({"url": NOBODY, "replica": NOBODY}, "no option replica; known: keys, password_file, stand_by, url"),
    ],
)
def test_wrong_options_of_postgresql_are_clear(options: dict[str, str], why: str) -> None:
    """And never show a password."""
    with pytest.raises(PermanentError) as error:
        postgresql.from_options({"kind": "postgresql", **options}, TurnedClock())
    assert why in str(error.value)
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://mq:15672", "write amqp://USER@HOST:PORT/VHOST"),
        ("amqp:///shop", "write amqp://USER@HOST:PORT/VHOST"),
        ("amqp://aiops:geheim@mq/shop", "put it into a file and set password_file"),
    ],
)
def test_wrong_urls_of_rabbitmq_are_clear(url: str, why: str) -> None:
    """And never show a password."""
    with pytest.raises(PermanentError) as error:
        RabbitServer(url, "")
    assert why in str(error.value)
    assert "geheim" not in str(error.value)


def test_without_its_client_the_kind_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed everywhere."""
    monkeypatch.setitem(sys.modules, "pika", None)
    with pytest.raises(PermanentError, match=r"pip install 'aiops\[rabbitmq\]'"):
        rabbitmq.from_options({"url": "amqp://mq", "keys": "/tmp"}, TurnedClock())


def test_a_rabbitmq_that_does_not_answer_is_temporary() -> None:
    """It may be back later."""
    if find_spec("pika") is None:
        missing("pika", "pip install 'aiops[rabbitmq]'")
    with (
        pytest.raises(TemporaryError, match=r"does not answer at amqp://127\.0\.0\.1:1/"),
        RabbitServer("amqp://guest@127.0.0.1:1/", "").connected(),
    ):
        pass
