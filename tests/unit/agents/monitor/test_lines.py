"""Log lines counted by the slot that owns their entity: here, or there through the internal topic."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from aiops.agents.monitor.alignment import align_lines
from aiops.agents.monitor.calls import MOST_NAME
from aiops.agents.monitor.extensions import extensions_of
from aiops.agents.monitor.lines import take_logs, take_rows
from aiops.agents.monitor.plan import Produced, SlotPlan
from aiops.agents.monitor.slot import Slot
from aiops.agents.monitor.slot_routers import RowRouter
from aiops.model.deadletters import DeadLetterReason
from aiops.model.ledger import Ending
from aiops.model.records import FetchedRecords, OutRecord, TopicPartition
from aiops.settings import DataPlane, Settings
from aiops.topic_names import Topics
from detectors import rows
from detectors.intervals import INTERVAL
from detectors.rows import KeyedRows, LogRow
from detectors.wire.formats import LogFormat
from detectors.wire.slots import slot_of
from tests.unit.agents.monitoring.telemetry import SECOND, T0

TOPICS = Topics()
LOGS, KEYED = TOPICS.otlp_logs, TOPICS.keyed
ORIGIN = (LOGS, 0)
FORMATS = extensions_of(Settings()).formats
Told = tuple[str, float, str, int]
"""Entity, seconds from the start, text, severity."""


def slot(number: int = 0, slots: int = 1) -> Slot:
    """An empty slot."""
    return Slot(SlotPlan(number, 1, slots=slots, data=DataPlane(series_limit=500, model_series=0)))


def record(*lines: Told) -> bytes:
    """One export request."""
    request = ExportLogsServiceRequest()
    for entity, second, text, severity in lines:
        resource = request.resource_logs.add()
        resource.resource.attributes.add(key="service.name").value.string_value = entity
        at = T0 + round(second * SECOND)
        line = resource.scope_logs.add().log_records.add(time_unix_nano=at, severity_number=severity)
        line.body.string_value = text
    return request.SerializeToString()


def fetched(topic: str, values: Sequence[bytes], begin: int = 0, *, appended: float = 0) -> FetchedRecords:
    """Records from an offset on."""
    offsets = list(range(begin, begin + len(values)))
    return FetchedRecords(
        TopicPartition(topic, 0),
        offsets,
        list(values),
        [None] * len(values),
        [T0 + round(appended * SECOND)] * len(values),
    )


def take(into: Slot, *values: bytes, begin: int = 0, appended: float = 0) -> list[OutRecord]:
    """Records of lines arrive; what goes to other slots."""
    given = fetched(LOGS, values, begin, appended=appended)
    lines = FORMATS[LOGS]
    assert isinstance(lines, LogFormat)
    batch = lines.decode(given.values, into.memory, T0 + 3600 * SECOND)
    account = into.accounts[LOGS]
    account.take(given.offsets, int(batch.items.sum()))
    account.end(Ending.DEAD_LETTER, sum(entry.items for entry in batch.rejected))
    router = RowRouter(KEYED, given.source)
    late = int(into.logs.clock.lateness)
    batch, aligned = align_lines(into.senders, given, batch, source=into.numbers[LOGS], late_ns=late)
    take_logs(into, given, batch, router=router, aligned=aligned)
    return router.records()


def ended(found: Slot, topic: str = LOGS) -> dict[Ending, int]:
    """Units of a topic by ending; the account is even."""
    (line,) = [line for line in found.ledger() if line.topic == topic]
    assert (line.difference, line.records_difference) == (0, 0)
    return {ending: count for ending, count in line.endings.items() if count}


def counted(found: Slot) -> set[str]:
    """Entities whose lines became points when their intervals closed."""
    found.logs.advance(T0 + 7200 * SECOND)
    table = found.memory.table
    return {table.entities[code] for code in table.entity[: len(table)].tolist()}


# ---------------------------------------------------------------------------------------------------- lines of ours


def test_a_line_is_learned_once() -> None:
    """Each ends, and its interval becomes a point of its entity."""
    found = slot()
    assert take(found, record(("pay", 1, "paid order 7", 9), ("shop", 2, "sold order 8", 9))) == []
    assert ended(found) == {Ending.LEARNED: 2}
    assert counted(found) >= {"pay", "shop"}


def test_a_line_of_a_closed_interval_counts_in_the_oldest_open_one() -> None:
    """One line that is a minute ahead does not show that its sender's clock went on: the next line is not late."""
    found = slot()
    take(found, record(("pay", 0, "x", 9), ("pay", 60, "x", 9)))
    take(found, record(("pay", 0, "x", 9), ("pay", 61, "x", 9)), begin=1)
    assert ended(found) == {Ending.LEARNED: 4}


