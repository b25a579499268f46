"""Numbers of JSON text against Python's own reading of them."""

from __future__ import annotations

import json
import math
import re
import struct
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.wire.compiling import compiled
from detectors.wire.json_numbers import double_bits, scan_number

GRAMMAR = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
"""RFC 8259, section 6."""
_EXTREME = [
    "0", "-0", "0.0", "-0.0", "0e5", "-0e-400", "1", "5e-324", "4.9e-324", "2.4703282292062327e-324", "1e-400",
    "2.2250738585072014e-308", "2.225073858507201e-308", "1.7976931348623157e308", "1.7976931348623159e308", "1e309",
    "9007199254740993", "9007199254740992.5", "0.1", "0.30000000000000004", "123456789012345678", "1e22", "1e23",
    "8.5e22", "9999999999999999999", "18446744073709551615", "6.02214076e23", "1.0000000000000002e0", "0.5", "12.0",
    "12345678901234567890e-5", "100000000000000000000", "3.141592653589793238462643", "1e-22", "9223372036854775808.5",
    "7450580596923828125e-27", "18446744073709551616", "1844674407370955161600", "18446744073709.551616",
    "0.000000000000000000000000000000000000000000000001",
]  # fmt: skip


@compiled
def _read(source, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    """Position, negative, digits, power, integer, bits and whether they are known, to ``out``."""
    position, negative, digits, power, integer = scan_number(source, np.int64(0), np.int64(len(source)))
    bits, known = double_bits(negative, digits, power)
    out[0], out[1], out[2], out[3] = np.uint64(position), np.uint64(negative), digits, np.uint64(power)
    out[4], out[5], out[6] = np.uint64(integer), bits, np.uint64(known)


def read(text: bytes) -> tuple[int, bool, int, int, bool, float | None]:
    """What the loops read: position after it, sign, digits, power, integer, and the double where it is known."""
    out = np.zeros(7, np.uint64)
    _read(np.frombuffer(text, np.uint8), out)
    position, power = (int(out[place].astype(np.int64)) for place in (0, 3))
    value = struct.unpack("<d", int(out[5]).to_bytes(8, "little"))[0] if out[6] else None
    return position, bool(out[1]), int(out[2]), power, bool(out[4]), value


def same(one: float, other: float) -> bool:
    """Equal to the last bit, the sign of zero with it."""
    return struct.pack("<d", one) == struct.pack("<d", other)


@pytest.mark.parametrize("text", _EXTREME)
def test_what_is_known_is_pythons_double_to_the_last_bit(text: str) -> None:
    """Borders of the format and halves between two doubles; what is not known goes to Python itself."""
    position, *_, value = read(text.encode())
    if position > 0 and value is not None:
        assert position == len(text)
        assert same(value, float(text))


@settings(deadline=None)  # the first call compiles
@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(-1.7976931348623157e308)
def test_every_double_that_is_written_shortest_comes_back(value: float) -> None:
    """Python, Go, Java and JavaScript all write the shortest digits."""
    text = repr(value).encode()
    position, negative, *_, found = read(text)
    assert (position, negative) == (len(text), math.copysign(1.0, value) < 0)
    if abs(value) >= 2.2250738585072014e-308 or value == 0.0:
        assert found is not None
    assert found is None or same(found, value)


@settings(deadline=None)
@given(st.integers(0, 10**19 - 1), st.integers(-400, 400), st.booleans())
def test_any_digits_with_any_power_are_rounded_as_python_does(digits: int, power: int, negative: bool) -> None:  # noqa: FBT001
    """Also where the result is subnormal or infinite, if it is read at all."""
    text = f"{'-' * negative}{digits}e{power}"
    position, sign, found_digits, found_power, integer, value = read(text.encode())
    assert (position, sign, found_digits, found_power, integer) == (len(text), negative, digits, power, False)
    assert value is None or same(value, float(text))


@settings(deadline=None)
@given(st.integers(1, 2**53), st.integers(1, 30))
def test_fractions_of_two_are_known(whole: int, halvings: int) -> None:
    """They are exact, and the rounded powers of the general method leave them open."""
    exact = whole / 2**halvings
    text = np.format_float_positional(exact, unique=True, trim="-")
    if len(text.replace(".", "").lstrip("0")) <= 19:
        *_, value = read(text.encode())
        assert value is not None
        assert same(value, exact)


@settings(deadline=None)
@given(st.text(alphabet="0123456789+-.eE, x", max_size=28))
@example("01")
@example("-")
@example("1.")
@example(".5")
@example("1e")
@example("1e+")
@example("--1")
@example("+1")
@example("1.e5")
@example("1E10000")
def test_exactly_what_json_calls_a_number_is_one(text: str) -> None:
    """As far as the grammar goes, and not a byte further; more than 19 digits are left to others."""
    found = GRAMMAR.match(text.encode())
    position, _, digits, power, integer, _ = read(text.encode())
    begins = found is not None and not re.match(rb"-?0[0-9]", text.encode())
    whole = found.group() if found is not None and begins else b""
    begun = rb"[eE]" if re.search(rb"[.eE]", whole) else rb"[.eE]"
    if b"e" not in whole.lower() and re.match(begun, text.encode()[len(whole) :]):
        whole = b""  # a fraction or power that is begun belongs to it
    counted = re.sub(rb"[eE].*|[-.]", b"", whole).lstrip(b"0")
    if not whole or len(counted) > 19:
        assert position == -1
    else:
        assert position == len(whole)
        assert integer is isinstance(json.loads(whole), int)
        stated = int(re.split(rb"[eE]", whole + b"e0")[1])
        if abs(stated) < 9_999:
            assert Decimal(digits).scaleb(power) == abs(Decimal(whole.decode()))


def test_a_power_of_any_length_is_taken_for_a_large_one() -> None:
    """It must not run over and come back small."""
    assert read(b"1e18446744073709551617")[3] == 9_999
    assert read(b"1e-99999999999999999999")[3] == -9_999
    assert read(b"1e18446744073709551617")[5] is None


@pytest.mark.parametrize("text", [b"18446744073709551616", b"1844674407370955161600", b"0.18446744073709551616"])
def test_digits_that_wrap_to_nothing_are_counted(text: bytes) -> None:
    """2^64 has 20 digits, and none of them is left in 64 bits; it was read as 0."""
    assert read(text)[0] == -1


def test_leading_zeros_of_a_fraction_are_no_digits() -> None:
    """``0.000…1`` has one."""
    text = b"0." + b"0" * 40 + b"1"
    position, _, digits, power, _, value = read(text)
    assert (position, digits, power) == (len(text), 1, -41)
    assert value is not None
    assert same(value, float(text))


def test_nothing_is_read_past_the_end() -> None:
    """The next byte of the buffer would belong to another record."""
    assert read(b"")[0] == -1
    assert read(b"12,34")[0] == 2
