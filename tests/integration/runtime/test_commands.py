"""Every command that people give to a running system, in a process of its own, against one runtime.

Each prints for people and, with ``--json``, for programs; what cannot be is one clear line and the documented code.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.cli.exits import Exit
from aiops.model.entities import Criticality, Edge, Item
from aiops.model.records import OutRecord, TopicPartition
from tests.integration.runtime.command_line import Answer, aiops
from tests.integration.runtime.harness import SECOND, Points, Running, configure, describe, incidents, service, until
from tests.integration.runtime.target import Target
from tests.integration.runtime.test_kills import Feed
from tests.servers import free_port

LIVE = [f"svc-{number}" for number in range(8)]
IMPORTANT = "payments"
STOPPED_NS = SECOND
"""Design, promise 6: one command stops every new action in under a second."""

pytestmark = pytest.mark.timeout(240)


@dataclass
class System:
    """The runtime, and the times at which orders reached the target."""

    running: Running
    producer: KafkaPythonProducer
    target: Target
    feed: Feed
    arrivals: list[tuple[int, str]] = field(default_factory=list)

    def say(self, *words: str) -> Answer:
        """Give a command."""
        return aiops(self.running, *words)

    def watch(self, ending: threading.Event) -> None:
        """Note when each order came, to 20 ms."""
        while not ending.wait(0.02):
            now = time.time_ns()
            self.arrivals += [(now, order["target"]) for order in self.target.orders[len(self.arrivals) :]]

    def of(self, name: str, *states: str) -> dict[str, Any]:
        """The incident of an item once it is in one of these states."""

        def found() -> Any:
            mine = [i for i in incidents(self.running) if name in i["entities"]]
            return next((i for i in mine if i["state"] in states), None)

        incident: dict[str, Any] = until(f"the incident of {name} is {' or '.join(states)}", found, 90)
        return incident

    def ordered(self, name: str) -> int:
        """Orders for an item."""
        return sum(1 for order in list(self.target.orders) if order["target"] == name)


@pytest.fixture(scope="module")
def system(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder, broker, target, ending = tmp_path_factory.mktemp("commands"), embedded.start(), Target(), threading.Event()
    settings = configure(
        folder,
        broker,
        f"commands-{os.getpid()}",
        data={"shards": 1},
        acting={"executors": {"*": {"kind": "http", "url": target.url}}},
        console={"port": 0, "metrics_port": free_port()},
    )
    running, producer = Running(folder, settings), KafkaPythonProducer(broker)
    feed = Feed(Points(producer, settings, [*LIVE, IMPORTANT]), target)
    found = System(running, producer, target, feed)
    threads = [threading.Thread(target=work, args=(ending,), daemon=True) for work in (feed.run, found.watch)]
    important = Item(IMPORTANT, owner="money", criticality=Criticality.HIGH, value_per_minute=0.2, replicas=1)
    shop = Item("shop", kind="business_service", value_per_minute=0.3)
    try:
        running.start()
        described = [*map(service, LIVE), (important, ()), (shop, (Edge("shop", IMPORTANT),))]
        describe(producer, settings, described)
        feed.points.send(time.time_ns() - 300 * SECOND, 300)
        for thread in threads:
            thread.start()
        yield found
    finally:
        ending.set()
        running.stop()
        running.forget()
        target.close()
        producer.close()


def clear(answer: Answer, code: Exit, *words: str) -> None:
    """A refusal is its code and one line on stderr that says what."""
    assert answer.code == code, answer
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err
    if code is not Exit.USAGE:
        assert len(answer.err.strip().splitlines()) == 1, answer.err


def test_a_plan_that_waits_is_approved_and_the_whole_story_is_told(system: System) -> None:
    """An important item with one replica: a person must agree, may say so once, and then it is healed."""
    clear(system.say("approve", "INC-none"), Exit.NO, "INC-none")
    system.feed.leaking.add(IMPORTANT)
    name = system.of(IMPORTANT, "awaiting-approval")["id"]
    listed = system.say("incidents")
    assert name in listed.out
    assert "awaiting" in listed.out
    assert "WAITS FOR APPROVAL" in system.say("incidents", name).out
    assert system.ordered(IMPORTANT) == 0
    agreed = system.say("approve", name, "--as", "ada", "--json")
    assert (agreed.code, "ada" in agreed.out) == (Exit.OK, True), agreed
    assert isinstance(agreed.json, dict)
    assert system.of(IMPORTANT, "resolved")["outcome"]["kind"] == "healed"
    assert system.ordered(IMPORTANT) == 1
    story = system.say("incidents", name)
    assert story.code == Exit.OK
    for word in ("timeline", "episodes", "probable causes", "impact", "plan", "policy decisions", "page", "ada"):
        assert word in story.out, word
    assert system.say("incidents", name, "--json").json
    assert name in {found["id"] for found in system.say("incidents", "--all", "--json").json}
    clear(system.say("incidents", "INC-none"), Exit.NO, "INC-none")
    clear(system.say("approve", name, "--as", "ada"), Exit.NO)
    clear(system.say("reject", name), Exit.NO)


def test_halt_stops_every_new_action_within_a_second_and_lets_the_running_one_end(system: System) -> None:
    """Effects of three seconds, one of them in flight; nothing new reaches the target until resume."""
    system.target.seconds = 3.0
    system.feed.leaking |= {LIVE[0], LIVE[1], LIVE[2]}
    until("an effect is in flight", lambda: any(system.ordered(name) for name in LIVE[:3]), 60)
    assert system.say("halt", "--reason", "a test", "--as", "ada").code == Exit.OK
    journal = SqlJournal(
        system.running.settings.control.journal or f"sqlite:///{system.running.settings.state}/journal.db"
    )
    halt = journal.halt_state()
    journal.close()
    assert (halt.halted, halt.who) == (True, "ada")
    system.target.seconds = 0.0
    system.feed.leaking.add(LIVE[3])
    system.of(LIVE[3], "open", "diagnosing", "deciding", "held", "escalated", "acting", "awaiting-approval")
    time.sleep(8)
    late = [(at - halt.at, name) for at, name in system.arrivals if at - halt.at > STOPPED_NS]
    assert late == []
    assert system.ordered(LIVE[3]) == 0
    assert set(system.target.effects.values()) == {1}
    assert system.say("halt", "--json").json
    assert system.running.status()["orchestration"]["halted"]
    resumed = system.say("resume", "--as", "ada", "--json")
    assert resumed.code == Exit.OK
    until("the runtime goes on", lambda: not system.running.status()["orchestration"]["halted"], 10)
    system.feed.leaking.add(LIVE[4])
    assert system.of(LIVE[4], "resolved")["outcome"]["kind"] == "healed"
    assert set(system.target.effects.values()) == {1}


def test_dead_letters_are_listed_masked_shown_and_tried_again(system: System) -> None:
    """A real broken record; a retry of what is still broken is a new dead letter, and nothing is lost."""
    topic = system.running.settings.topics.metrics_arrow
    system.producer.send([OutRecord(topic, None, b"password=hunter2", (), 0)])
    system.producer.flush()
    begin = time.monotonic()
    listed = until("it is listed", lambda: a if (a := letters(system)) else None, 20)
    assert time.monotonic() - begin < 20
    (key,) = (letter["key"] for letter in listed)
    assert "hunter2" not in json.dumps(listed)
    assert "hunter2" not in system.say("dead-letters", "list").out
    assert "hunter2" in system.say("dead-letters", "show", key, "--reveal").out
    assert system.say("dead-letters", "show", key, "--json").json["reason"] == "undecodable"
    assert system.say("dead-letters", "list", "--reason", "bad-time", "--json").json["dead_letters"] == 0
    assert system.say("dead-letters", "retry", key).code == Exit.OK
    until("it is a dead letter again", lambda: len(letters(system)) == 2, 20)
    clear(system.say("dead-letters", "show", "no/such/letter"), Exit.NO, "no/such/letter")
    clear(system.say("dead-letters", "retry", "no/such/letter"), Exit.NO, "no/such/letter")


def test_a_dead_letter_of_the_cmdb_is_written_again_as_it_came(system: System) -> None:
    """Key, headers and bytes: the topic is compacted, so a record without its key would be another one."""
    topic = system.running.settings.topics.cmdb
    broken = OutRecord(topic, b"item-9", b'{"specversion": "1.0"}', (("from", b"the test"),), 0)
    system.producer.send([broken])
    system.producer.flush()

    def of_cmdb() -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = system.say("dead-letters", "list", "--topic", topic, "--json").json["shown"]
        return shown

    (letter,) = until("it is listed", of_cmdb, 20)
    assert (letter["reason"], letter["shown"]) == ("missing-field", '{"xxxxxxxxxxx": "9.9"}')
    retried = system.say("dead-letters", "retry", letter["key"], "--json")
    assert (retried.code, retried.json["key"]) == (Exit.OK, letter["key"])
    until("it is a dead letter again", lambda: len(of_cmdb()) == 2, 20)
    first, again = last_records(system.running, TopicPartition(topic, 0), 2)
    assert first == again == (broken.key, broken.value, broken.headers)


def last_records(running: Running, place: TopicPartition, count: int) -> list[tuple[Any, bytes, Any]]:
    """Key, value and headers of the newest records of a partition."""
    consumer = KafkaPythonConsumer(running.settings.kafka.bootstrap or "", "last-records")
    try:
        consumer.assign({place: None})
        end = consumer.bounds()[place][1]
        consumer.assign({place: end - count})
        found: list[tuple[Any, bytes, Any]] = []
        while len(found) < count:
            for records in consumer.poll(1.0, 1 << 20):
                found += zip(records.keys, records.values, map(tuple, records.headers), strict=True)
        return found
    finally:
        consumer.close()


def letters(system: System) -> list[dict[str, Any]]:
    """What `dead-letters list` shows."""
    shown: list[dict[str, Any]] = system.say("dead-letters", "list", "--reason", "undecodable", "--json").json["shown"]
    return shown


def test_ledger_audit_doctor_and_topology_answer(system: System) -> None:
    """The account is even, the record of decisions is whole, nothing is wrong, and an item's impact is known."""
    ledger = system.say("ledger", "--json")
    assert (ledger.code, ledger.json["difference"], ledger.json["checked_against_broker"]) == (Exit.OK, 0, True)
    assert system.say("ledger").code == Exit.OK
    audit = system.say("audit", "verify", "--json")
    assert (audit.code, audit.json["whole"]) == (Exit.OK, True)
    assert audit.json["rows"] > 100
    assert audit.json["checkpoints"] > 1, audit.json["why_no_checkpoint"]
    assert "BEGIN PUBLIC KEY" in system.say("audit", "key").out
    doctor = system.say("doctor", "--json")
    assert doctor.code == Exit.OK, doctor.out
    assert {finding["about"] for finding in doctor.json} >= {"bundle", "journal", "kafka", "runtime"}
    impact = system.say("topology", "impact", IMPORTANT, "--json")
    assert impact.code == Exit.OK, impact.err
    assert "shop" in {row["entity"] for row in impact.json["impact"]}
    clear(system.say("topology", "impact", "nobody"), Exit.NO, "nobody")
    clear(system.say("audit", "verify", "--checkpoint", "/no/such/file"), Exit.FAILED, "/no/such/file")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("scale", "--shards", "0"), Exit.USAGE),
        (("scale", "--shards", "5"), Exit.USAGE),
        (("scale", "--shards", "many"), Exit.USAGE),
        (("halt", "--surprise"), Exit.USAGE),
        (("surprise",), Exit.USAGE),
        (("suppress", "INC-none"), Exit.NO),
        (("close", "INC-none"), Exit.NO),
        (("acknowledge", "INC-none"), Exit.NO),
        (("take-over", "INC-none"), Exit.NO),
    ],
)
def test_what_cannot_be_is_one_line_and_its_code(system: System, words: tuple[str, ...], code: Exit) -> None:
    """And changes nothing."""
    clear(system.say(*words), code)
    assert not system.running.status()["orchestration"]["halted"]


def test_prometheus_reads_metrics(system: System) -> None:
    """The port answers in Prometheus's text with the ledger's difference and the shards."""
    port = system.running.settings.console.metrics_port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert "aiops_ledger_difference 0.0" in text
    assert text.count("# TYPE aiops_") > 10
