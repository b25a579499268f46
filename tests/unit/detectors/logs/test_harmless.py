"""Words that follow a telling key in harmless lines."""

from __future__ import annotations

import pytest

from detectors.logs.harmless import HARMLESS, NO_NAMES
from detectors.logs.masking import masks

KEYS = (b"password", b"token", b"secret", b"user", b"login")


def masked(text: bytes) -> list[bytes]:
    return [text[found.begin : found.end] for found in masks(text)]


def test_words_are_compared_in_lower_case() -> None:
    """One with a capital would never be met."""
    assert [word for word in HARMLESS if word != word.lower()] == []


def test_names_begin_with_a_capital() -> None:
    """Only such words are taken for names of people at all."""
    assert [word for word in NO_NAMES if not word[:1].isupper()] == []


@pytest.mark.parametrize("key", KEYS)
def test_a_harmless_word_after_a_key_is_no_secret(key: bytes) -> None:
    """``password: expired`` says what happened, and to nobody."""
    lines = [b"%s: %s" % (key, word) for word in sorted(HARMLESS) if word.isalpha()]
    assert [line for line in lines if masked(line)] == []


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", [b"swordfish", b"Tr0ub4dor", b"correcthorse", b"invalidx", b"xexpired"])
def test_any_other_word_is_one(key: bytes, value: bytes) -> None:
    """Also where a harmless word is a part of it."""
    assert masked(b"%s=%s" % (key, value)) == [value]


@pytest.mark.parametrize("word", sorted(NO_NAMES)[::9])
def test_a_thing_after_a_role_is_no_name(word: bytes) -> None:
    """``User Service`` is a part of the system."""
    assert masked(b"user %s logged in" % word) == []


def test_a_person_after_a_role_is_one() -> None:
    """The name goes and the rest stays."""
    assert masked(b"user Ada Lovelace logged in") == [b"Ada Lovelace"]
