"""The loop over spans, as its tape shows it."""

from __future__ import annotations

import numpy as np
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from detectors.wire import span_walk as w
from detectors.wire import tape as t
from detectors.wire.envelope import Items
from detectors.wire.hashing import SEED, hash_strings
from tests.unit.detectors.wire.taped import AT, LATEST

KEYS = ("server.address", "net.peer.name", "db.system")
PEERS = 2
"""The first two name a peer, the third a use."""


def hashes(*texts: str) -> np.ndarray:
    body = "".join(texts).encode()
    ends = np.cumsum([0, *(len(text.encode()) for text in texts)]).astype(np.int32)
    out = np.empty(len(texts), np.uint64)
    assert hash_strings(np.frombuffer(body, np.uint8), ends, out, SEED)
    return out


def read(*records: list[bytes]) -> tuple[w.SpanTape, bytes]:
    """The tape of records of spans, each of a resource of its own, and the bytes."""
    flat = [(record, body) for record, bodies in enumerate(records) for body in bodies]
    whole = b"".join(body for _, body in flat)
    ends = np.cumsum([len(body) for _, body in flat], dtype=np.int64)
    ranges = np.zeros((4, max(len(flat), 1)), np.int64)
    for row, (record, body) in enumerate(flat):
        ranges[:, row] = ends[row] - len(body), ends[row], record, record
    count = np.array([len(flat), len(records)], np.int64)
    items = Items(ranges, np.zeros((len(records) or 1, 2), np.int64), np.zeros(len(records), np.uint8), count)
    tape = w.make_tape(len(records), len(flat), LATEST)
    w.read_spans(np.frombuffer(whole + bytes(8), np.uint8), items, tape, hashes(*KEYS), PEERS)
    return tape, whole


def span(**fields: object) -> Span:
    return Span(**{"name": "op", "start_time_unix_nano": AT, "end_time_unix_nano": AT + 5, **fields})  # type: ignore[arg-type]


def text(tape: w.SpanTape, whole: bytes, row: int, span_row: int = 0) -> bytes | None:
    word = int(tape.numbers[row, span_row])
    return None if word < 0 else whole[tape.words[word, 0] : tape.words[word, 1]]


def calling(kind: int = 3, **attributes: str) -> bytes:
    made = span(kind=kind)
    for key, value in attributes.items():
        made.attributes.add(key=key.replace("_", ".")).value.string_value = value
    return made.SerializeToString()


def test_columns_are_the_spans_fields() -> None:
    """Times, kind, status, and ids as their bytes lie."""
    made = span(kind=2, trace_id=bytes(range(16)), span_id=bytes(range(8)), parent_span_id=bytes([9] * 8))
    made.status.code = 2  # type: ignore[assignment]
    tape, whole = read([made.SerializeToString()])
    columns = tape.numbers[[w.AT, w.DURATION, w.IN_RECORD, w.IN_RESOURCE, w.KIND, w.STATUS], 0].tolist()
    assert columns == [AT, 5, 0, 0, 2, 2]
    assert tape.ids[0].tobytes() == bytes(range(16)) + bytes(range(8)) + bytes([9] * 8)
    assert text(tape, whole, w.NAME) == b"op"


@pytest.mark.parametrize(
    ("field", "size"), [("trace_id", 15), ("trace_id", 17), ("span_id", 7), ("parent_span_id", 16)]
)
def test_an_id_of_another_length_is_none(field: str, size: int) -> None:
    """It cannot be joined with anything."""
    tape, _ = read([span(**{field: b"\x01" * size}).SerializeToString()])
    assert not tape.ids[0].any()


