"""The runtime under SIGKILL, on a real broker and a real Ray: nothing lost, nothing done twice, open work goes on.

One system lives through all tests of this file. Each adds 200,000 points by a producer that keeps its own manifest and
breaks a service of its own; a target in another process's place counts the effects by key.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.producer import KafkaPythonProducer
from tests.integration.runtime.harness import (
    SECOND,
    Points,
    Running,
    configure,
    descendants,
    describe,
    incidents,
    service,
    until,
)
from tests.integration.runtime.target import Target

LIVE = [f"svc-{number}" for number in range(12)]
BULK_SECONDS = 1000

pytestmark = pytest.mark.timeout(240)


@dataclass
class Feed:
    """Sends one point a second of every live series; a service leaks from ``leak`` until its target was restarted."""

    points: Points
    target: Target
    leaking: set[str] = field(default_factory=set)
    paused: threading.Event = field(default_factory=threading.Event)

    def run(self, ending: threading.Event) -> None:
        begin = time.time_ns()
        while not ending.is_set():
            now = time.time_ns()
            restarted = {order["target"] for order in self.target.orders if order["direction"] == "do"}
            bad = dict.fromkeys(self.leaking - restarted, 8.0)
            if not self.paused.is_set():
                self.points.send(begin, 1, bad=bad)
            begin += SECOND
            time.sleep(max(0.0, 1.0 - (time.time_ns() - now) / SECOND))


@dataclass
class System:
    """The runtime and all that is around it."""

    running: Running
    broker: EmbeddedBroker
    producer: KafkaPythonProducer
    target: Target
    feed: Feed
    bulk: int = 0
    sent: int = 0

    def send_bulk(self) -> None:
        """200,000 points of the last 1,000 seconds, of 40 entities that are healthy."""
        self.bulk += 1
        names = [f"bulk-{self.bulk}-{number}" for number in range(40)]
        points = Points(self.producer, self.running.settings, names)
        points.send(time.time_ns() - BULK_SECONDS * SECOND, BULK_SECONDS)
        assert points.manifest.points == 200_000
        self.sent += points.manifest.points

    def settled(self) -> None:
        """Every point that was sent is counted once, and no account differs."""
        topic = self.running.settings.topics.metrics_arrow
        self.feed.paused.set()
        time.sleep(1.5)
        total = self.sent + self.feed.points.manifest.points
        until(f"all {total} points are counted", lambda: self.running.counted(topic) == total, 60)
        assert self.running.difference() == 0
        self.feed.paused.clear()

    def heals(self, name: str, seconds: float = 120) -> None:
        """The incident of ``name`` ends healed, by one restart."""
        mine = until(
            f"the incident of {name} is resolved",
            lambda: [i for i in incidents(self.running) if name in i["entities"] and i["state"] == "resolved"],
            seconds,
        )
        assert [i["outcome"]["kind"] for i in mine] == ["healed"], [line["what"] for line in mine[0]["story"]]
        assert set(self.target.effects.values()) == {1}
        done = [order for order in self.target.orders if order["target"] == name]
        assert len(done) == 1

    def timers_fired_once(self) -> None:
        """No timer's firing is in the journal twice."""
        reader, after, fired = self.running.reader(), 0, []
        while rows := reader.rows(after):
            after = rows[-1].number
            fired += [row.entry.event_id for row in rows if row.entry.kind == "timer"]
        assert len(fired) == len(set(fired))


@pytest.fixture(scope="module")
def system(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("kills")
    target = Target()
    executors = {"*": {"kind": "http", "url": target.url}}
    settings = configure(folder, embedded.start(), f"kills-{os.getpid()}", acting={"executors": executors})
    running = Running(folder, settings)
    running.start()
    producer = KafkaPythonProducer(embedded.start())
    describe(producer, settings, [service(name) for name in LIVE])
    points = Points(producer, settings, LIVE)
    points.send(time.time_ns() - 300 * SECOND, 300)
    feed, ending = Feed(points, target), threading.Event()
    thread = threading.Thread(target=feed.run, args=(ending,), daemon=True)
    thread.start()
    yield System(running, embedded, producer, target, feed)
    ending.set()
    thread.join(5)
    running.stop()
    running.forget()
    target.close()


def actor_pids(system: System, role: str) -> list[int]:
    """Processes in which actors of a role live."""
    assert system.running.process is not None
    status = system.running.status()
    alive = set(descendants(system.running.process.pid))
    return [pid for pid in status["pids"].get(role, []) if pid in alive]


@pytest.mark.parametrize("point", ["shard.batch", "shard.flushed", "shard.snapshot", "shard.visible"])
def test_a_shard_killed_at_any_step_loses_and_doubles_nothing(system: System, point: str) -> None:
    """It is restarted, resumes from its snapshot, and the ledger agrees with the producer's manifest."""
    system.running.arm(point, 3 if point == "shard.batch" else 1)
    system.send_bulk()
    until(f"a shard died at {point}", lambda: not system.running.armed(point), 30)
    system.settled()


@pytest.mark.parametrize(
    ("number", "point"),
    [
        (0, "orchestrator.decided"),
        (1, "orchestrator.journalled"),
        (2, "orchestrator.dispatch"),
        (3, "executor.attempted"),
        (4, "executor.acted"),
        (5, "agent.handling"),
    ],
)
def test_control_killed_at_any_step_acts_once_and_goes_on(system: System, number: int, point: str) -> None:
    """Between decision and journal, journal and effect, effect and outcome; in the middle of a handoff."""
    name = LIVE[number]
    system.send_bulk()
    system.running.arm(point)
    system.feed.leaking.add(name)
    until(f"somebody died at {point}", lambda: not system.running.armed(point), 40)
    system.heals(name)
    system.timers_fired_once()
    system.settled()


def test_the_orchestrator_killed_while_an_effect_runs_does_not_repeat_it(system: System) -> None:
    """The effect takes three seconds; the orchestrator dies in its middle; its successor looks before it acts."""
    name = LIVE[6]
    system.send_bulk()
    system.target.seconds = 3.0
    system.feed.leaking.add(name)
    until("the effect began", lambda: any(order["target"] == name for order in system.target.orders), 60)
    for pid in actor_pids(system, "orchestrator"):
        os.kill(pid, signal.SIGKILL)
    system.target.seconds = 0.0
    system.heals(name)
    system.settled()


def test_a_broker_that_is_killed_and_started_again_is_waited_for(system: System) -> None:
    """Ten seconds without a broker: what was not acknowledged is said again, nothing is lost."""
    system.feed.paused.set()
    system.send_bulk()
    system.broker.kill()
    time.sleep(8)
    assert system.broker.start() == system.running.settings.kafka.bootstrap
    system.feed.paused.clear()
    system.settled()
    name = LIVE[7]
    system.feed.leaking.add(name)
    system.heals(name)


def test_the_whole_runtime_killed_goes_on_where_it_was(system: System, tmp_path: Path) -> None:
    """All processes at once, with an incident in the middle of its healing."""
    name = LIVE[8]
    system.send_bulk()
    system.feed.leaking.add(name)
    until("its plan began", lambda: any(order["target"] == name for order in system.target.orders), 60)
    system.running.kill()
    before = json.loads((system.running.settings.state / "status.json").read_text())
    system.running.start()
    assert system.running.status()["orchestration"]["epoch"] > before["orchestration"]["epoch"]
    system.heals(name)
    system.timers_fired_once()
    system.settled()
