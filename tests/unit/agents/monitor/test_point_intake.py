"""Decoded points into a slot: how each ends, which go to other slots, and by which clock they are dated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aiops.agents.monitor.extensions import extensions_of
from aiops.agents.monitor.plan import Produced, SlotPlan
from aiops.agents.monitor.point_intake import aligned, feed, take_keyed, take_points
from aiops.agents.monitor.slot import Slot
from aiops.model.deadletters import DeadLetterReason
from aiops.model.ledger import Ending
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import DataPlane, Settings
from aiops.topic_names import Topics
from detectors import rows
from detectors.intervals import INTERVAL
from detectors.rows import KeyedRows
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.batch import PointBatch
from detectors.wire.formats import PointFormat
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable
from detectors.wire.slots import slot_of
from tests.unit.agents.monitoring.telemetry import SECOND, T0

TOPICS = Topics(keyed_by_entity=())
ARROW, KEYED = TOPICS.metrics_arrow, TOPICS.keyed
FORMAT = extensions_of(Settings()).formats[ARROW]
SLOTS = 2
OWN = [name for name in (f"s{number}" for number in range(40)) if slot_of(name, SLOTS) == 0]
FOREIGN = [name for name in (f"s{number}" for number in range(40)) if slot_of(name, SLOTS) == 1]
Point = tuple[str, float, float]
"""Entity, seconds from the start, value."""


def slot(number: int = 0, slots: int = 1, limit: int = 500) -> Slot:
    """An empty slot."""
    data = DataPlane(series_limit=limit, model_series=0)
    return Slot(SlotPlan(number, 1, slots=slots, topics=TOPICS, data=data))


def record(*points: Point) -> bytes:
    """A gauge of each entity."""
    table = SeriesTable()
    series = table.add([SeriesIdentity(entity, "load") for entity, _, _ in points])
    at = np.array([T0 + round(second * SECOND) for _, second, _ in points], np.int64)
    return PointEncoder(table).encode(series, at, np.array([value for *_, value in points], np.float64))


def fetched(*values: bytes, topic: str = ARROW, begin: int = 0, second: float = 0) -> FetchedRecords:
    """Records from an offset on."""
    places = list(range(begin, begin + len(values)))
    received = [T0 + round(second * SECOND)] * len(values)
    return FetchedRecords(TopicPartition(topic, 0), places, list(values), [None] * len(values), received)


def decoded(into: Slot, given: FetchedRecords) -> PointBatch:
    """The points of records."""
    assert isinstance(FORMAT, PointFormat)
    return FORMAT.decode(given.values, into.routers[ARROW].transit, given.appended_at[0])


def take(into: Slot, *values: bytes, begin: int = 0, second: float = 0) -> Produced:
    """Records of points arrive."""
    given, out = fetched(*values, begin=begin, second=second), Produced()
    take_points(into, given, decoded(into, given), received_at=given.appended_at[-1], out=out)
    return out


def keyed(into: Slot, *values: bytes, begin: int = 0, second: float = 0) -> Produced:
    """Records of the internal topic arrive."""
    given, out = fetched(*values, topic=KEYED, begin=begin, second=second), Produced()
    take_keyed(into, given, (given.appended_at[0], given.appended_at[0]), out=out)
    return out


def ended(found: Slot, topic: str = ARROW) -> dict[Ending, int]:
    """Units of a topic by ending; the account is even."""
    (line,) = [line for line in found.ledger() if line.topic == topic]
    assert (line.difference, line.records_difference) == (0, 0)
    return {ending: count for ending, count in line.endings.items() if count}


# ------------------------------------------------------------------------------------------------------ own points


def test_points_teach_their_series_and_a_copy_of_a_record_is_a_duplicate() -> None:
    """A producer that retries sends a record again under a new offset."""
    found = slot()
    value = record(("pay", 0, 1.0), ("shop", 0, 2.0))
    assert not take(found, value)
    assert not take(found, value, begin=1)
    assert ended(found) == {Ending.WARMING_UP: 2, Ending.DUPLICATE: 2}


@pytest.mark.parametrize(("behind", "ending"), [(300, Ending.WARMING_UP), (301, Ending.LATE)])
def test_a_point_is_late_when_it_is_older_than_allowed(behind: int, ending: Ending) -> None:
    """By more than five minutes behind its series' newest."""
    found = slot()
    take(found, record(("pay", 400, 1.0)), second=400)
    before = ended(found).get(ending, 0)
    take(found, record(("pay", 400 - behind, 1.0)), begin=1, second=401)
    assert ended(found)[ending] == before + 1


def test_a_broken_record_is_a_dead_letter_and_its_neighbours_are_taken() -> None:
    """It counts as one unit."""
    found = slot()
    out = take(found, record(("pay", 0, 1.0)), b"\xff\xff", record(("shop", 0, 1.0)))
    assert [(letter.offset, letter.items) for letter in out.dead_letters] == [(1, 1)]
    assert ended(found) == {Ending.WARMING_UP: 2, Ending.DEAD_LETTER: 1}


