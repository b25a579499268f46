# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types.
"""Numbers of JSON text, in compiled loops: what is read is the double, or the integer, that Python would read.

Doubles by the method of Eisel and Lemire (Lemire 2021, "Number parsing at a gigabyte per second"); the few that it
leaves open are not read here.
"""

from __future__ import annotations

import numpy as np

from detectors.wire.compiling import inner

_LEAST, _MOST = -342, 308
_MINUS, _PLUS, _DOT, _ZERO, _NINE = ord("-"), ord("+"), ord("."), ord("0"), ord("9")


def _power_of_ten(exponent: int) -> tuple[int, int]:
    """The first 128 bits of 10^exponent, rounded down, as two words, the high one first."""
    if exponent >= 0:
        power = 10**exponent
        bits = power << 128 >> power.bit_length()
    else:
        power = 10**-exponent
        bits = (1 << (power.bit_length() + 127)) // power
        bits >>= bits.bit_length() - 128
    return bits >> 64, bits & (2**64 - 1)


_POWERS = np.array([_power_of_ten(exponent) for exponent in range(_LEAST, _MOST + 1)], np.uint64)
_EXACT = np.array([10.0**exponent for exponent in range(23)])
"""Powers of ten that are doubles."""
_FIVES = np.array([5**exponent for exponent in range(28)], np.uint64)
_HALVES = np.array([0.5**exponent for exponent in range(28)])


@inner
def scan_number(source, position, end):
    """A number as in JSON.

    Gives the position after it (-1: it is none, or has more than 19 digits), whether it is negative, its digits as an
    uint64, the power of ten they are to be multiplied by, and whether it was written as an integer.
    """
    digits, count, power = np.uint64(0), 0, np.int64(0)
    nothing = np.int64(-1), False, digits, power, False
    negative = position < end and source[position] == _MINUS
    if negative:
        position += 1
    first = position
    while position < end and _ZERO <= source[position] <= _NINE:
        digits = digits * np.uint64(10) + np.uint64(source[position] - _ZERO)
        count += (count != 0) | (digits != 0)  # 2^64 wraps to 0
        position += 1
    if position == first or (position > first + 1 and source[first] == _ZERO):
        return nothing
    integer = True
    if position < end and source[position] == _DOT:
        integer = False
        first = position = position + 1
        while position < end and _ZERO <= source[position] <= _NINE:
            digits = digits * np.uint64(10) + np.uint64(source[position] - _ZERO)
            count += (count != 0) | (digits != 0)
            position += 1
        power = first - position
        if power == 0:
            return nothing
    if position < end and source[position] | 32 == ord("e"):
        integer = False
        position, exponent = _scan_exponent(source, position + 1, end)
        if position < 0:
            return nothing
        power += exponent
    return (position, negative, digits, power, integer) if count <= 19 else nothing


@inner
def _scan_exponent(source, position, end):
    """Digits with a sign; the position after them (-1: there are none) and their value, at most 9,999."""
    minus = position < end and source[position] == _MINUS
    if minus or (position < end and source[position] == _PLUS):
        position += 1
    first, exponent = position, np.int64(0)
    while position < end and _ZERO <= source[position] <= _NINE:
        exponent = min(10 * exponent + np.int64(source[position] - _ZERO), np.int64(9_999))
        position += 1
    if position == first:
        return np.int64(-1), exponent
    return position, -exponent if minus else exponent


@inner
def _product(one, other):
    """High and low word of the product of two words."""
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    one_low, one_high, other_low, other_high = one & mask, one >> half, other & mask, other >> half
    low = one_low * other_low
    middle = one_high * other_low + (low >> half)
    cross = one_low * other_high + (middle & mask)
    return one_high * other_high + (middle >> half) + (cross >> half), (cross << half) | (low & mask)


@inner
def _leading_zeros(word):
    """Of a word that is not 0."""
    count = np.int64(0)
    for step in (32, 16, 8, 4, 2, 1):
        if word >> np.uint64(64 - step) == np.uint64(0):
            word <<= np.uint64(step)
            count += step
    return count


@inner
def _nearest(digits, power):
    """Bits of the double next to digits times ten to a power in the table, and whether it is known which that is."""
    zeros = _leading_zeros(digits)
    digits <<= np.uint64(zeros)
    exponent = ((217706 * power) >> 16) + 64 + 1023 - zeros
    high, low = _product(digits, _POWERS[power - _LEAST, 0])
    tail, zero, one = np.uint64(0x1FF), np.uint64(0), np.uint64(1)
    if high & tail == tail and low + digits < digits:
        more, rest = _product(digits, _POWERS[power - _LEAST, 1])
        merged = low + more
        if merged < low:
            high += one
        if high & tail == tail and merged + one == np.uint64(0) and rest + digits < digits:
            return zero, False
        low = merged
    top = high >> np.uint64(63)
    mantissa = high >> (top + np.uint64(9))
    exponent -= np.int64(one ^ top)
    if low == np.uint64(0) and high & tail == np.uint64(0) and mantissa & np.uint64(3) == one:
        return zero, False
    mantissa = (mantissa + (mantissa & one)) >> one
    if mantissa >> np.uint64(53) != np.uint64(0):
        mantissa >>= one
        exponent += 1
    if exponent < 1 or exponent >= 0x7FF:
        return zero, False
    fraction = mantissa & ((one << np.uint64(52)) - one)
    return (np.uint64(exponent) << np.uint64(52)) | fraction, True


@inner
def double_bits(negative, digits, power):
    """Bits of the double next to digits times ten to a power, and whether it is known which that is."""
    sign = np.uint64(1) << np.uint64(63) if negative else np.uint64(0)
    if digits == np.uint64(0):
        return sign, True
    if -len(_FIVES) < power < 0 and digits % _FIVES[-power] == np.uint64(0):
        # 5.0, 0.5: a whole number of halves, quarters... The rounded powers of Eisel and Lemire leave these open.
        value = np.float64(digits // _FIVES[-power]) * _HALVES[-power]
        return np.uint64(np.float64(value).view(np.int64)) | sign, True
    if power == 0 or (digits < np.uint64(1) << np.uint64(53) and -22 <= power <= 22):
        value = np.float64(digits)
        value = value * _EXACT[power] if power >= 0 else value / _EXACT[-power]
        return np.uint64(np.float64(value).view(np.int64)) | sign, True
    if power < _LEAST or power > _MOST:
        return sign, False
    bits, known = _nearest(digits, power)
    return sign | bits, known
