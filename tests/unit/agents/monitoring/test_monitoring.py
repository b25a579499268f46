from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.deadletters import DeadLetterReason
from aiops.model.entities import RUNTIME_ENTITY, EdgeKind, Objective
from aiops.model.episodes import Episode, Source
from aiops.model.errors import FencedOutError, PermanentError
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import FetchedRecords, SlotSnapshot, TopicPartition
from aiops.model.telemetry import FleetQuestion
from aiops.topic_names import Topics
from detectors.wire.slots import slot_of
from tests.unit.agents.monitoring.telemetry import READ, SECOND, SERVICES, T0, Log, metrics, settings, spans, story

TOPICS = Topics()
OBJECTIVES = {"pay": (Objective("availability", 0.999),)}


def agent(slots: int = 1, owned: Sequence[int] = (0,)) -> MonitoringAgent:
    """An agent that owns new slots."""
    made = MonitoringAgent(settings(slots), objectives=OBJECTIVES)
    for slot in owned:
        made.adopt(slot, 1)
    return made


def run(found: MonitoringAgent, log: Log, cuts: set[int]) -> Produced:
    """Everything that an agent makes of a log that is polled in the cuts given."""
    out = Produced()
    for poll in log.polls(cuts):
        out.add(found.handle(poll, READ))
        balanced(found.ledger())
    return out


def balanced(lines: Sequence[LedgerLine]) -> None:
    """Every unit ended once and every record was counted."""
    for line in lines:
        assert (line.difference, line.records_difference) == (0, 0), line


def same(left: SlotSnapshot, right: SlotSnapshot) -> None:
    """Two snapshots hold the same bytes."""
    assert left.positions == right.positions
    for name, part in left.parts.items():
        for key, array in part.items():
            if (name, key) in {("bank", "head"), ("memory", "since"), ("transit", "since")}:
                continue
            assert array.tobytes() == right.parts[name][key].tobytes(), (name, key)


# A whole story is slow to shrink; its failure is told as it was found.
PHASES = (Phase.explicit, Phase.generate)
STORY = story(1, junk=[b"\xff\xff", b"junk", b"", b"{}", b"[" * 5000, b'{"resourceMetrics": 4}'])


def test_trouble_is_found_with_the_right_entity_and_ends() -> None:
    """The sick service has one episode that opens near its onset, carries metric signals and ends; others have none."""
    out = run(agent(), STORY, {40, 100, 200})
    episodes = [episode for episode in out.episodes if episode.severity >= 0.5]
    assert {episode.entity for episode in episodes} == {"pay"}
    first, last = episodes[0], episodes[-1]
    assert abs(first.opened_at - (T0 + 285 * SECOND)) <= 10 * SECOND
    assert last.breaches_objective
    assert {signal.metric for signal in last.signals} >= {"cpu.utilization", "queue.length"}


def test_the_ledger_accounts_for_every_unit() -> None:
    """Points, lines, spans and undecodable records add up, and dead letters name their reasons."""
    found = agent()
    out = run(found, STORY, set())
    lines = {line.topic: line for line in found.ledger()}
    assert lines[TOPICS.metrics_arrow].items >= 80 * 60
    letters = Counter(letter.topic for letter in out.dead_letters)
    for topic, line in lines.items():
        assert line.endings[Ending.DEAD_LETTER] == sum(one.items for one in out.dead_letters if one.topic == topic)
        assert bool(letters[topic]) == bool(line.endings[Ending.DEAD_LETTER])
    assert sum(letters.values()) >= 4


@examples(max_examples=4, deadline=None, phases=PHASES)
@given(st.sets(st.integers(1, len(STORY.order) - 1), max_size=60))
def test_any_cut_of_the_input_gives_the_same_bytes(cuts: set[int]) -> None:
    """Episodes, edges, dead letters, ledger and snapshot do not depend on how polls cut the input."""
    whole, cut = agent(), agent()
    left, right = run(whole, STORY, set()), run(cut, STORY, cuts)
    assert left.episodes == right.episodes
    assert left.edges == right.edges
    assert left.dead_letters == right.dead_letters
    assert whole.ledger() == cut.ledger()
    same(whole.snapshot(0), cut.snapshot(0))