def test_a_value_that_is_no_number_is_a_dead_letter_of_its_record() -> None:
    """A format of an extension may let it through; a further value of the same data point is not a second unit."""
    found, out = slot(), Produced()
    given = fetched(record(("pay", 0, 1.0)), record(("pay", 1, 2.0), ("shop", 1, 2.0)))
    batch = replace(decoded(found, given), value=np.array([1.0, np.nan, np.inf]), unit=np.array([1, 1, 0], np.uint8))
    batch = replace(batch, items=np.array([1, 1]))
    take_points(found, given, batch, received_at=T0, out=out)
    letters = [(letter.offset, letter.reason, letter.items) for letter in out.dead_letters]
    assert letters == [(1, DeadLetterReason.NOT_A_NUMBER, 1)]
    assert ended(found) == {Ending.WARMING_UP: 1, Ending.DEAD_LETTER: 1}


def test_gaps_are_units_without_a_point() -> None:
    """A sender says that it has no value: that is noted, and teaches nothing."""
    found, out = slot(), Produced()
    given = fetched(record(("pay", 0, 1.0)))
    batch = decoded(found, given)
    take_points(found, given, replace(batch, gaps=2, items=batch.items + 2), received_at=T0, out=out)
    assert ended(found) == {Ending.WARMING_UP: 1, Ending.APPLIED: 2}


# ---------------------------------------------------------------------------------------------- points of other slots


def test_points_of_another_slot_are_forwarded_and_taken_there_once() -> None:
    """A replay forwards them again: the receiver knows the origin's offset."""
    sender, receiver = slot(0, SLOTS), slot(1, SLOTS)
    value = record((OWN[0], 0, 1.0), (FOREIGN[0], 0, 2.0), (FOREIGN[1], 0, 3.0))
    (sent,) = take(sender, value).forwards
    assert sent.partition == 1
    assert (ended(sender), sender.accounts[ARROW].forwarded) == ({Ending.WARMING_UP: 1}, 2)
    keyed(receiver, sent.value)
    keyed(receiver, sent.value, begin=1)
    assert ended(receiver, KEYED) == {Ending.WARMING_UP: 2, Ending.DUPLICATE: 2}
    table = receiver.memory.table
    assert {table.entities[code] for code in table.entity.tolist()} == set(FOREIGN[:2])


def test_times_that_another_slot_corrected_are_not_corrected_again() -> None:
    """A keyed record may carry the receipt of a broker whose clock is behind."""
    sender, receiver = slot(0, SLOTS), slot(1, SLOTS)
    (sent,) = take(sender, record((FOREIGN[0], 100, 1.0)), second=100).forwards
    keyed(receiver, sent.value, second=0)
    assert receiver.detection.bank.last_at(np.zeros(1, np.int32)).tolist() == [T0 + 100 * SECOND]


def test_own_series_beyond_the_limit_are_dead_letters_while_others_go_on() -> None:
    """Points of other slots need no room here."""
    found = slot(0, SLOTS, limit=2)
    out = take(found, record(*[(name, 0, 1.0) for name in OWN[:3]], (FOREIGN[0], 0, 1.0)))
    assert [(letter.reason, letter.items) for letter in out.dead_letters] == [(DeadLetterReason.SERIES_LIMIT, 1)]
    assert len(out.forwards) == 1
    take(found, record((OWN[0], 10, 1.0)), begin=1, second=10)
    assert ended(found) == {Ending.WARMING_UP: 3, Ending.DEAD_LETTER: 1}


def test_keyed_records_of_points_and_of_rows_are_taken_in_their_order() -> None:
    """Each run of one kind at once; a forged record is one dead letter at its own offset."""
    sender, receiver = slot(0, SLOTS), slot(1, SLOTS)
    points = [
        take(sender, record((FOREIGN[0], second, 1.0)), begin=second, second=second).forwards[0].value
        for second in range(2)
    ]
    line = (0, FOREIGN[0], "ERROR", "refused", T0 // INTERVAL, 4)
    lines = rows.encode(KeyedRows(origin=(TOPICS.otlp_logs, 0), logs=[line]))
    out = keyed(receiver, points[0], points[1], lines, b"forged", second=1)
    assert [letter.offset for letter in out.dead_letters] == [3]
    assert ended(receiver, KEYED) == {Ending.WARMING_UP: 2, Ending.LEARNED: 4, Ending.DEAD_LETTER: 1}
    assert receiver.heard[ARROW, 0] == T0 + SECOND


# ------------------------------------------------------------------------------------------------------------ times


def test_times_ahead_of_their_receipt_are_corrected_unless_another_slot_did_so() -> None:
    """Even then they move the topic's watermark by 10 s at most; a record without points does not move it."""
    for trusted, second, newest in ((False, 0, 0), (True, 900, 10)):
        found = slot()
        given = fetched(record(("pay", 900, 1.0)), record())
        batch = replace(decoded(found, fetched(record(("pay", 0, 1.0)))), at=np.array([T0 + 900 * SECOND]))
        corrected, highest = aligned(found, given, batch, received_at=T0, trusted=trusted)
        assert corrected.at.tolist() == [T0 + second * SECOND]
        assert highest.tolist() == [T0 + newest * SECOND, 0]
        assert found.marks[ARROW].newest == T0 + newest * SECOND


def test_a_poll_without_a_point_leaves_the_clock() -> None:
    """Nothing is scored, and the append time goes on."""
    found, out = slot(), Produced()
    given = fetched(record(), second=30)
    feed(found, given, decoded(found, given), out=out)
    assert (found.detection.high, found.detection.appended) == (0, T0 + 30 * SECOND)
    assert not out
