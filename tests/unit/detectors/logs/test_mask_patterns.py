"""Patterns of secrets and personal data: what each must find, and that all have bounds."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from detectors.logs.mask_patterns import PERSONAL, SECRETS

RULES = [*SECRETS, *PERSONAL]
PLANTED = {
    "private_key": [
        b"-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
        b"-----BEGIN PRIVATE KEY-----cut",
    ],
    "jwt": [b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"],
    "cookie": [b"Set-Cookie: sid=abc; Path=/", b"cookie=session-abcdef"],
    "authorization": [b"Authorization: Basic dXNlcjpwYXNz", b"using Bearer abc.def-ghi"],
    "token": [
        b"ghp_abcdefghijklmnopqrstuvwxyz",
        b"AKIAIOSFODNN7EXAMPLE",
        b"xoxb-123456789012-abc",
        b"sk_live_abcdefgh12345678",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PLANTED.items() for text in texts])
def test_a_planted_secret_is_found_by_a_rule_of_its_kind(kind: str, text: bytes) -> None:
    """And its hints let the rule be asked."""
    rules = [(hints, pattern) for name, hints, pattern in RULES if name == kind]
    assert [
        pattern.search(b"at 12:00 " + text) for hints, pattern in rules if any(hint in text.lower() for hint in hints)
    ] != [None] * len(rules)


@pytest.mark.parametrize("place", range(len(RULES)))
def test_every_hint_is_in_lower_case(place: int) -> None:
    """They are looked for in the message in lower case."""
    _, hints, _ = RULES[place]
    assert hints
    assert [hint for hint in hints if hint != hint.lower()] == []


@pytest.mark.parametrize("place", range(len(RULES)))
def test_each_rule_masks_one_named_group_or_the_whole(place: int) -> None:
    """What masks do with a group follows from its name."""
    _, _, pattern = RULES[place]
    assert set(pattern.groupindex) <= {"value", "token", "odd", "place", "names"}


@pytest.mark.parametrize("place", range(len(RULES)))
@pytest.mark.parametrize(
    "text",
    [
        b"a" * 4096, b"-" * 4096, b"password=" * 455, b"\"'" * 2048, b"A b " * 1024, b"1 " * 2048, b"user:" * 819,
        b"address " * 512, b"\\" * 4096, b"e" + b"yJ." * 1365, b"=" * 4096, b"Xx." * 1365, b" \t" * 2048,
    ],
)  # fmt: skip
def test_every_rule_comes_to_an_end_on_text_that_was_made_for_it(place: int, text: bytes) -> None:
    """Each finds what it finds once, in order and inside the text; a hang is the time limit's to see."""
    _, _, pattern = RULES[place]
    spans = [match.span() for match in pattern.finditer(text)]
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(0 <= begin <= end <= len(text) for begin, end in spans)


def test_all_repetitions_have_bounds() -> None:
    """A star or a plus would read to the end of the line from every place of it."""
    unbounded = []
    for kind, _, pattern in RULES:
        without_classes = re.sub(rb"\[(?:\\.|[^\]\\])*\]", b"C", pattern.pattern)
        plain = re.sub(rb"\\.", b"", without_classes)
        if re.search(rb"[*+]", plain):
            unbounded.append(kind)
    assert unbounded == []
