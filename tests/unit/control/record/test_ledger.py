"""The ledger's arithmetic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops.control.record.ledger import OffsetBounds, fold, printable
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import TopicPartition

AT = TopicPartition("otlp_metrics", 0)


def line(**changes: object) -> LedgerLine:
    """Ten records, a hundred points, all learned."""
    fields = {
        "topic": AT.topic,
        "partition": AT.partition,
        "records": 10,
        "items": 100,
        "endings": {Ending.LEARNED: 100},
        "forwarded": 0,
        "first_offset": 0,
        "next_offset": 10,
    }
    return LedgerLine(**(fields | changes))  # type: ignore[arg-type]


def test_everything_that_was_read_ended_once() -> None:
    """A partition that is read to its end has no difference and nothing in flight."""
    report = fold([line()], {AT: OffsetBounds(0, 10)})
    assert (report.difference, report.in_flight, report.items) == (0, 0, 100)
    assert report.endings == {Ending.LEARNED: 100}


def test_what_is_not_read_yet_is_in_flight() -> None:
    """Lag is no difference."""
    report = fold([line()], {AT: OffsetBounds(0, 25), TopicPartition("otlp_logs", 0): OffsetBounds(5, 9)})
    assert (report.difference, report.in_flight) == (0, 19)


def test_a_unit_that_ended_nowhere_is_a_difference() -> None:
    """99 endings of 100 points."""
    report = fold([line(endings={Ending.LEARNED: 99})], {AT: OffsetBounds(0, 10)})
    assert report.difference == 1
    assert "1 of 100 units" in printable(report)


def test_units_that_are_short_in_one_place_and_long_in_another_do_not_cancel() -> None:
    """Two wrongs are two."""
    other = TopicPartition("otlp_metrics", 1)
    lines = [line(endings={Ending.LEARNED: 99}), line(partition=1, endings={Ending.LEARNED: 101})]
    assert fold(lines, {AT: OffsetBounds(0, 10), other: OffsetBounds(0, 10)}).difference == 2


def test_a_skipped_record_is_a_difference() -> None:
    """Nine records counted between offsets 0 and 10."""
    assert fold([line(records=9)], {AT: OffsetBounds(0, 10)}).difference == 1


def test_records_of_a_compacted_topic_are_not_counted_by_offsets() -> None:
    """Compaction leaves holes."""
    assert fold([line(records=9)], {AT: OffsetBounds(3, 10, compacted=True)}).difference == 0


def test_the_broker_is_believed_against_us() -> None:
    """A position beyond the broker's end, or a beginning after records that it still keeps, is wrong."""
    assert fold([line()], {AT: OffsetBounds(0, 8)}).difference == 2
    assert fold([line(first_offset=4, records=6)], {AT: OffsetBounds(0, 10)}).difference == 4


def test_what_retention_removed_after_it_was_read_is_fine() -> None:
    """The broker's first offset moves on."""
    assert fold([line()], {AT: OffsetBounds(7, 10)}).difference == 0


def test_lost_to_retention_is_an_ending() -> None:
    """An offset range that was lost is accounted for."""
    lost = line(records=8, lost_offsets=2, items=82, endings={Ending.LEARNED: 80, Ending.LOST_TO_RETENTION: 2})
    assert fold([lost], {AT: OffsetBounds(2, 10)}).difference == 0


def test_the_newest_generation_of_a_slot_counts() -> None:
    """The line of a slot's former owner is old news, also when it came last."""
    lines = [line(generation=2, next_offset=10), line(generation=1, next_offset=12, records=12)]
    report = fold(lines, {AT: OffsetBounds(0, 12)})
    assert report.in_flight == 2