def test_a_line_that_is_older_than_its_sender_allows_is_late() -> None:
    """Its sender's clock went on for minutes, export by export."""
    found = slot()
    for minute in range(12):
        take(found, record(("pay", 60 * minute, "x", 9)), begin=minute, appended=60 * minute)
    take(found, record(("pay", 0, "x", 9)), begin=12, appended=720)
    assert ended(found) == {Ending.LEARNED: 12, Ending.LATE: 1}


def test_cutting_the_input_changes_nothing() -> None:
    """One poll of three records, or three polls of one."""
    values = [record(("pay", second, f"order {second}", 9), ("shop", second, "y", 17)) for second in (0, 30, 5)]
    one, many = slot(), slot()
    take(one, *values)
    for number, value in enumerate(values):
        take(many, value, begin=number)
    assert ended(one) == ended(many)
    assert one.logs.clock == many.logs.clock
    assert one.memory.table.entities == many.memory.table.entities


def test_an_empty_poll_and_a_record_without_lines_are_nothing() -> None:
    """Heartbeats of senders."""
    found = slot()
    assert take(found, record(), record(("pay", 1, "x", 9)), b"") == []
    assert ended(found) == {Ending.LEARNED: 1}


# ------------------------------------------------------------------------------------------------- lines of others

OTHERS = [name for name in ("pay", "shop", "stock", "mail", "ship", "cart") if slot_of(name, 2) == 1]
OURS = [name for name in ("pay", "shop", "stock", "mail", "ship", "cart") if slot_of(name, 2) == 0]


def sent(values: Sequence[OutRecord]) -> list[LogRow]:
    """Rows on the internal topic."""
    found: list[LogRow] = []
    for value in values:
        received = rows.decode(value.value, {})
        assert received is not None
        found += received.rows.logs
    return found


