"""A consumer that notices topics made anew, over a broker in memory that can do everything a real one does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from aiops.adapters.followed_topics import Origins, shown
from aiops.adapters.kafka.following_consumer import FollowingConsumer
from aiops.adapters.kafka.retention import starts
from aiops.adapters.kafka.topics import TopicState
from aiops.model.errors import TemporaryError
from aiops.model.records import FetchedRecords, TopicOrigin, TopicPartition

T0, T1, OTHER = TopicPartition("t", 0), TopicPartition("t", 1), TopicPartition("other", 0)


@dataclass
class Log:
    """One topic: its id, and the values of each partition; ``first`` is what retention keeps."""

    topic_id: str
    partitions: list[list[bytes]]
    first: int = 0


@dataclass
class Broker:
    """Topics in memory; plays catalogue and consumer."""

    topics: dict[str, Log] = field(default_factory=dict)
    at: dict[TopicPartition, int] = field(default_factory=dict)
    losses: list[tuple[TopicPartition, int, int]] = field(default_factory=list)
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    away: bool = False
    made: int = 0
    closed: int = 0
    lagging: dict[str, TopicState] = field(default_factory=dict)
    """Topics as the broker that is asked still knows them."""
    failures: int = 0
    """Next calls of ``assign`` that fail, as those on a topic that was made a moment ago."""

    def create(self, name: str, partitions: int = 1) -> None:
        self.made += 1
        self.topics[name] = Log(f"id-{self.made}", [[] for _ in range(partitions)])

    def write(self, place: TopicPartition, *values: bytes) -> None:
        self.topics[place.topic].partitions[place.partition] += values

    def describe(self, names: list[str]) -> list[TopicState]:
        if self.away:
            raise TemporaryError("the broker is away")
        found = {name: log for name, log in self.topics.items() if name in names}
        states = {name: TopicState(name, len(log.partitions), log.topic_id) for name, log in found.items()}
        return [*(states | {name: one for name, one in self.lagging.items() if name in names}).values()]

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        if self.failures:
            self.failures -= 1
            raise TemporaryError("no leader yet")
        self.at, lost = starts(positions, {place: self._bounds(place) for place in positions})
        self.losses += lost

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        fetched = []
        for place, at in self.at.items():
            if place.topic not in self.topics:
                continue
            first, end = self._bounds(place)
            begin = at if first <= at <= end else first  # what a client does with an offset out of range
            offsets = list(range(begin, min(begin + 2, end)))
            if offsets:
                values = [self.topics[place.topic].partitions[place.partition][o] for o in offsets]
                fetched.append(FetchedRecords(place, offsets, values, [None] * len(offsets), [0] * len(offsets)))
                self.at[place] = offsets[-1] + 1
        return fetched

    def positions(self) -> dict[TopicPartition, int]:
        return dict(self.at)

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return {place: self._bounds(place) for place in self.at}

    def lost(self) -> list[tuple[TopicPartition, int, int]]:
        lost, self.losses = self.losses, []
        return lost

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        self.committed = dict(positions)

    def close(self) -> None:
        self.closed += 1

    def _bounds(self, place: TopicPartition) -> tuple[int, int]:
        log = self.topics.get(place.topic)
        if log is None or place.partition >= len(log.partitions):
            raise TemporaryError(f"no partition {place}")
        return log.first, len(log.partitions[place.partition])


class Hand:
    """A clock that a test moves, seconds."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def broker() -> Broker:
    made = Broker()
    made.create("t")
    made.create("other")
    return made


def following(broker: Broker, clock: Hand | None = None, slots: int | None = None) -> FollowingConsumer:
    return FollowingConsumer(broker, broker, slots=slots, now=clock or Hand())


def drain(consumer: FollowingConsumer, polls: int = 20) -> list[tuple[int, bytes]]:
    fetched = [records for _ in range(polls) for records in consumer.poll(0.0, 1)]
    return [pair for records in fetched for pair in zip(records.offsets, records.values, strict=True)]