@examples(max_examples=4, deadline=None, phases=PHASES)
@given(st.sets(st.integers(1, len(STORY.order) - 1), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_a_restart_and_a_replay_of_the_tail_change_nothing(cuts: set[int], rng: random.Random) -> None:
    """Snapshots whole and incremental, a kill after further batches, and the tail again: the same as without."""
    whole = agent()
    left = run(whole, STORY, set())
    told: dict[tuple[str, int], Episode] = {}
    current = agent()
    chain: list[SlotSnapshot] = []
    places = sorted(cuts | {len(STORY.order)})
    begin = 0
    for generation, end in enumerate(places, start=2):
        polls = STORY.polls(set(range(1, len(STORY.order), 7)) | set(places))
        flat, seen = [], 0
        for poll in polls:
            size = sum(len(fetched.offsets) for fetched in poll)
            if begin <= seen < end:
                flat.append(poll)
            seen += size
        snapshot_at = rng.randrange(len(flat) + 1) if flat else 0
        for number, poll in enumerate(flat):
            out = current.handle(poll, READ)
            told |= {(episode.id, episode.revision): episode for episode in out.episodes}
            if number < snapshot_at:
                snapshot = current.snapshot(0)
                chain = [snapshot] if snapshot.base is None else [*chain, snapshot]
        if end < len(STORY.order):
            current = MonitoringAgent(settings(), objectives=OBJECTIVES)
            current.adopt(0, 1, chain)
            _replay(current, end, told)
        begin = end
        assert generation
    balanced(current.ledger())
    assert current.ledger() == whole.ledger()
    same(whole.snapshot(0), current.snapshot(0, full=True))
    assert set(told.values()) == set(left.episodes)


def _replay(found: MonitoringAgent, end: int, told: dict[tuple[str, int], Episode]) -> None:
    """Hands the records up to ``end`` in their order; those that the snapshot covers are left out by the agent."""
    for poll in STORY.polls(set(range(1, end, 11)) | {end}):
        place = STORY.order.index((poll[0].source, poll[0].offsets[0]))
        if place < end:
            told.update({(one.id, one.revision): one for one in found.handle(poll, READ).episodes})


@pytest.mark.parametrize("slots", [2, 3])
def test_unkeyed_topics_reach_the_owner_of_each_entity_once(slots: int) -> None:
    """With several slots every entity's series live in one slot, and nothing is lost or doubled on the way."""
    log = story(3, seconds=200, slots=slots)
    found = agent(slots, range(slots))
    sent = run(found, log, set(range(0, len(log.order), 5)))
    keyed = Log(slots)
    keyed.send(sent.forwards, T0 + 200 * SECOND)
    run(found, keyed, set())
    forwarded = sum(line.forwarded for line in found.ledger())
    first = _keyed(found)
    assert forwarded > 0
    assert first.total() == forwarded
    run_again = Log(slots)
    run_again.send([*sent.forwards, *sent.forwards], T0 + 200 * SECOND)
    for poll in run_again.polls(set()):
        found.handle(poll, READ)
    balanced(found.ledger())
    assert _keyed(found) - first == Counter({Ending.DUPLICATE: forwarded})
    for slot in range(slots):
        entities = set(found._owned[slot].slot.memory.table.entities)
        assert entities <= {service for service in SERVICES if slot_of(service, slots) == slot}


def _keyed(found: MonitoringAgent) -> Counter[Ending]:
    """How the units of the internal topic ended, over all slots."""
    endings: Counter[Ending] = Counter()
    for line in found.ledger():
        endings.update(line.endings if line.topic == TOPICS.keyed else {})
    return endings


def test_a_slot_moves_with_all_its_state() -> None:
    """What one agent gave up another goes on with, and an older generation is refused."""
    old, new, whole = agent(), MonitoringAgent(settings(), objectives=OBJECTIVES), agent()
    polls = STORY.polls({150})
    old.handle(polls[0], READ)
    snapshot = old.snapshot(0)
    positions = new.adopt(0, 2, [snapshot])
    assert positions[TopicPartition(TOPICS.otlp_logs, 0)] == snapshot.positions[TopicPartition(TOPICS.otlp_logs, 0)]
    old.drop(0)
    new.handle(polls[1], READ)
    run(whole, STORY, set())
    assert [line.endings for line in new.ledger()] == [line.endings for line in whole.ledger()]
    with pytest.raises(FencedOutError):
        new.adopt(0, 1)
    with pytest.raises(PermanentError):
        old.handle(polls[1], READ)


def test_a_snapshot_of_another_format_is_refused_by_name() -> None:
    """The sentence tells both formats, and comes before anything of the snapshot is read."""
    snapshot = agent().snapshot(0)
    head = {**snapshot.parts["head"], "numbers": np.array([2, 0, 0, 0], np.int64)}
    older = replace(snapshot, parts={**snapshot.parts, "head": head, "memory": {}})
    with pytest.raises(PermanentError, match=r"it has format 2 and this build reads 5: .* Move the folder slot-0000"):
        MonitoringAgent(settings()).adopt(0, 2, [older])


def test_a_snapshot_of_other_entity_names_is_refused() -> None:
    """Its series would never be heard again."""
    snapshot = agent().snapshot(0)
    bare = settings()
    bare = bare.model_copy(update={"data": bare.data.model_copy(update={"entity_scope": ()})})
    with pytest.raises(PermanentError, match=r"data\.entity_scope changed since"):
        MonitoringAgent(bare).adopt(0, 2, [snapshot])


def test_a_record_that_is_set_aside_is_one_dead_letter_and_its_neighbours_are_counted() -> None:
    """It is not decoded, keeps its bytes, and is skipped when it is read again."""
    found = agent()
    source = TopicPartition(TOPICS.otlp_metrics, 0)
    log = Log()
    log.parts[source] = [(metrics(0, random.Random(1)), T0)] * 3
    found.handle([log.fetched(source, 0, 1)], T0)
    (letter,) = found.set_aside(log.fetched(source, 1, 2)).dead_letters
    found.handle([log.fetched(source, 2, 3)], T0)
    assert (letter.offset, letter.reason, letter.items) == (1, DeadLetterReason.KILLED_SHARD, 1)
    assert letter.original == log.parts[source][1][0]
    assert found.set_aside(log.fetched(source, 1, 2)).dead_letters == []
    (line,) = found.ledger()
    assert (line.records, line.next_offset, line.endings[Ending.DEAD_LETTER]) == (3, 3, 1)
    balanced([line])


def test_a_batch_that_was_not_unpacked_is_one_dead_letter_of_all_its_records() -> None:
    """The part that was counted before is skipped, and the ledger stays whole."""
    found = agent()
    source = TopicPartition(TOPICS.otlp_metrics, 0)
    refused = FetchedRecords(
        source, range(3, 10), [b"gzip", *[b""] * 6], [None] * 7, [T0] * 7, refused=DeadLetterReason.TOO_LARGE
    )
    log = Log()
    log.parts[source] = [(metrics(0, random.Random(1)), T0)] * 12
    found.handle([log.fetched(source, 0, 5)], T0)
    (letter,) = found.handle([refused], T0).dead_letters
    found.handle([log.fetched(source, 10, 12)], T0)
    assert (letter.offset, letter.reason, letter.items) == (5, DeadLetterReason.TOO_LARGE, 5)
    assert found.handle([refused], T0).dead_letters == []
    (line,) = found.ledger()
    assert (line.records, line.records_difference, line.endings[Ending.DEAD_LETTER]) == (12, 0, 5)
    balanced([line])


def test_a_snapshot_that_does_not_fit_the_settings_says_what_to_do() -> None:
    """Rings of another length cannot be taken over: restore the setting or remove the snapshots."""
    snapshot = agent().snapshot(0)
    other = MonitoringAgent(settings(ring_steps=100))
    with pytest.raises(PermanentError, match=r"slot 0: .* restore data.ring_steps and data.series_limit, or remove"):
        other.adopt(0, 2, [snapshot])


def test_a_lost_range_is_counted_and_is_trouble_of_the_runtime() -> None:
    """Offsets that retention removed end as lost, open an episode of the runtime once, which ends by itself."""
    found = agent()
    source = TopicPartition(TOPICS.otlp_metrics, 0)
    (episode,) = found.lost(source, 0, 7, received_at=T0).episodes
    assert (episode.entity, episode.source) == (RUNTIME_ENTITY, Source.RUNTIME)
    assert found.lost(source, 0, 7, received_at=T0).episodes == []
    log = Log()
    log.parts[source] = [(metrics(0, random.Random(1)), T0)] * 10
    found.handle([log.fetched(source, 7, 10)], READ)
    (line,) = found.ledger()
    assert (line.endings[Ending.LOST_TO_RETENTION], line.lost_offsets, line.records) == (7, 7, 3)
    balanced([line])
    (ended,) = found.tick(T0 + 301 * SECOND).episodes
    assert ended.ended_at is not None


def test_who_takes_a_slot_over_ends_the_episode_of_its_loss() -> None:
    """It goes with the slot's snapshot, is ended once, by the new owner, under the new generation."""
    before = agent()
    after = MonitoringAgent(before.settings)
    (episode,) = before.lost(TopicPartition(TOPICS.otlp_metrics, 0), 0, 7, received_at=T0).episodes
    snapshot = before.snapshot(0)
    after.adopt(0, 5, [snapshot])
    after.adopt(0, 6, [snapshot])
    before.drop(0)
    assert before.tick(T0 + 301 * SECOND).episodes == []
    (ended,) = after.tick(T0 + 301 * SECOND).episodes
    assert (ended.id, ended.generation, ended.revision) == (episode.id, 6, 2)
    assert ended.ended_at is not None
    assert after.tick(T0 + 302 * SECOND).episodes == []


def test_edges_and_readings_are_told() -> None:
    """Spans show who calls whom, and a question about an entity is answered with its largest changes first."""
    found = agent()
    out = run(found, STORY, set())
    pairs = {(edge.source, edge.target) for edge in out.edges}
    assert pairs == set(pairwise(SERVICES))
    question = FleetQuestion("q", ("pay", "nobody"), T0 + 285 * SECOND, T0 + 320 * SECOND, T0, T0 + 240 * SECOND)
    (reading,) = found.answer(question)
    assert reading.entity == "pay"
    assert reading.watermark > T0 + 300 * SECOND
    assert reading.series[0].mean > reading.series[0].baseline_mean


@pytest.mark.parametrize("slots", [1, 3])
def test_databases_and_queues_are_used_and_services_are_called(slots: int) -> None:
    """A caller's span with db.system or messaging.system gives a `uses` edge, through other slots too."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_spans.add()
    peers = [("orders-db", 3, "db.system"), ("cache", 3, "db.system.name"), ("mails", 4, "messaging.system")]
    for number, (peer, kind, system) in enumerate([*peers, ("pay", 3, "rpc.system")], start=1):
        at = T0 + number * SECOND
        span = scope.spans.add(name="op", kind=kind, start_time_unix_nano=at, end_time_unix_nano=at + 1000)
        span.trace_id, span.span_id = b"\1" * 16, number.to_bytes(8)
        span.attributes.add(key=system).value.string_value = "something"
        span.attributes.add(key="server.address").value.string_value = peer
    log = Log(slots)
    for partition in range(slots):
        log.append(TOPICS.otlp_spans, partition, request.SerializeToString(), T0)
    found = agent(slots, range(slots))
    keyed = Log(slots)
    keyed.send(run(found, log, set()).forwards, T0)
    run(found, keyed, set())
    later = [
        FetchedRecords(TopicPartition(TOPICS.otlp_spans, slot), (1,), (spans(100, random.Random(1)),), (None,), (READ,))
        for slot in range(slots)
    ]
    edges = {edge.target: edge.kind for edge in found.handle(later, READ).edges if edge.source == "shop"}
    assert edges == dict.fromkeys(["orders-db", "cache", "mails"], EdgeKind.USES) | {"pay": EdgeKind.CALLS}


def test_a_quiet_input_still_ends_episodes_when_lag_is_small() -> None:
    """Without records time passes by ticks, but only where the input is known to be at its end."""
    found = MonitoringAgent(settings())
    found.adopt(0, 1)
    out = run(found, STORY, set())
    open_now = {one.id for one in out.episodes} - {one.id for one in out.episodes if one.ended_at is not None}
    assert open_now
    assert found.tick(READ + 120 * SECOND, lag_is_small=False).episodes == []
    ended = {one.id for one in found.tick(READ + 120 * SECOND, lag_is_small=True).episodes if one.ended_at is not None}
    assert ended == open_now


@examples(max_examples=40, deadline=None, phases=PHASES)
@given(st.lists(st.tuples(st.integers(0, 4), st.binary(max_size=300)), max_size=30), st.integers(0, 2**32))
def test_no_bytes_break_the_account(values: list[tuple[int, bytes]], seed: int) -> None:
    """Random bytes and damaged requests on every topic: no error, a balanced ledger, good records around them taken."""
    rng = random.Random(seed)
    log = Log()
    topics = (*TOPICS.telemetry, TOPICS.keyed)
    good = [metrics(0, rng), spans(0, rng)]
    log.append(TOPICS.otlp_metrics, 0, metrics(1, rng), T0)
    for which, value in values:
        damaged = bytearray(good[rng.randrange(2)])
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        log.append(topics[which], 0, value, T0)
        log.append(topics[which], 0, bytes(damaged), T0)
    log.append(TOPICS.otlp_metrics, 0, metrics(2, rng), T0)
    found = agent()
    run(found, log, {5, 9})
    assert sum(line.endings[Ending.WARMING_UP] for line in found.ledger()) >= 2 * 4 * len(SERVICES)
