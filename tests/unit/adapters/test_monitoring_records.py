from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from aiops.adapters.encryption import Seal, decode_letter
from aiops.adapters.monitoring_records import PublishingAgent
from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.cloudevents_reader import Receipt, decode
from aiops.model.deadletters import DeadLetter, DeadLetterReason
from aiops.model.entities import Edge
from aiops.model.events import EdgesObserved, EpisodeReported
from aiops.model.ledger import LedgerLine
from aiops.model.records import FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.model.telemetry import EntityReading, FleetQuestion
from aiops.settings import Settings
from tests.unit.adapters.paging.fakes import FixedClock
from tests.unit.agents.faulty_estate import NOW, episode

SEAL = Seal(bytes(32))
PLACE = TopicPartition("otlp_metrics", 0)
READING = EntityReading("cart", 5, abnormal=False, series=())
LETTER = DeadLetter("otlp_metrics", 0, 7, DeadLetterReason.UNDECODABLE, 1, (0,), NOW, b"secret")
SNAPSHOT = SlotSnapshot(3, 2, 1, {PLACE: 9}, {})


class Agent(MonitoringAgent):
    """Produces what the test says, and keeps what it was called with."""

    def __init__(self, produced: Produced) -> None:
        self.produced, self.calls = produced, list[tuple[Any, ...]]()
        self.shard = 4

    def adopt(
        self, slot: int, generation: int, snapshots: Sequence[SlotSnapshot] = ()
    ) -> dict[TopicPartition, int | None]:
        self.calls.append(("adopt", slot, generation, tuple(snapshots)))
        return {PLACE: 9}

    def drop(self, slot: int) -> None:
        self.calls.append(("drop", slot))

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> Produced:
        self.calls.append(("handle", tuple(batch), received_at))
        return self.produced

    def set_aside(self, fetched: FetchedRecords) -> Produced:
        self.calls.append(("set aside", fetched))
        return self.produced

    def tick(self, received_at: int, *, lag_is_small: bool = False) -> Produced:
        self.calls.append(("tick", received_at, lag_is_small))
        return self.produced

    def lost(self, place: TopicPartition, from_offset: int, to_offset: int, received_at: int) -> Produced:
        self.calls.append(("lost", place, from_offset, to_offset, received_at))
        return self.produced

    def snapshot(self, slot: int, *, full: bool = False, again: bool = False) -> SlotSnapshot:
        assert not full
        self.calls.append(("snapshot", slot, again))
        return SNAPSHOT

    def ledger(self) -> list[LedgerLine]:
        return []

    def skews(self) -> dict[str, float]:
        return {"shop": 90.0}

    def answer(self, question: FleetQuestion) -> tuple[EntityReading, ...]:
        return (READING,)


def speaking(produced: Produced | None = None, **own: Any) -> tuple[PublishingAgent, Agent]:
    """The agent as a shard drives it, and the plain one behind it."""
    agent = Agent(produced or Produced())
    return PublishingAgent(agent, Settings.model_validate(own), SEAL, clock=FixedClock(77)), agent


def test_nothing_produced_is_no_record() -> None:
    """The usual batch costs nothing."""
    made, agent = speaking()
    assert made.handle([], 5) == []
    assert agent.calls == [("handle", (), 5)]


def test_episodes_are_keyed_by_entity() -> None:
    """One record each on the topic of anomalies, which reads back as the same episode."""
    made, _ = speaking(Produced(episodes=[episode("cart"), episode("web")]))
    records = made.handle([], NOW)
    assert [(record.topic, record.key) for record in records] == [
        ("aiops.anomalies", b"cart"),
        ("aiops.anomalies", b"web"),
    ]
    (event,) = _read(records[0])
    assert isinstance(event, EpisodeReported)
    assert event.episode == episode("cart")


def test_edges_are_one_record_of_the_shard() -> None:
    """All together, keyed by the first, with the shard as their source and the domain of the settings."""
    edges = [Edge("web", "cart", origin="spans", seen_at=NOW), Edge("cart", "db", origin="spans", seen_at=NOW)]
    made, _ = speaking(Produced(edges=edges), domain="shop")
    (record,) = made.tick(NOW, current=True)
    (event,) = _read(record)
    assert isinstance(event, EdgesObserved)
    assert (record.key, event.edges) == (b"web", tuple(edges))
    told = json.loads(record.value)
    assert (told["source"], told["domain"]) == ("/monitoring/4", "shop")


