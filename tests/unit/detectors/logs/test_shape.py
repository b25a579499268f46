from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.logs import lookup
from detectors.logs.lookup import Lines
from detectors.logs.shape import CLASSES, MOST_BYTES, MOST_TOKENS, TABLES, place_hash, shape, varying, word
from detectors.logs.template_text import text_of
from detectors.wire.compiling import compiled
from detectors.wire.hashing import HashIndex
from tests.unit.detectors.logs.lines import laid_out


def template(line: str | bytes) -> str:
    """Text of a line's template."""
    body = line if isinstance(line, bytes) else line.encode()
    return text_of(body, lookup.dissect(body)).decode(errors="replace")


def looked_up(*lines: str | bytes, severity: int = 9) -> tuple[list[int], list[int]]:
    """Key and severity of each line."""
    bodies = [line if isinstance(line, bytes) else line.encode() for line in lines]
    text, found = laid_out(bodies, [severity] * len(bodies))
    keys = lookup.look_up(text, found, HashIndex().slots, general=np.zeros(1, np.uint8)).key
    return keys.tolist(), found.severity.tolist()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("user took 12.5 ms, 3 retries", "user took <*> ms, <*> retries"),
        ("from 10.0.0.7:443 to fe80::1ff:fe23:4567:890a", "from <*> to <*>"),
        ("mac FF:F2:9F:16 up", "mac <*> up"),
        ("GET /orders/new?all=True&x=2017-05-16T05 HTTP/1.1", "GET <*> <*>"),
        ("open C:\\temp\\file failed", "open C:<*> failed"),
        ("connection from db.example.com closed", "connection from <*> closed"),
        ("run main.py now", "run main.py now"),
        ("sizes 1,2,3 of [4, 5]", "sizes <*> of [<*>, <*>]"),
        ("rhost=10.0.0.1 status=M", "rhost=<*> status=M"),
        ("connection () at Sun Jul  7 12:30:35 2005", "connection (<*>) at <*> <*> <*> <*> <*>"),
        ("May the queue be empty", "May the queue be empty"),
        ("interrupts.........0 of dcbf", "interrupts..<*> of dcbf".replace("..<", ".........<")),
        ("session opened for user cyrus by (uid=0)", "session opened for user <*> by (uid=<*>)"),
        ("Größe überschritten für 7", "Größe überschritten für <*>"),
        ("line\x00with\ttabs", "line with tabs"),
        ("", ""),
        ("took <*> ms", "took <*> ms"),
    ],
)
def test_what_varies_is_left_out(line: str, expected: str) -> None:
    """Numbers, addresses, paths, hosts and dates; not words, files or the punctuation around them."""
    assert template(line) == expected


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_digit_survives_and_a_template_is_its_own(line: str) -> None:
    """No number leaves; a template that came to another slot has the same text and key there."""
    found = template(line)
    assert not any(character in "0123456789" for character in found)


@pytest.mark.parametrize(
    "line", ["order 7 of /srv/a", "a=1 b=x;y [1,2]", "Sun Jul 7 12:00:00", "x.y.com:80 (..3)", "() ok", "for user bob"]
)
def test_a_template_has_the_key_of_its_lines(line: str) -> None:
    """So lines and the templates that other slots send come together."""
    first, second = looked_up(line, template(line))[0]
    assert first == second


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("took 5 ms", "took 1.7e3 ms", True),
        ("from 10.0.0.1, 10.0.0.2", "from 10.0.0.1, 10.0.0.3", True),
        ("from 10.0.0.1,10.0.0.2", "from 10.0.0.1", True),
        ("VM paused 7", "VM started 7", False),
        ("mapRequest:7", "reduceRequest:7", False),
        ("one 7", "one 7 7", False),
        ("7 one", "one 7", False),
    ],
)
def test_lines_of_one_shape_have_one_key(first: str, second: str, *, same: bool) -> None:
    """And others have others."""
    keys = looked_up(first, second)[0]
    assert (keys[0] == keys[1]) is same


@pytest.mark.parametrize(
    ("line", "message", "severity"),
    [
        ('{"level":"error","msg":"lost 7 orders","x":{"msg":"no"}}', "lost <*> orders", 17),
        ('{"a":[1,{"message":"no"}],"message":"yes","severity":"WARN"}', "yes", 13),
        ('{"level":50,"time":1,"msg":"pino"}', "pino", 17),
        ('{"event":"less","message":"more"}', "more", 9),
        ('{ "msg" : "a \\"quoted\\" word" , "lvl" : "debug" }', 'a \\"quoted\\" word', 5),
        ('level=warn ts=1 msg="lost 7 orders" user_id=5', "lost <*> orders", 13),
        ("msg=done level=fatal", "done", 21),
        ("a plain msg=done line", "a plain msg=done line", 9),
        ('{"message":7}', '{"message":<*>}', 9),
        ('{"message":"unterminated', "unterminated", 9),
        ("{not json", "{not json", 9),
    ],
)
def test_structured_lines_give_message_and_level(line: str, message: str, severity: int) -> None:
    """JSON and logfmt at their first level; what is neither is its own message, and says nothing of its level."""
    assert template(line) == message
    assert looked_up(line, severity=0)[1] == [severity if severity != 9 else 0]


def test_the_sender_s_severity_counts_more_than_the_line_s() -> None:
    """A level in the body is used where the record has none."""
    assert looked_up('{"level":"error","msg":"x"}', severity=9)[1] == [9]