def test_forwarded_items_must_arrive() -> None:
    """What went on through the internal topic is counted by its receiver, or missing."""
    inner = TopicPartition("aiops.keyed", 0)
    sent = line(endings={Ending.LEARNED: 60}, forwarded=40)
    got = line(topic="aiops.keyed", records=4, items=40, endings={Ending.LEARNED: 40}, next_offset=4)
    bounds = {AT: OffsetBounds(0, 10), inner: OffsetBounds(0, 4)}
    assert fold([sent, got], bounds, internal="aiops.keyed").difference == 0
    short = line(topic="aiops.keyed", records=4, items=39, endings={Ending.LEARNED: 39}, next_offset=4)
    assert fold([sent, short], bounds, internal="aiops.keyed").difference == 1
    waiting = {AT: OffsetBounds(0, 10), inner: OffsetBounds(0, 5)}
    report = fold([sent, short], waiting, internal="aiops.keyed")
    assert (report.difference, report.in_transit) == (0, 1)
    assert "1 items are on their way in 1 records" in printable(report)


def test_items_sent_again_after_a_restart_are_no_difference() -> None:
    """They arrive twice and end once as duplicates; more than that was never sent by anybody."""
    inner = TopicPartition("aiops.keyed", 0)
    sent = line(endings={Ending.LEARNED: 60}, forwarded=40)
    bounds = {AT: OffsetBounds(0, 10), inner: OffsetBounds(0, 5)}
    endings = {Ending.LEARNED: 40, Ending.DUPLICATE: 10}
    twice = line(topic="aiops.keyed", records=5, items=50, endings=endings, next_offset=5)
    assert fold([sent, twice], bounds, internal="aiops.keyed").difference == 0
    endings = {Ending.LEARNED: 45, Ending.DUPLICATE: 5}
    made_up = line(topic="aiops.keyed", records=5, items=50, endings=endings, next_offset=5)
    report = fold([sent, made_up], bounds, internal="aiops.keyed")
    assert report.internal == -5
    assert "5 items arrived that no slot sent" in printable(report)


def test_what_a_sender_has_not_made_durable_yet_is_stated() -> None:
    """The receiver may be ahead of the sender's own account; the figure stays open until the sender has caught up."""
    inner = TopicPartition("aiops.keyed", 0)
    behind = line(records=5, items=50, endings={Ending.LEARNED: 30}, forwarded=20, next_offset=5)
    got = line(topic="aiops.keyed", records=4, items=40, endings={Ending.LEARNED: 40}, next_offset=4)
    report = fold([behind, got], {AT: OffsetBounds(0, 10), inner: OffsetBounds(0, 4)}, internal="aiops.keyed")
    assert report.difference == 0
    assert "5 records left to account for" in report.open


def test_lost_keyed_records_leave_the_comparison_open() -> None:
    """Nobody knows how many items a record held that retention removed unread."""
    inner = TopicPartition("aiops.keyed", 0)
    sent = line(endings={Ending.LEARNED: 60}, forwarded=40)
    endings = {Ending.LEARNED: 30, Ending.LOST_TO_RETENTION: 1}
    got = line(topic="aiops.keyed", records=3, lost_offsets=1, items=31, endings=endings, next_offset=4)
    report = fold([sent, got], {AT: OffsetBounds(0, 10), inner: OffsetBounds(1, 4)}, internal="aiops.keyed")
    assert report.difference == 0
    assert "lost to retention" in report.open


@given(st.dictionaries(st.sampled_from(Ending), st.integers(0, 1000)), st.integers(0, 1000))
def test_items_are_the_sum_of_their_endings(endings: dict[Ending, int], more: int) -> None:
    """The difference is what is missing from the sum, exactly."""
    held = line(items=sum(endings.values()) + more, endings=endings)
    assert fold([held], {AT: OffsetBounds(0, 10)}).difference == more


def test_a_partition_that_no_slot_reads_is_a_difference() -> None:
    """Its records never end; an empty one is no trouble yet."""
    full, empty = TopicPartition("otlp_logs", 4), TopicPartition("otlp_logs", 5)
    bounds = {full: OffsetBounds(2, 9, slots=4), empty: OffsetBounds(0, 0, slots=4)}

    report = fold([], bounds)

    assert [part.difference for part in report.partitions] == [7, 0]
    assert report.partitions[0].why == ("no slot reads this partition: kafka.partitions is 4",)
    assert report.partitions[1].why == ()
    assert fold([], {TopicPartition("otlp_logs", 3): OffsetBounds(2, 9, slots=4)}).difference == 0
