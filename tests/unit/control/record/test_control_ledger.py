"""The ledger of the control topics: each record ends once, and what retention took is an ending of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops.control.record.control_ledger import counted, ending_of, loss, lost
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import TopicPartition

PLACE = TopicPartition("aiops.anomalies", 0)
STEPS = st.lists(st.tuples(st.sampled_from(["read", "skip", "lose"]), st.integers(1, 9)), max_size=40)


@given(STEPS)
def test_offsets_and_units_always_add_up(steps: list[tuple[str, int]]) -> None:
    """Read, skipped by compaction or lost to retention, in any order: no difference, and losses are counted whole."""
    line, offset, gone = None, 10, 0
    for what, count in steps:
        if what == "lose":
            line = lost(line, PLACE, offset, end=offset + count)
            gone += count
        elif what == "skip" and line is None:
            continue  # whoever begins in a gap begins after it
        else:
            offset += count - 1 if what == "skip" else 0
            line = counted(line, PLACE, offset + 1, ending=Ending.APPLIED)
            count = 1  # noqa: PLW2901 - one record was read
        offset += count
    if line is not None:
        assert (line.difference, line.records_difference) == (0, 0)
        assert line.next_offset == offset
        assert line.endings.get(Ending.LOST_TO_RETENTION, 0) == gone


def test_a_loss_that_is_told_twice_is_counted_once() -> None:
    """After a failed commit the consumer may tell of it again; of a wider range only what is new counts."""
    line = lost(lost(None, PLACE, 5, end=9), PLACE, 5, end=9)
    assert line.endings == {Ending.LOST_TO_RETENTION: 4}
    assert lost(line, PLACE, 5, end=12).endings == {Ending.LOST_TO_RETENTION: 7}


def test_a_loss_is_trouble_of_the_runtime() -> None:
    """An episode that names the place and how much, with the same id when it is told again."""
    episode = loss(PLACE, 5, 9, at=1, domain="main")
    assert episode.entity == RUNTIME_ENTITY
    assert (episode.signals[0].value, episode.id) == (4.0, loss(PLACE, 5, 9, at=2, domain="main").id)


def test_a_record_without_events_was_applied() -> None:
    """It said nothing new, which is no failure."""
    assert ending_of([]) is Ending.APPLIED
    assert counted(None, PLACE, 6, ending=Ending.APPLIED) == LedgerLine(
        PLACE.topic, 0, 1, 1, {Ending.APPLIED: 1}, 0, first_offset=5, next_offset=6
    )