def test_without_changes_offsets_are_the_brokers(broker: Broker) -> None:
    """Positions, bounds, losses and commits too."""
    broker.write(T0, *(b"%d" % n for n in range(5)))
    broker.topics["t"].first = 2
    consumer = following(broker)
    consumer.assign({T0: 1})

    assert drain(consumer) == [(2, b"2"), (3, b"3"), (4, b"4")]
    assert consumer.lost() == [(T0, 1, 2)]
    assert (consumer.positions(), consumer.bounds()) == ({T0: 5}, {T0: (2, 5)})
    consumer.commit({T0: 5})
    assert broker.committed == {T0: 5}
    consumer.close()
    assert broker.closed == 2


def test_a_new_topic_goes_on_where_the_old_one_ended(broker: Broker) -> None:
    """The unread offsets that were seen at the old topic are lost, and one more: nobody saw its last moment."""
    broker.write(T0, *[b"old"] * 4)
    clock = Hand()
    consumer = following(broker, clock)
    consumer.assign({T0: None})
    consumer.poll(0.0, 1)
    consumer.bounds()

    broker.create("t")
    broker.write(T0, b"new")
    clock.at += 10.0

    assert drain(consumer) == [(5, b"new")]
    assert consumer.lost() == [(T0, 2, 5)]
    assert consumer.bounds() == {T0: (5, 6)}
    consumer.commit(consumer.positions())
    assert broker.committed == {T0: 1}
    assert shown(consumer.origins) == {"t/0": ("id-3", 5)}


def test_a_new_topic_is_noticed_before_the_next_look_when_offsets_fall(broker: Broker) -> None:
    """A consumer that begins again at 0 is compared at once; none of its records is given out under old offsets."""
    broker.write(T0, *[b"old"] * 6)
    consumer = following(broker)
    consumer.assign({T0: None})
    drain(consumer)

    broker.create("t")
    broker.write(T0, b"a", b"b", b"c")

    assert drain(consumer) == [(7, b"a"), (8, b"b"), (9, b"c")]


def test_a_broker_that_still_knows_the_former_topic_is_not_believed(broker: Broker) -> None:
    """The new topic is read once and goes on; every second look falls on a broker whose metadata lags."""
    broker.write(T0, b"old")
    clock = Hand()
    consumer = following(broker, clock)
    consumer.assign({T0: None})
    (former,) = broker.describe(["t"])
    assert drain(consumer) == [(0, b"old")]
    broker.create("t")
    for number in range(8):
        broker.write(T0, b"%d" % number)
        clock.at += 6.0
        broker.lagging = {"t": former} if number % 2 else {}
        assert drain(consumer) == [(2 + number, b"%d" % number)]
    assert consumer.lost() == [(T0, 1, 2)]


def test_an_id_that_stays_is_believed_in_the_end(broker: Broker) -> None:
    """Whatever the first answer was: a consumer that began at a broker that lagged is not stuck."""
    (stale,) = broker.describe(["t"])
    broker.create("t")
    broker.write(T0, b"a", b"b")
    clock = Hand()
    consumer = following(broker, clock)
    consumer.recall({T0: TopicOrigin("id-3", 0, 2)})
    broker.lagging = {"t": stale}
    consumer.assign({T0: 1})
    assert [value for _, value in drain(consumer)] == [b"a", b"b"]  # as of another topic: twice, but not lost
    broker.lagging = {}
    clock.at += 70.0
    drain(consumer)
    broker.write(T0, b"c")
    clock.at += 70.0
    assert [value for _, value in drain(consumer)] == [b"c"]
    assert {topic_id for topic_id, _ in shown(consumer.origins).values()} == {"id-3"}


