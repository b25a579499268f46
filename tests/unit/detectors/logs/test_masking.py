from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.logs.masking import MOST_CHARS, mask


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("user ann@example.org logged in", "user <email> logged in"),
        ("from 10.0.0.7:443 to fe80::1ff:fe23:4567:890a", "from <ip> to <ip>"),
        ("took 12.5 ms, 3 retries", "took <num> ms, <num> retries"),
        ("order 6f9619ff-8b86-d011-b42d-00cf4fc964ff", "order <uuid>"),
        ("at 2026-01-02T03:04:05.123Z", "at <time>"),
        ("pointer 0xDEADbeef digest 9f86d081884c7d65", "pointer <hex> digest <hex>"),
        ("mac 00:1b:44:11:3a:b7", "mac <mac>"),
        ("password=hunter2 ok", "<secret> ok"),
        ("Authorization: Bearer-abc", "<secret>"),
        ("session abcd1234efgh5678 ended", "session <id> ended"),
        ("pod checkout-7d9f8c6b5-x2x9z died", "pod <id> died"),
        ("v2 of shard12", "v<num> of shard<num>"),
        ("line\x00with\ttabs", "line with tabs"),
        ("", ""),
    ],
)
def test_what_identifies_is_replaced_by_its_kind(line: str, expected: str) -> None:
    """Each kind of identifying text has its own mark."""
    assert mask(line) == expected


@given(st.text(max_size=3000))
@settings(max_examples=200, deadline=None)
def test_no_digit_survives(line: str) -> None:
    """No number of a line leaves; any text can be masked."""
    found = mask(line)
    assert not any(character in "0123456789" for character in found)


@pytest.mark.parametrize("unit", ["a", "1", "a1", "1.", "a@", "aa:", "0:", ".", "-", "token ", "a.b@", "é", "1e", "::"])
def test_no_line_takes_long(unit: str) -> None:
    """Repeated text of any kind is masked in time that people do not notice."""
    begin = time.perf_counter()
    for length in (MOST_CHARS, 100_000):
        mask((unit * length)[:length])
    assert time.perf_counter() - begin < 1.0
