"""From a wish to an estate, and its inventory on Kafka."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from aiops.apps.range import start
from aiops.apps.range.estate import Estate
from aiops.apps.range.start import Wanted, prepare, send, send_inventory
from aiops.model import cloudevents
from aiops.model.errors import PermanentError
from aiops.model.records import OutRecord
from aiops.settings import Kafka, Settings
from aiops.topic_names import Topics
from simulations.range.inventory import deployment
from tests.unit.simulations.range.runs import FOLDER, PLAN, PROGRAMS, run


class Records:
    """A producer that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[OutRecord] = []
        self.flushed = 0

    def send(self, records: Iterable[OutRecord]) -> None:
        self.sent += records

    def flush(self, timeout_seconds: float = 30.0) -> None:
        self.flushed = len(self.sent)

    def close(self) -> None:
        """Nothing to let go."""


class NoTopics:
    """Kafka's topics, all there."""

    def __init__(self, bootstrap: str, **_: object) -> None:
        self.bootstrap = bootstrap

    def ensure(self, _: Settings) -> None:
        """They are."""

    def close(self) -> None:
        """Nothing to let go."""


def test_every_item_is_sent_once_keyed_by_its_id() -> None:
    """And acknowledged."""
    producer = Records()
    assert send_inventory(Estate(PLAN, FOLDER, run()), producer, at=9) == len(producer.sent) == producer.flushed
    assert {record.topic for record in producer.sent} == {"aiops.cmdb"}
    assert all(json.loads(record.value)["subject"].encode() == record.key for record in producer.sent)


def test_an_incomplete_cmdb_sends_less() -> None:
    """As the run's settings say."""
    whole, half = Records(), Records()
    send_inventory(Estate(PLAN, FOLDER, run()), whole, at=9)
    send_inventory(Estate(PLAN, FOLDER, run(cmdb_missing=0.5)), half, at=9)
    assert 0 < len(half.sent) < len(whole.sent)


def test_changes_go_to_their_own_topic() -> None:
    """Also to a renamed one."""
    producer = Records()
    change = deployment(PLAN.services[0], "2.0", at=1)
    send([cloudevents.of_change(change)], producer, Topics(changes="my.changes"))
    assert [(record.topic, record.key) for record in producer.sent] == [("my.changes", change.entity.encode())]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with a broker, where everything is installed."""
    monkeypatch.setattr(start, "installed", lambda _: PROGRAMS)
    monkeypatch.setattr(start, "KafkaTopics", NoTopics)
    return Settings(state=tmp_path, kafka=Kafka(bootstrap="kafka:9092"))


def test_an_estate_lies_in_the_state_folder(settings: Settings, tmp_path: Path) -> None:
    """By its seed."""
    estate = prepare(Wanted(seed=7), settings, lambda _: None)
    assert estate.folder.root == tmp_path / "range" / "7"
    assert estate.plan == PLAN


def test_the_broker_is_the_options_else_the_settings(settings: Settings) -> None:
    """The embedded one is for those who name none."""
    assert prepare(Wanted(seed=7), settings, lambda _: None).run.kafka == "kafka:9092"
    assert prepare(Wanted(seed=7, kafka="other:1"), settings, lambda _: None).run.kafka == "other:1"


def test_a_broker_with_tls_is_refused(settings: Settings) -> None:
    """The Collector of the range has no keys."""
    secured = Settings(state=settings.state, kafka=Kafka(bootstrap="kafka:9093", tls=True))
    with pytest.raises(PermanentError, match="without TLS and SASL"):
        prepare(Wanted(seed=7), secured, lambda _: None)


def test_options_reach_the_run(settings: Settings) -> None:
    """Interval, keys, restarts, load and the CMDB's mistakes."""
    wanted = Wanted(seed=7, interval_ms=1_000, keyed=False, restarts=True, load=False, cmdb_missing=0.1, cmdb_wrong=0.2)
    made = prepare(wanted, settings, lambda _: None).run
    assert (made.interval_ms, made.keyed, made.restarts, made.load) == (1_000, False, True, False)
    assert (made.cmdb_missing, made.cmdb_wrong) == (0.1, 0.2)


def test_the_load_generator_finds_the_product(settings: Settings) -> None:
    """By PYTHONPATH, also from a checkout."""
    assert (Path(prepare(Wanted(seed=7), settings, lambda _: None).run.product) / "aiops" / "apps").is_dir()
