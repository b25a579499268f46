"""Message and level of structured lines, against parsers of JSON and of logfmt."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.logs.message import FIELDS, MOST_SCANNED, NUMBERS, WORDS, message, severity
from detectors.wire.compiling import compiled

NAMES = ["message", "msg", "@message", "body", "event", "log"]
LEVELS = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "warning": 13, "error": 17, "fatal": 21, "critical": 21}
OTHER = ["time", "caller", "user_id", "messages", "leveled", "x"]


@compiled
def _message(buffer, begin, end, fields, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    out[0], out[1], out[2] = message(buffer, begin, end, fields)


@compiled
def _severity(buffer, fields):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return severity(buffer, np.int64(0), np.int64(len(buffer)), fields)


def read(line: bytes, around: bytes = b"") -> tuple[bytes, int]:
    """Bytes of the message and severity of a line that stands between others."""
    out = np.zeros(3, np.int64)
    whole = around + line + around
    _message(np.frombuffer(whole, np.uint8), np.int64(len(around)), np.int64(len(around) + len(line)), FIELDS, out)
    begin, end, level = out.tolist()
    assert len(around) <= begin <= end <= len(around) + len(line)
    return whole[begin:end], level


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "a"]), inside, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)  # the first call compiles
@given(
    st.dictionaries(st.sampled_from([*NAMES, *OTHER, "MESSAGE"]), st.text(max_size=12) | VALUES, max_size=6),
    st.sampled_from([None, *LEVELS, "INFO", "Warn", "bogus", 10, 20, 30, 40, 50, 60, 70]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]),
    st.sampled_from([b"", b'"}', b'{"msg":"neighbour"}\n']),
)
def test_the_message_of_an_object_is_the_best_named_text(
    held: dict[str, Any], level: Any, separators: tuple[str, str], around: bytes
) -> None:
    """On its first level alone; the level may be a word or a number of bunyan."""
    line = json.dumps({**held, **({} if level is None else {"level": level})}, separators=separators).encode()
    named = {name.lower(): value for name, value in held.items()}
    best = next((named[name] for name in NAMES if isinstance(named.get(name), str) and named[name]), None)
    if {"message", "MESSAGE"} <= held.keys():
        return  # the first counts
    found, number = read(line, around)
    expected = line if best is None else json.dumps(best)[1:-1].encode()
    assert found == expected
    if isinstance(level, int):
        assert number == {10: 1, 20: 5, 30: 9, 40: 13, 50: 17, 60: 21}.get(level, 0)
    else:
        assert number == LEVELS.get(str(level).lower(), 0)


@pytest.mark.parametrize(
    ("line", "text", "level"),
    [
        (b'level=info msg="took 5 ms" user=7', b"took 5 ms", 9),
        (b"msg=started level=warn", b"started", 13),
        (b'time=2026 lvl=eror msg="x \\"y\\" z"', b'x \\"y\\" z', 0),
        (b"event=login message=done", b"done", 0),
        (b'level="ERROR" msg=""', b'level="ERROR" msg=""', 17),
        (b"msg= level=error", b"msg= level=error", 17),
        (b"took level=info msg=x", b"took level=info msg=x", 0),  # words first: it is no logfmt
        (b"a b=c", b"a b=c", 0),
        (b"=x msg=y", b"=x msg=y", 0),
        (b'"msg"=x', b'"msg"=x', 0),
        (b'msg="open', b"open", 0),
        (b"severity=emergency msg=a", b"a", 24),
        (b"a=1\tmsg=b\nlevel=debug", b"b", 5),
        (b"  msg=x", b"x", 0),
        (b"", b"", 0),
        (b"   ", b"   ", 0),
    ],
)
def test_logfmt_is_read_where_the_line_begins_with_a_key(line: bytes, text: bytes, level: int) -> None:
    """Keys in any order; what is no logfmt is its own message."""
    assert read(line) == (text, level)


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"{}", b'{"', b'{"msg', b'{"msg"', b'{"msg":', b'{"msg" "x"}', b"{msg:1}", b'{"msg":7}', b'{"msg":null}',
        b'{"a":{"msg":"x"}}', b'{"a":["msg","x"]}', b'{"msg":""}', b'{"a":"msg"}', b'{"a\\"msg":1}', b'[{"msg":"x"}]',
        b'{"messages":"x"}', b'{"level":"info"', b"{}{}",
    ],
)  # fmt: skip
def test_an_object_without_a_message_is_its_own(line: bytes) -> None:
    """Also one that is broken."""
    assert read(line)[0] == line


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b'{"msg":"open', b"open"),
        (b'{"msg":"a\\', b"a\\"),
        (b'{"a":[{"b":"]}"}],"msg":"x"}', b"x"),
        (b'{"a":"\\\\","msg":"x"}', b"x"),
        (b'{"a":"\\"","msg":"x\\ny"}', b"x\\ny"),
        (b' \t{"msg":"x"} trailing', b"x"),
        (b'{"msg":"first","msg":"second"}', b"first"),
        (b'{"log":"l","event":"e","msg":"m","message":"best"}', b"best"),
    ],
)
def test_what_is_nested_or_escaped_is_passed_over(line: bytes, text: bytes) -> None:
    """And a text that does not end goes to the end of its line."""
    assert read(line, b'"}')[0] == text


def test_deep_and_long_lines_cost_their_length() -> None:
    """A message that begins too late is not looked for."""
    deep = b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b',"msg":"x"}'
    assert read(deep)[0] == b"x"
    late = b'{"a":"' + b"y" * MOST_SCANNED + b'","msg":"x"}'
    assert read(late)[0] == late


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_line(line: bytes) -> None:
    """The message lies inside, and the level is one of OTLP's."""
    for each in (line, b"{" + line, b"msg=" + line):
        assert read(each, b"\\")[1] in {0, *NUMBERS.tolist()}


@pytest.mark.parametrize(
    ("word", "number"),
    [
        *LEVELS.items(), ("ERROR", 17), ("Notice", 10), ("panic", 21), ("crit", 21), ("emerg", 24), ("10", 1),
        ("60", 21), ("70", 0), ("15", 0), ("1", 0), ("100", 0), ("", 0), ("err", 17), ("erro", 0), ("errors", 0),
        ("information", 0),
    ],
)  # fmt: skip
def test_a_level_is_a_known_word_or_a_number_of_bunyan(word: str, number: int) -> None:
    """In any case; what is not known says nothing."""
    assert _severity(np.frombuffer(word.encode(), np.uint8), FIELDS) == number


def test_each_word_has_its_number() -> None:
    """By position."""
    assert len(WORDS) == len(NUMBERS) == len(set(WORDS.tolist()))