def test_words_are_there_once() -> None:
    """With the record that had them first."""
    bodies = [span(name=name).SerializeToString() for name in ("a", "b", "a")]
    tape, whole = read(bodies[:2], bodies[2:])
    assert tape.cursor.tolist() == [3, 2]
    assert [text(tape, whole, w.NAME, row) for row in range(3)] == [b"a", b"b", b"a"]
    assert tape.words[:2, 2].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("body", "peer", "uses"),
    [
        (calling(server_address="pay"), b"pay", 0),
        (calling(net_peer_name="old"), b"old", 0),
        (calling(net_peer_name="old", server_address="new"), b"new", 0),
        (calling(server_address="", net_peer_name="old"), b"old", 0),
        (calling(server_address="db", db_system="redis"), b"db", 1),
        (calling(db_system="redis"), None, 1),
        (calling(url_full="x"), None, 0),
        (calling(kind=4, server_address="queue"), b"queue", 0),
        (calling(kind=2, server_address="self"), None, 0),
        (calling(kind=1, db_system="redis"), None, 0),
    ],
)
def test_a_caller_names_the_other_end_by_its_best_attribute(body: bytes, peer: bytes | None, uses: int) -> None:
    """Clients and producers alone; an empty text names nobody."""
    tape, whole = read([body])
    assert (text(tape, whole, w.PEER), int(tape.numbers[w.USES, 0])) == (peer, uses)


def test_an_attribute_that_is_no_text_names_nobody() -> None:
    """A number, or a list."""
    made = span(kind=3)
    made.attributes.add(key="server.address").value.int_value = 7
    made.attributes.add(key="net.peer.name").value.array_value.values.add(string_value="x")
    tape, whole = read([made.SerializeToString()])
    assert text(tape, whole, w.PEER) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"start_time_unix_nano": 0}, t.NO_TIME), ({"end_time_unix_nano": 0}, t.NO_TIME),
        ({"start_time_unix_nano": 5}, t.BAD_TIME), ({"end_time_unix_nano": AT - 1}, t.BAD_TIME),
        ({"end_time_unix_nano": LATEST + 1}, t.FAR_FUTURE), ({"start_time_unix_nano": 2**64 - 1}, t.FAR_FUTURE),
    ],
)  # fmt: skip
def test_a_span_of_no_time_is_rejected(fields: dict[str, int], reason: int) -> None:
    """Also one that ends before it starts; the next one takes its place."""
    tape, _ = read([span(**fields).SerializeToString(), span().SerializeToString()])
    assert tape.rejected[0, reason] == 1
    assert (tape.cursor[w.SPANS], tape.items[0]) == (1, 2)


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (5, 5), (300, 255), (-1, 0), (-(2**31), 0)])
def test_enums_of_tomorrow_fit_into_a_byte(value: int, expected: int) -> None:
    """Kinds and codes are 32 bits wide on the wire."""
    tape, _ = read([span().SerializeToString() + b"\x30" + varint(value) + b"\x7a" + sized(b"\x18" + varint(value))])
    assert tape.numbers[[w.KIND, w.STATUS], 0].tolist() == [expected, expected]


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def sized(body: bytes) -> bytes:
    return varint(len(body)) + body


@pytest.mark.parametrize(
    "body",
    [
        span().SerializeToString()[:-1],
        span().SerializeToString() + b"\x7a\x02\x18\x01" * 2,  # a status in two parts
        span().SerializeToString() + b"\x7a\x01\x18",  # a code that does not end
        span().SerializeToString() + b"\x0b",  # a group
        calling(server_address="pay").replace(b"\x03pay", b"\x09pay"),
        span(kind=3).SerializeToString() + b"\x4a\x06\x12\x00\x12\x02\x0a\x00",  # two values of one attribute
    ],
)
def test_a_foreign_span_takes_its_record_with_it(body: bytes) -> None:
    """The whole of it is left to protobuf; the records beside it stay."""
    good = span().SerializeToString()
    tape, _ = read([good], [good, body, good], [good])
    assert tape.status.tolist() == [t.OK, t.FOREIGN, t.OK]
    assert tape.items.tolist() == [1, 0, 1]
    assert tape.numbers[w.IN_RECORD, : tape.cursor[w.SPANS]].tolist() == [0, 2]


def test_a_tape_has_room_for_a_name_and_a_peer_each() -> None:
    """With every word another one."""
    tape, whole = read([calling(server_address=f"peer-{number}") for number in range(200)])
    assert {text(tape, whole, w.PEER, row) for row in range(200)} == {b"peer-%d" % number for number in range(200)}
    assert read()[0].cursor.tolist() == [0, 0]
