"""The loop over log records, as its tape shows it."""

from __future__ import annotations

import numpy as np
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from detectors.wire import log_walk as w
from detectors.wire import tape as t
from detectors.wire.envelope import Items
from tests.unit.detectors.wire.taped import AT, LATEST


def read(*records: list[bytes]) -> tuple[w.LineTape, bytes]:
    """The tape of records of lines, and the bytes."""
    flat = [(record, body) for record, bodies in enumerate(records) for body in bodies]
    whole = b"".join(body for _, body in flat)
    ends = np.cumsum([len(body) for _, body in flat], dtype=np.int64)
    ranges = np.zeros((4, max(len(flat), 1)), np.int64)
    for row, (record, body) in enumerate(flat):
        ranges[:, row] = ends[row] - len(body), ends[row], record, record + 10
    count = np.array([len(flat), len(records)], np.int64)
    items = Items(ranges, np.zeros((1, 2), np.int64), np.zeros(len(records), np.uint8), count)
    tape = w.make_tape(len(records), len(flat), LATEST)
    w.read_lines(np.frombuffer(whole + bytes(8), np.uint8), items, tape)
    return tape, whole


def line(**fields: object) -> bytes:
    text = fields.pop("text", None)
    made = LogRecord(**{"time_unix_nano": AT, **fields})  # type: ignore[arg-type]
    if text is not None:
        made.body.string_value = str(text)
    return made.SerializeToString()


def body_of(tape: w.LineTape, whole: bytes, row: int = 0) -> bytes:
    return whole[tape.numbers[w.BODY, row] : tape.numbers[w.BODY_END, row]]


def test_columns_are_the_lines_fields() -> None:
    """With the record and the resource that the envelope gave."""
    tape, whole = read([], [line(severity_number=17, text="Größe überschritten")])
    columns = tape.numbers[[w.AT, w.SEVERITY, w.IN_RECORD, w.IN_RESOURCE, w.OTHER], 0].tolist()
    assert columns == [AT, 17, 1, 11, 0]
    assert body_of(tape, whole).decode() == "Größe überschritten"


def test_a_line_without_a_time_has_that_of_its_observation() -> None:
    """Files have none."""
    tape, _ = read([line(time_unix_nano=0, observed_time_unix_nano=AT + 3), line(observed_time_unix_nano=AT + 3)])
    assert tape.numbers[w.AT, :2].tolist() == [AT + 3, AT]


@pytest.mark.parametrize(
    ("number", "text", "expected"),
    [
        (9, "ERROR", 9), (0, "ERROR", 17), (0, "Warning", 13), (0, "bogus", 0), (0, "", 0), (24, "", 24), (25, "", 0),
        (-1, "", 0), (0, "30", 9),
    ],
)  # fmt: skip
def test_the_number_counts_and_then_the_word(number: int, text: str, expected: int) -> None:
    """What OTLP does not know is not known."""
    made = line(severity_text=text) + (b"\x10" + _varint(number) if number else b"")
    assert read([made])[0].numbers[w.SEVERITY, 0] == expected


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


@pytest.mark.parametrize(
    "value",
    [
        AnyValue(int_value=7),
        AnyValue(bool_value=True),
        AnyValue(double_value=1.5),
        AnyValue(bytes_value=b"x"),
        AnyValue(),
    ],
)
def test_a_body_that_is_no_text_is_given_whole(value: AnyValue) -> None:
    """It is shown as JSON later; an empty one is an empty text."""
    tape, whole = read([LogRecord(time_unix_nano=AT, body=value).SerializeToString()])
    assert AnyValue.FromString(body_of(tape, whole)) == value
    assert tape.numbers[w.OTHER, 0] == (value != AnyValue())


def test_the_last_member_of_a_body_counts() -> None:
    """As protobuf reads a oneof that was written twice."""
    number, text = AnyValue(int_value=7).SerializeToString(), AnyValue(string_value="x").SerializeToString()
    for body, other in ((number + text, 0), (text + number, 1)):
        tape, _ = read([line() + b"\x2a" + bytes([len(body)]) + body])
        assert tape.numbers[w.OTHER, 0] == other


def test_a_line_without_a_body_is_an_empty_one() -> None:
    """It still has a level, and counts."""
    tape, whole = read([line(severity_number=9)])
    assert (body_of(tape, whole), tape.cursor[0]) == (b"", 1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"time_unix_nano": 0}, t.NO_TIME),
        ({"time_unix_nano": 5}, t.BAD_TIME),
        ({"time_unix_nano": LATEST + 1}, t.FAR_FUTURE),
    ],
)
def test_a_line_of_no_time_is_rejected(fields: dict[str, int], reason: int) -> None:
    """And the next one takes its place."""
    tape, whole = read([line(text="lost", **fields), line(text="kept")])
    assert tape.rejected[0, reason] == 1
    assert tape.items[0] == 2
    assert body_of(tape, whole) == b"kept"


@pytest.mark.parametrize(
    "body",
    [
        line(text="abc")[:-1],
        line(text="abc") + b"\x2a\x00",  # a body in two parts
        line() + b"\x2a\x02\x0a\x05",  # a text that is longer than its body
        line() + b"\x0b",  # a group
        line() + b"\x10",  # a number that is missing
    ],
)
def test_a_foreign_line_takes_its_record_with_it(body: bytes) -> None:
    """The whole of it is left to protobuf; the records beside it stay."""
    good = line(text="good")
    tape, _ = read([good], [good, body, line(time_unix_nano=0)], [good])
    assert tape.status.tolist() == [t.OK, t.FOREIGN, t.OK]
    assert tape.items.tolist() == [1, 0, 1]
    assert not tape.rejected.any()
    assert tape.numbers[w.IN_RECORD, : tape.cursor[0]].tolist() == [0, 2]


def test_nothing_is_read_of_nothing() -> None:
    """A poll without lines."""
    assert read()[0].cursor[0] == 0
