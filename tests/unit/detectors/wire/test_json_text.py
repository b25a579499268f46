"""Strings of JSON text and values that nobody reads, against Python's reading of them."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.wire.compiling import compiled
from detectors.wire.json_text import skip_key, skip_value, space, take_text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=6), inside, max_size=4),
    max_leaves=12,
)
DEEPEST = 60


@compiled
def _text(source, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    return take_text(source, np.int64(0), np.int64(len(source)), out, np.int64(0))


@compiled
def _value(source, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return skip_value(source, np.int64(0), np.int64(len(source)), out, np.int64(0))


@compiled
def _key(source, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    after = space(source, np.int64(0), np.int64(len(source)))
    return skip_key(source, after, np.int64(len(source)), out, np.int64(0))


def taken(text: bytes) -> tuple[int, bytes]:
    """Position after a string whose opening quote was read, and its bytes; -1: it is none."""
    out = np.zeros(len(text) + 8, np.uint8)
    position, size = _text(np.frombuffer(text, np.uint8), out)
    return int(position), out[: int(size)].tobytes() if position >= 0 else b""


def skipped(text: bytes, loop: Any = _value) -> int:
    return int(loop(np.frombuffer(text, np.uint8), np.zeros(len(text) + 8, np.uint8)))


@settings(deadline=None)  # the first call compiles
@given(st.text(), st.booleans(), st.text(max_size=3))
@example("\U0001f600", True, "")
@example('"\\/\b\f\n\r\t\x00\x1f', True, "")
@example("߿ࠀ￿\U00010000\U0010ffff", True, "")
def test_a_string_is_read_as_python_reads_it(text: str, ascii_only: bool, behind: str) -> None:  # noqa: FBT001
    """Escaped or as it is, in one to four bytes a character, and only up to its quote."""
    written = json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert taken(written[1:] + behind.encode()) == (len(written) - 1, text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "text",
    [
        b"", b"open", b'tab\t"', b'line\n"', b'nul\x00"', b"\\", b'\\"', b'\\x41"', b'\\u12"', b'\\u123g"',
        b'\\u"', b'\\ud800"', b'\\ud800\\n"', b'\\ud800\\u0041"', b'\\udc00"', b'\\ud83d\\ud83d"', b"\\u00",
        b"\\ud83d\\", b"\\ud83d\\u", b"\\ud83d\\ude0", b'\\U0041"', b"\\'\"",
    ],
)  # fmt: skip
def test_what_is_no_string_is_none(text: bytes) -> None:
    """Open ends, raw control characters, unknown escapes, and halves of a pair: protobuf may say what they are."""
    assert taken(text)[0] == -1


def test_both_cases_of_hexadecimal_are_read() -> None:
    """RFC 8259 allows either."""
    assert taken(b'\\u00e9\\u00E9\\uD83D\\uDe00"')[1] == "éé\U0001f600".encode()


@settings(deadline=None)
@given(JSON, st.sampled_from([None, 1, "\t"]), st.sampled_from(["", " ", ",", "]", "}", "\n1"]))
def test_any_value_is_passed_over(value: Any, indent: Any, behind: str) -> None:
    """Nested, empty or indented, up to its last byte."""
    text = json.dumps(value, indent=indent).encode()
    if re.search(rb"[0-9.]{20}", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", text)) or (rb"\ud" in text and not _paired(text)):
        return
    assert skipped(text + behind.encode()) == len(text)


def _paired(text: bytes) -> bool:
    """Whether all surrogates come in pairs, so that the text is UTF-8."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@settings(deadline=None)
@given(st.text(alphabet='[]{}",:0truefalsn \\x', max_size=24))
@example("[1,]")
@example('{"a":1,}')
@example("[1 2]")
@example('{"a" 1}')
@example("{1:2}")
@example("[}")
@example('{"a":}')
@example("trux")
@example("nul")
@example("[[1],{}]")
@example("[,1]")
@example('{"a":1 "b":2}')
@example("fals")
@example("falsy")
@example("nulx")
@example("00")
@example("0e")
@example("[0e]")
def test_what_is_passed_over_is_json(text: str) -> None:
    """No text is taken for a value that Python refuses, and none is refused that it takes.

    Python takes the first 0 of ``00`` and ``0e`` and leaves the rest, which cannot follow a value in any JSON.
    """
    value = text.lstrip(" ")
    try:
        _, end = json.JSONDecoder(parse_constant=_refuse).raw_decode(value)
        goes_on = value[:end] == "0" and value[end : end + 1] in {"0", "e"}
        expected = -1 if goes_on else end + len(text) - len(value)
    except ValueError:
        expected = -1
    assert skipped(text.encode()) == expected


def _refuse(name: str) -> None:
    raise ValueError(name)


def test_depth_is_bounded() -> None:
    """60 levels, whatever they are; more go to a parser that says no."""
    for opening, closing, inside in (("[", "]", "1"), ('{"a":', "}", "1")):
        assert skipped((opening * DEEPEST + inside + closing * DEEPEST).encode()) > 0
        assert skipped((opening * (DEEPEST + 1) + inside + closing * (DEEPEST + 1)).encode()) == -1
    assert skipped(b"[" * 100_000) == -1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'"a":1', 4), (b' \n"a" \t: 1', 8), (b'"\\"":', 5), (b'"":', 3), (b'"a"', -1), (b'"a" 1', -1), (b"a:1", -1),
        (b'"a', -1), (b"", -1), (b"   ", -1),
    ],
)  # fmt: skip
def test_a_key_ends_after_its_colon(text: bytes, expected: int) -> None:
    """With white space on either side of the name."""
    assert skipped(text, _key) == expected