def test_a_record_that_is_set_aside_leaves_as_a_sealed_dead_letter() -> None:
    """As any other dead letter."""
    made, agent = speaking(Produced(dead_letters=[LETTER]))
    records = FetchedRecords(PLACE, [7], [b"secret"], [None], [NOW])
    (record,) = made.set_aside(records, NOW)
    assert (record.topic, b"secret" in record.value) == ("aiops.dead-letters", False)
    assert agent.calls == [("set aside", records)]


def test_dead_letters_leave_sealed_and_forwards_as_they_are() -> None:
    """A forward is not wrapped; a dead letter's content cannot be read in its record."""
    forward = OutRecord("aiops.keyed", b"k", b"raw", (("h", b"1"),), 3)
    made, _ = speaking(Produced(forwards=[forward], dead_letters=[LETTER]))
    first, letter = made.handle([], NOW)
    assert first == forward
    assert letter.topic == Settings().topics.dead_letters
    assert b"secret" not in letter.value
    assert decode_letter(letter.value, SEAL) == LETTER


def test_topics_are_those_of_the_settings() -> None:
    """An estate may name its topics itself."""
    made, _ = speaking(Produced(episodes=[episode()]), topics={"anomalies": "our.anomalies"})
    assert made.lost(PLACE, 3, 9, received_at=NOW)[0].topic == "our.anomalies"


def test_calls_reach_the_agent_with_their_arguments() -> None:
    """Adopt, drop, tick, lost and snapshot; positions of a snapshot are the agent's own."""
    made, agent = speaking()
    assert made.adopt(3, 2, [SNAPSHOT]) == {PLACE: 9}
    made.drop(3)
    made.tick(6, current=False)
    made.lost(PLACE, 3, 9, received_at=7)
    positions: Mapping[TopicPartition, int] = {PLACE: 1}
    assert made.snapshot(3, positions) is SNAPSHOT
    made.snapshot_visible(SNAPSHOT)
    assert agent.calls == [
        ("adopt", 3, 2, (SNAPSHOT,)),
        ("drop", 3),
        ("tick", 6, False),
        ("lost", PLACE, 3, 9, 7),
        ("snapshot", 3, False),
    ]
    assert made.ledger() == []


def test_the_snapshot_after_one_that_was_not_written_takes_its_place() -> None:
    """An increment would add to what nobody can read."""
    made, agent = speaking()
    made.snapshot(3, {})
    made.snapshot(3, {})
    made.snapshot_visible(SNAPSHOT)
    made.snapshot(3, {})
    made.adopt(3, 5, [])
    made.snapshot(3, {})
    assert [call[2] for call in agent.calls if call[0] == "snapshot"] == [False, True, False, False]


def test_an_answer_names_its_question_and_the_time() -> None:
    """Readings of the entities here, with the question's id and domain and the clock's time."""
    made, _ = speaking()
    found = made.answer(FleetQuestion("q1", ("cart",), 0, 1, 0, 0, domain="shop"))
    assert (found.question, found.at, found.readings, found.domain, found.mute) == ("q1", 77, (READING,), "shop", ())


def test_a_question_waits_for_the_batch_in_hand() -> None:
    """While the agent digests a batch, another thread's question is not let in."""
    made, agent = speaking()
    inside, go_on = threading.Event(), threading.Event()
    answered: list[object] = []

    def slow(batch: Sequence[FetchedRecords], received_at: int) -> Produced:
        inside.set()
        assert go_on.wait(10)
        assert answered == []
        return Produced()

    agent.handle = slow  # type: ignore[method-assign]
    question = FleetQuestion("q1", (), 0, 1, 0, 0)
    batch = threading.Thread(target=made.handle, args=([], 5))
    asking = threading.Thread(target=lambda: answered.append(made.answer(question)))
    batch.start()
    assert inside.wait(10)
    asking.start()
    assert made._lock.locked()
    go_on.set()
    batch.join(10)
    asking.join(10)
    assert len(answered) == 1


def _read(record: OutRecord) -> tuple[Any, ...]:
    found = decode(record.value, Receipt(NOW + 1, str))
    assert isinstance(found, tuple), found
    return found


@pytest.mark.parametrize("call", ["handle", "tick", "lost"])
def test_an_error_leaves_the_lock_free(call: str) -> None:
    """A batch that cannot be digested does not silence the shard."""
    made, agent = speaking()

    def broken(*_: object, **__: object) -> Produced:
        raise RuntimeError("broken batch")

    setattr(agent, call, broken)
    calls: dict[str, Callable[[], object]] = {
        "handle": lambda: made.handle([], 1),
        "tick": lambda: made.tick(1, current=True),
        "lost": lambda: made.lost(PLACE, 0, 1, received_at=1),
    }
    with pytest.raises(RuntimeError):
        calls[call]()
    assert made.ledger() == []