def test_depth_costs_nothing() -> None:
    """The message behind ten thousand brackets is found; brackets that are never closed are harmless."""
    deep = '{"a":' + "[" * 10_000 + "]" * 10_000 + ',"msg":"after all"}'
    assert template(deep) == "after all"
    assert template('{"a":' * 5_000) == template('{"a":' * 6_000)


def test_long_lines_are_read_at_their_beginning_only() -> None:
    """A megabyte has the template of its first words, and a word that is cut there is left out."""
    assert template("short of breath " + "x " * 500_000).startswith("short of breath x x")
    one, other = looked_up("word " * 198 + "longer" + "a" * 10**6, "word " * 198 + "longer" + "b" * 10**6)[0]
    assert one == other


@given(st.binary(max_size=400), st.integers(0, 400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_line(line: bytes, cut: int) -> None:
    """Whatever comes has a template and a key, alone or among others."""
    alone = looked_up(line, line[:cut])
    assert looked_up(line[:cut], line)[0] == alone[0][::-1]
    json.dumps(template(line))


def test_a_line_costs_no_look_at_other_lines() -> None:
    """The shape of a line is its own, wherever it lies in the buffer."""
    text, found = laid_out([b"abc 1", b"def 2"], [9, 9])
    swapped = Lines(found.begin[::-1].copy(), found.end[::-1].copy(), found.owner, found.severity)
    general = np.zeros(1, np.uint8)
    first = lookup.look_up(text, found, HashIndex().slots, general=general).key.tolist()
    assert lookup.look_up(text, swapped, HashIndex().slots, general=general).key.tolist() == first[::-1]


@compiled
def _shape(buffer, begin, end, parts, marks, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    out[0], out[1] = shape(buffer, begin, end, TABLES, parts, marks)


@compiled
def _word(buffer, lower):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return word(buffer, np.int64(0), np.int64(len(buffer)), lower)


@compiled
def _varying(place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return varying(place)


def shaped(line: bytes, around: bytes = b"") -> tuple[int, list[list[int]], bytes]:
    """Sum, rows of the tokens, and the bytes that vary as ``*``, of a line between others."""
    whole = around + line + around
    parts, out = np.zeros((MOST_TOKENS, 4), np.int64), np.zeros(2, np.uint64)
    marks = np.zeros(len(whole) + 1, np.uint8)
    _shape(np.frombuffer(whole, np.uint8), np.int64(len(around)), np.int64(len(around) + len(line)), parts, marks, out)
    inside = marks[len(around) : len(around) + len(line)].tolist()
    shown = bytes(ord("*") if marked else byte for byte, marked in zip(line, inside, strict=True))
    assert not marks[: len(around)].any()
    assert not marks[len(around) + len(line) :].any()
    return int(out[0]), parts[: int(out[1])].tolist(), shown


@given(st.text(alphabet='ab1.@/ :=<*>(),\t"\\', max_size=60), st.sampled_from([b" ", b"\n7", b"9/"]))
@settings(deadline=None, max_examples=200)
def test_the_sum_is_that_of_its_tokens_whatever_stands_around(line: str, around: bytes) -> None:
    """So the shape with another token in one place is one subtraction away."""
    total, parts, shown = shaped(line.encode())
    assert total == sum(part[0] for part in parts) % 2**64
    assert [line.encode()[begin:end] for _, begin, end, _ in parts] == line.encode().split()
    moved = shaped(line.encode(), around)
    assert (moved[0], moved[2]) == (total, shown)


def test_a_token_that_varies_as_a_whole_adds_what_its_place_says() -> None:
    """Whatever stood there."""
    for line in (b"7 is late", b"10.0.0.1 is late", b"/srv/a is late"):
        _, parts, _ = shaped(line)
        assert [part[3] for part in parts] == [1, 0, 0]
        assert parts[0][0] % 2**64 == int(_varying(np.int64(0)))


def test_the_same_word_adds_another_number_in_another_place() -> None:
    """Else two words could change places."""
    assert shaped(b"a b")[0] != shaped(b"b a")[0]
    assert shaped(b"a a")[1][0][0] != shaped(b"a a")[1][1][0]
    assert place_hash.targetoptions["no_cpython_wrapper"]  # type: ignore[attr-defined]


def test_long_lines_are_read_up_to_their_bounds() -> None:
    """What lies behind changes nothing, and a token that is cut does not count."""
    many = b"w " * (MOST_TOKENS + 20)
    assert len(shaped(many)[1]) == MOST_TOKENS
    assert shaped(many)[0] == shaped(many + b"more")[0]
    long = b"words " * 20 + b"x" * (2 * MOST_BYTES)
    assert len(shaped(long)[1]) == 20
    assert len(shaped(b"y" * (2 * MOST_BYTES))[1]) == 1


@pytest.mark.parametrize(
    ("text", "lower", "expected"),
    [
        (b"User", True, b"user"),
        (b"User", False, b"User"),
        (b"", True, b""),
        (b"12345678", True, b"12345678"),
        (b"123456789", True, b""),
    ],
)
def test_a_word_is_packed_as_its_bytes_lie(text: bytes, lower: bool, expected: bytes) -> None:  # noqa: FBT001
    """Up to eight of them; a longer one is none."""
    assert int(_word(np.frombuffer(text, np.uint8), lower)) == int.from_bytes(expected, "little")


def test_every_byte_has_the_class_that_its_character_has() -> None:
    """Letters past ASCII belong to words."""
    assert [byte for byte in range(256) if CLASSES[byte] & 1] == [*range(33), 127]
    assert [byte for byte in range(256) if CLASSES[byte] & 4] == list(b"0123456789")
    assert not CLASSES[128:].any()