@pytest.mark.parametrize("fewer", [0, 1], ids=["none", "one of two"])
def test_partitions_that_a_broker_does_not_know_for_a_while_go_on_where_they_were(broker: Broker, fewer: int) -> None:
    """As after their addition, at a broker whose metadata lags."""
    broker.create("t", 2)
    broker.write(T0, b"a")
    broker.write(T1, b"b")
    clock = Hand()
    consumer = following(broker, clock)
    consumer.assign({T0: None, T1: None})
    assert drain(consumer) == [(0, b"a"), (0, b"b")]
    (whole,) = broker.describe(["t"])
    broker.lagging = {"t": TopicState("t", fewer, whole.topic_id)}
    clock.at += 10.0
    drain(consumer)
    broker.lagging = {}
    clock.at += 10.0
    broker.write(T1, b"c")
    assert drain(consumer) == [(1, b"c")]
    assert (consumer.positions(), consumer.lost()) == ({T0: 1, T1: 2}, [])


def test_a_snapshot_of_another_topic_does_not_win(broker: Broker) -> None:
    """Whether the old position exists in the new topic or not."""
    for count in (2, 50):
        broker.create("t")
        broker.write(T0, *(b"%d" % n for n in range(count)))
        consumer = following(broker)
        consumer.recall({T0: TopicOrigin("another", shift=100, end=130)})
        consumer.assign({T0: 120})
        assert drain(consumer, 40) == [(131 + n, b"%d" % n) for n in range(count)]
        assert consumer.lost() == [(T0, 120, 131)]


def test_a_stop_between_new_origin_and_first_record_counts_the_loss_again(broker: Broker) -> None:
    """The kept origins are newer than the position of the journal: the same range is lost, and nothing else."""
    broker.write(T0, b"a")
    consumer = following(broker)
    consumer.recall({T0: TopicOrigin("id-1", shift=31, end=31)})
    consumer.assign({T0: 12})

    assert drain(consumer) == [(31, b"a")]
    assert consumer.lost() == [(T0, 12, 31)]


def test_attempts_that_fail_count_a_loss_once(broker: Broker) -> None:
    """A new topic has no leader for a moment."""
    broker.write(T0, b"a")
    consumer = following(broker)
    consumer.recall({T0: TopicOrigin("another", end=4)})
    broker.failures = 3
    for _ in range(3):
        with pytest.raises(TemporaryError):
            consumer.assign({T0: 2})
    consumer.assign({T0: 2})

    assert consumer.lost() == [(T0, 2, 5)]
    assert drain(consumer) == [(5, b"a")]


def test_a_log_that_lost_its_end_gives_new_offsets_to_new_records(broker: Broker) -> None:
    """After an unclean election: what is appended at an old offset is another record."""
    broker.write(T0, *[b"x"] * 3)
    consumer = following(broker)
    consumer.recall({T0: TopicOrigin("id-1")})
    consumer.assign({T0: 8})
    broker.write(T0, b"new")

    assert drain(consumer) == [(9, b"new")]
    assert consumer.lost() == [(T0, 8, 9)]


def test_a_position_of_an_unknown_topic_past_its_end_begins_again(broker: Broker) -> None:
    """Snapshots of older versions have no ids: nothing of the topic is known to be read."""
    broker.write(T0, b"a", b"b")
    consumer = following(broker)
    consumer.assign({T0: 8})

    assert drain(consumer) == [(9, b"a"), (10, b"b")]
    assert consumer.lost() == [(T0, 8, 9)]


def test_a_missing_topic_waits_and_the_others_are_read(broker: Broker) -> None:
    """It is named; when it appears it is read from its beginning."""
    missing = TopicPartition("late", 0)
    broker.write(OTHER, b"o")
    clock = Hand()
    consumer = following(broker, clock)
    consumer.assign({OTHER: None, missing: None})

    assert drain(consumer) == [(0, b"o")]
    assert consumer.error == "topic late does not exist, or this user may not see it; create it"
    assert consumer.positions() == {OTHER: 1, missing: 0}

    broker.create("late")
    broker.write(missing, b"l")
    clock.at += 10.0
    assert drain(consumer) == [(0, b"l")]
    assert (consumer.error, consumer.lost()) == ("", [])


