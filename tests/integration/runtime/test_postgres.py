"""The loop with its journal in a real PostgreSQL: a healing, and one whose orchestrator is killed in its middle."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import create_engine, text

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.producer import KafkaPythonProducer
from tests.integration.runtime.harness import SECOND, Points, Running, configure, describe, incidents, service, until
from tests.integration.runtime.target import Target
from tests.integration.runtime.test_kills import Feed, System

LIVE = [f"svc-{number}" for number in range(6)]

pytestmark = pytest.mark.timeout(240)


@dataclass
class Story:
    """The system, and where its journal is."""

    system: System
    url: str


@pytest.fixture(scope="module")
def story(embedded: EmbeddedBroker, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder, broker, name = tmp_path_factory.mktemp("postgres"), embedded.start(), f"runtime_{os.getpid()}"
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    url, target, ending = f"{postgres}?options=-csearch_path%3D{name}", Target(), threading.Event()
    settings = configure(
        folder,
        broker,
        f"postgres-{os.getpid()}",
        control={"journal": url},
        acting={"executors": {"*": {"kind": "http", "url": target.url}}},
    )
    running, producer = Running(folder, settings), KafkaPythonProducer(broker)
    points = Points(producer, settings, LIVE)
    feed = Feed(points, target)
    thread = threading.Thread(target=feed.run, args=(ending,), daemon=True)
    try:
        running.start()
        describe(producer, settings, [service(name) for name in LIVE])
        points.send(time.time_ns() - 300 * SECOND, 300)
        thread.start()
        yield Story(System(running, embedded, producer, target, feed), url)
    finally:
        ending.set()
        running.stop()
        running.forget()
        target.close()
        producer.close()


def test_a_service_is_healed_with_the_journal_in_postgresql(story: Story) -> None:
    """From its leak to the verified restart; nothing is kept in SQLite beside it."""
    story.system.feed.leaking.add(LIVE[0])
    story.system.heals(LIVE[0])
    assert not (story.system.running.settings.state / "journal.db").exists()
    story.system.settled()


def test_an_orchestrator_killed_between_journal_and_effect_acts_once(story: Story) -> None:
    """What was decided and not begun is begun by its successor, once; timers fire once."""
    name, system = LIVE[1], story.system
    system.feed.leaking.add(name)
    until(f"the incident of {name} is open", lambda: [i for i in incidents(system.running) if name in i["entities"]])
    system.running.arm("orchestrator.journalled")
    until("the orchestrator died", lambda: not system.running.armed("orchestrator.journalled"), 40)
    system.heals(name)
    system.timers_fired_once()
    system.settled()
