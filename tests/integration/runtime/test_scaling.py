"""`aiops scale` while data flows: slots move with their state; every point is counted once, whoever is killed.

Keyed points come as Arrow records, unkeyed ones as OTLP through random partitions, so that most of them go on through
the internal topic while its partitions move.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.ledger_report import account
from aiops.model.entities import Criticality, Item
from aiops.model.records import OutRecord
from detectors.wire.slots import slot_of
from tests.integration.runtime.broken import otlp_points
from tests.integration.runtime.command_line import aiops
from tests.integration.runtime.harness import SECOND, Points, Running, configure, describe, incidents, until

SLOTS = 4
KEYED = [f"keyed-{number}" for number in range(8)]
UNKEYED = [f"unkeyed-{number}" for number in range(8)]
SICK = next(name for name in KEYED if slot_of(name, SLOTS) == SLOTS - 1)
"""Its slot is among those that move when a second shard comes."""
STEP = SECOND // 20

pytestmark = pytest.mark.timeout(240)


@dataclass
class Feed:
    """Twenty points a second of each series, keyed and unkeyed, with the count of what was acknowledged."""

    producer: KafkaPythonProducer
    topic: str
    points: Points
    sick: set[str] = field(default_factory=set)
    paused: threading.Event = field(default_factory=threading.Event)
    idle: threading.Event = field(default_factory=threading.Event)
    unkeyed: int = 0

    def send(self, begin: int, steps: int) -> None:
        """All series from ``begin``."""
        self.points.send(begin, steps, STEP, bad=dict.fromkeys(self.sick, 8.0))
        at = [begin + STEP * step for step in range(steps)]
        self.producer.send(OutRecord(self.topic, None, otlp_points(name, at)) for name in UNKEYED)
        self.producer.flush()
        self.unkeyed += steps * len(UNKEYED)

    def run(self, ending: threading.Event) -> None:
        """Send half a second at a time, a little behind the clock."""
        begin = time.time_ns()
        while not ending.is_set():
            if self.paused.is_set():
                self.idle.set()
                ending.wait(0.1)
                continue
            self.idle.clear()
            steps = max(1, (time.time_ns() - begin) // STEP)
            self.send(begin, steps)
            begin += steps * STEP
            ending.wait(0.5)


@dataclass
class System:
    """The runtime and its feed."""

    running: Running
    feed: Feed

    def scale(self, shards: int) -> None:
        """Give the command and wait until all slots are where they should be."""
        answer = aiops(self.running, "scale", "--shards", str(shards))
        assert answer.code == 0, answer.err
        self.in_place(shards)

    def in_place(self, shards: int) -> None:
        """So many shards own all slots, and none of them waits."""

        def reached() -> bool:
            found = self.running.status().get("shards", [])
            slots = [int(slot) for shard in found for slot in shard.get("slots", {})]
            calm = not any(shard.get("error") for shard in found)
            return calm and len(found) == shards and sorted(slots) == list(range(SLOTS))

        until(f"{shards} shards own all slots", reached, 60)

    def generation(self, slot: int) -> int:
        """Of a slot's assignment."""
        owners = [shard["slots"] for shard in self.running.status()["shards"]]
        return max(int(slots[str(slot)]) for slots in owners if str(slot) in slots)

    def episode(self) -> dict[str, Any]:
        """The newest of the sick entity."""
        bodies = self.running.reader().documents("episode").values()
        mine = [e for body in bodies if (e := json.loads(body)["episode"])["entity"] == SICK]
        return max(mine, key=lambda e: (e["opened_at"], e["revision"]), default={})

    def exact(self) -> None:
        """Each point of both manifests ended once; what was forwarded, at its receiver; and the broker agrees."""
        feed, topics = self.feed, self.running.settings.topics
        feed.paused.set()
        assert feed.idle.wait(20)
        try:
            sent = feed.points.manifest.points + feed.unkeyed
            until("everything is read", self._read, 60)
            assert self.running.counted(topics.metrics_arrow) == feed.points.manifest.points
            assert self.running.counted(topics.otlp_metrics) == feed.unkeyed
            ended, again = 0, 0
            for line in self.running.lines():
                ended += sum(line["endings"].values())
                again += line["endings"].get("duplicate", 0)
                assert not line["endings"].get("dead-letter", 0), line
            assert ended - again == sent
            report = account(self.running.settings, self.running.status()).report
            assert report.difference == 0, report
        finally:
            feed.paused.clear()

    def _read(self) -> bool:
        time.sleep(1.5)  # so that the status is younger than the offsets
        return account(self.running.settings, self.running.status()).report.in_flight == 0