@pytest.mark.parametrize(
    ("partitions", "told"),
    [
        (1, "topic t has 1 partitions and kafka.partitions is 2: slots from 1 on read nothing from it; add partitions"),
        (2, ""),
        (4, "topic t has 4 partitions and kafka.partitions is 2: nobody reads those from 2 on; delete the topic and"),
    ],
)
def test_another_number_of_partitions_is_named_with_the_remedy(broker: Broker, partitions: int, told: str) -> None:
    """What exists is read meanwhile."""
    broker.create("t", partitions)
    broker.write(T0, b"a")
    consumer = following(broker, slots=2)
    consumer.assign({T0: None, T1: None})

    assert drain(consumer) == [(0, b"a")]
    assert consumer.error.startswith(told)
    assert bool(told) == bool(consumer.error)


def test_a_look_that_fails_does_not_disturb_the_reading(broker: Broker) -> None:
    """The catalogue has a connection of its own, which may be away while records come."""
    broker.write(T0, b"a")
    clock = Hand()
    consumer = following(broker, clock)
    consumer.assign({T0: None})
    broker.away = True
    clock.at += 10.0

    assert drain(consumer) == [(0, b"a")]


def test_origins_are_kept_before_a_record_is_given_out(broker: Broker) -> None:
    """And only when they change; partitions that are not assigned any more are left out."""
    kept: list[Origins] = []
    consumer = FollowingConsumer(broker, broker, keep=kept.append, now=Hand())
    consumer.assign({T0: None, OTHER: None})
    consumer.assign({T0: None, OTHER: None})
    assert kept == [{T0: TopicOrigin("id-1"), OTHER: TopicOrigin("id-2")}]

    broker.create("t")
    consumer.assign({T0: 3})
    assert kept[-1] == {T0: TopicOrigin("id-3", 4, 4)} == consumer.origins


class AnyHistory(RuleBasedStateMachine):
    """Whatever becomes of a topic and of its reader: offsets only grow, and each offset is read once or lost."""

    @initialize()
    def begin(self) -> None:
        self.broker, self.clock = Broker(), Hand()
        self.broker.create("t")
        self.written = 0
        self.consumer = following(self.broker, self.clock)
        self.consumer.assign({T0: None})
        self.next = 0
        self.topic_read: list[bytes] = []
        """Values of the present topic that were read under its origin."""
        self.snapshot: tuple[int, Origins, list[bytes]] = (0, dict(self.consumer.origins), [])

    @rule(count=st.integers(1, 7))
    @precondition(lambda self: "t" in self.broker.topics)
    def write(self, count: int) -> None:
        self.broker.write(T0, *(b"%d" % (self.written + n) for n in range(count)))
        self.written += count

    @rule()
    def make_anew(self) -> None:
        self.broker.create("t")

    @rule()
    def delete(self) -> None:
        self.broker.topics.pop("t", None)

    @rule()
    def let_time_pass(self) -> None:
        self.clock.at += 10.0

    @rule()
    def read(self) -> None:
        fetched = self.consumer.poll(0.0, 1)
        for place, begin, end in self.consumer.lost():
            assert (place, begin) == (T0, self.next)
            assert end > begin
            self.next, self.topic_read = end, []
        for records in fetched:
            assert list(records.offsets) == list(range(self.next, self.next + len(records.offsets)))
            self.next = records.offsets[-1] + 1
            self.topic_read += records.values

    @rule()
    def take_snapshot(self) -> None:
        self.read()
        self.snapshot = (self.next, dict(self.consumer.origins), list(self.topic_read))

    @rule()
    def restart(self) -> None:
        self.next, origins, read = self.snapshot
        self.topic_read = list(read)
        self.consumer = following(self.broker, self.clock)
        self.consumer.recall(origins)
        self.consumer.assign({T0: self.next or None})

    @rule()
    def read_all_of_the_present_topic(self) -> None:
        if "t" not in self.broker.topics:
            return
        self.clock.at += 10.0
        for _ in range(60):
            self.read()
        assert self.topic_read == self.broker.topics["t"].partitions[0]

    def teardown(self) -> None:
        if hasattr(self, "broker"):
            self.read_all_of_the_present_topic()


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