def test_lines_of_another_slot_s_entity_go_there_as_counts() -> None:
    """By template: ten lines that differ in a number are one row."""
    found = slot(0, 2)
    other, own = OTHERS[0], OURS[0]
    lines = [(other, 1.0, f"paid order {number}", 9) for number in range(10)]
    out = take(found, record(*lines, (own, 1.0, "x", 9)))
    (row,) = sent(out)
    assert (row[1], row[2], row[4], row[5]) == (other, "info", T0 // INTERVAL, 10)
    assert [one.partition for one in out] == [1]
    (line,) = found.ledger()
    assert (line.forwarded, line.difference) == (10, 0)
    assert ended(found) == {Ending.LEARNED: 1}


@pytest.mark.parametrize(
    ("severity", "level"),
    [(0, "info"), (9, "info"), (12, "info"), (13, "warning"), (16, "warning"), (17, "error"), (24, "error")],
)
def test_a_severity_is_a_level_on_the_way(severity: int, level: str) -> None:
    """OTLP's bounds."""
    (row,) = sent(take(slot(0, 2), record((OTHERS[0], 1.0, "x", severity))))
    assert row[2] == level


def test_what_must_not_leave_is_masked_before_it_leaves() -> None:
    """A row has the template and no user's mail address."""
    (row,) = sent(take(slot(0, 2), record((OTHERS[0], 1.0, "login of ann@example.org from 10.1.2.3", 9))))
    assert "ann@" not in row[3]
    assert "10.1.2.3" not in row[3]


@pytest.mark.parametrize("text", ["x" * 20_000, "x y " * 5_000, "é" * 9_000, "\ud7ff\U0010ffff" * 3_000, ""])
def test_a_huge_line_arrives_whole_enough_to_be_counted(text: str) -> None:
    """The receiver refuses longer texts than it stores: the sender sends none."""
    out = take(slot(0, 2), record((OTHERS[0], 1.0, text, 9)))
    assert sum(row[5] for row in sent(out)) == 1


def test_a_long_name_is_cut_alike_on_both_sides() -> None:
    """Else its owner would not be found."""
    name = "n" * 2 * MOST_NAME
    found = slot(slot_of(name[:MOST_NAME], 2), 2)
    take(found, record((name, 1.0, "x", 9)))
    assert ended(found) == {Ending.LEARNED: 1}
    assert all(len(entity) <= MOST_NAME for entity in counted(found))


# ------------------------------------------------------------------------------------------------------------- rows


def value(*found: LogRow, origin: tuple[str, int] = ORIGIN) -> bytes:
    """A record of the internal topic."""
    return rows.encode(KeyedRows(origin=origin, logs=list(found)))


def row(offset: int, second: float = 1.0, count: int = 3, level: str = "info", entity: str = "pay") -> LogRow:
    """Lines that another slot has counted."""
    return (offset, entity, level, "paid order *", (T0 + round(second * SECOND)) // INTERVAL, count)


def receive(into: Slot, *values: bytes, begin: int = 0) -> Produced:
    """Keyed records arrive."""
    out = Produced()
    take_rows(into, fetched(KEYED, values, begin), T0, out=out)
    return out


def test_rows_of_others_are_counted_as_the_lines_they_stand_for() -> None:
    """Three lines and five."""
    found = slot()
    assert receive(found, value(row(0), row(1, count=5))).dead_letters == []
    assert ended(found, KEYED) == {Ending.LEARNED: 8}
    assert "pay" in counted(found)


def test_rows_that_a_replay_sends_again_are_duplicates() -> None:
    """By their origin's offset; another origin has offsets of its own."""
    found = slot()
    receive(found, value(row(0), row(1)))
    receive(found, value(row(0), row(1), row(2)), begin=1)
    assert ended(found, KEYED) == {Ending.LEARNED: 9, Ending.DUPLICATE: 6}
    receive(found, value(row(0), origin=(LOGS, 1)), begin=2)
    assert ended(found, KEYED) == {Ending.LEARNED: 12, Ending.DUPLICATE: 6}


def test_rows_of_a_closed_interval_count_in_the_oldest_open_one() -> None:
    """The slot that forwarded them has judged their times by their sender's clock."""
    found = slot()
    receive(found, value(row(0, 600.0)))
    receive(found, value(row(1, 0.0, count=4)), begin=1)
    assert ended(found, KEYED) == {Ending.LEARNED: 7}


@pytest.mark.parametrize("junk", [b"", b"aiops-rows-1:", b"aiops-rows-1:{", b"aiops-rows-1:[]", b"\xff" * 40])
def test_a_record_that_cannot_be_read_is_one_dead_letter(junk: bytes) -> None:
    """The ones beside it count."""
    found = slot()
    out = receive(found, value(row(0)), junk, value(row(1)))
    assert [letter.reason for letter in out.dead_letters] == [DeadLetterReason.UNDECODABLE]
    assert ended(found, KEYED) == {Ending.LEARNED: 6, Ending.DEAD_LETTER: 1}


def test_an_unknown_level_counts_as_information() -> None:
    """A newer sender may know more."""
    found = slot()
    receive(found, value(row(0, level="fatal")))
    assert ended(found, KEYED) == {Ending.LEARNED: 3}


def test_rows_move_the_clock_of_their_origin() -> None:
    """So that an origin that is behind holds back the silence of its series."""
    found = slot()
    receive(found, value(row(0, 600.0)))
    newest = (T0 + 600 * SECOND) // INTERVAL * INTERVAL
    assert found.heard == {ORIGIN: newest}
    receive(found, value(row(1, 300.0)), begin=1)
    assert found.heard == {ORIGIN: newest}


def test_a_record_without_rows_moves_nothing() -> None:
    """It is read all the same."""
    found = slot()
    receive(found, value())
    assert ended(found, KEYED) == {}
    assert found.heard == {}
    assert found.logs.clock.newest == 0