@pytest.fixture(scope="module")
def system(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder, broker = tmp_path_factory.mktemp("scaling"), embedded.start()
    settings = configure(folder, broker, f"scaling-{os.getpid()}", kafka={"partitions": SLOTS}, data={"shards": 1})
    running, ending = Running(folder, settings), threading.Event()
    producer = KafkaPythonProducer(broker)
    feed = Feed(producer, settings.topics.otlp_metrics, Points(producer, settings, KEYED))
    thread = threading.Thread(target=feed.run, args=(ending,), daemon=True)
    try:
        running.start()
        describe(producer, settings, [(Item(SICK, criticality=Criticality.CRITICAL), ())])
        feed.send(time.time_ns() - 120 * SECOND, 120 * 20)
        thread.start()
        yield System(running, feed)
    finally:
        ending.set()
        thread.join(5) if thread.is_alive() else None
        running.stop()
        running.forget()
        producer.close()


def mine(running: Running) -> list[dict[str, Any]]:
    """Incidents of the sick entity that were not merged away."""
    return [found for found in incidents(running) if SICK in found["entities"] and found["state"] != "merged"]


def test_slots_move_while_data_flows_and_an_incident_goes_on(system: System) -> None:
    """1 to 3 to 2 to 1: exact counts, one incident from before the move to its end, rising generations."""
    system.exact()
    system.feed.sick.add(SICK)
    (before,) = until("the incident is open", lambda: mine(system.running), 60)
    first = system.episode()
    for shards in (3, 2, 1):
        system.scale(shards)
        time.sleep(3)
        system.exact()
    moved = system.generation(SLOTS - 1)
    assert moved > first["generation"]
    told = until(
        "the moved slot tells of the episode",
        lambda: e if (e := system.episode()).get("generation") == moved else None,
        60,
    )
    assert (told["id"], told["opened_at"]) == (first["id"], first["opened_at"])
    assert told["revision"] > first["revision"]
    assert [found["id"] for found in mine(system.running)] == [before["id"]]
    system.feed.sick.clear()
    until("the episode ends", lambda: system.episode().get("ended_at"), 60)
    assert [found["id"] for found in mine(system.running)] == [before["id"]]


@pytest.mark.parametrize(("shards", "point"), [(3, "shard.snapshot"), (2, "shard.visible"), (1, "shard.flushed")])
def test_a_shard_killed_while_slots_move_loses_and_doubles_nothing(system: System, shards: int, point: str) -> None:
    """It dies in the snapshot that hands the slot over, or just before or after; the move is finished all the same."""
    system.running.arm(point)
    system.scale(shards)
    until(f"a shard died at {point}", lambda: not system.running.armed(point), 30)
    system.in_place(shards)
    system.exact()


def test_shards_killed_at_any_moment_of_a_move(system: System) -> None:
    """Every shard's process, in the middle of the move from one to three and back."""
    for shards in (3, 1):
        pids = system.running.status()["pids"].get("shard", [])
        answer = aiops(system.running, "scale", "--shards", str(shards))
        assert answer.code == 0, answer.err
        time.sleep(0.3)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        system.in_place(shards)
        system.exact()
