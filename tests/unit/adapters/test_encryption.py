from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.encryption import Seal, decode_letter, encode_letter, mask, masked_letter, open_seal
from aiops.model.deadletters import Crowding, DeadLetter, DeadLetterReason
from aiops.model.errors import PermanentError

SEAL = Seal(bytes(range(32)))
OTHER = Seal(bytes(32))

letters = st.builds(
    DeadLetter,
    topic=st.text(min_size=1, max_size=20),
    partition=st.integers(0, 9),
    offset=st.integers(0, 2**62),
    reason=st.sampled_from(DeadLetterReason),
    items=st.integers(1, 10**6),
    places=st.lists(st.integers(0, 10**6), max_size=10).map(tuple),
    at=st.integers(0, 2**62),
    original=st.binary(max_size=300),
    cut=st.booleans(),
    headers=st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=9)), max_size=3).map(tuple),
    record_key=st.none() | st.binary(max_size=9),
    detail=st.text(max_size=30),
    domain=st.text(min_size=1, max_size=9),
)


def letter(original: bytes = b'{"requester": "ann@example.org", "pin": 1234}') -> DeadLetter:
    return DeadLetter(
        topic="aiops.tickets",
        partition=0,
        offset=7,
        reason=DeadLetterReason.SCHEMA_MISMATCH,
        items=1,
        places=(0,),
        at=1_700_000_000_000_000_000,
        original=original,
        headers=(("from", b"ann@example.org"),),
    )


@given(letters)
def test_a_letter_comes_back_whole(found: DeadLetter) -> None:
    """Whatever the letter, its record opens to the same letter with the key."""
    assert decode_letter(encode_letter(found, SEAL, "dead").value, SEAL) == found


def test_a_record_shows_nothing_of_the_content() -> None:
    """Neither content nor headers can be read in the record or in its masked form; the key is the letter's."""
    record = encode_letter(letter(), SEAL, "aiops.dead-letters")
    shown = json.dumps(masked_letter(record.value))
    for secret in ("ann", "1234"):
        assert secret not in record.value.decode()
        assert secret not in shown
    assert (record.topic, record.key) == ("aiops.dead-letters", letter().key.encode())
    assert masked_letter(record.value)["shown"] == '{"xxxxxxxxx": "xxx@xxxxxxx.xxx", "xxx": 9999}'
    assert json.loads(record.value)["specversion"] == "1.0"


def test_another_key_opens_nothing() -> None:
    """A record of another installation is refused, and says why."""
    with pytest.raises(PermanentError, match="another key"):
        decode_letter(encode_letter(letter(), SEAL, "t").value, OTHER)


def test_a_changed_record_is_refused() -> None:
    """Sealed content moved to another record, or changed by a bit, does not open."""
    event = json.loads(encode_letter(letter(), SEAL, "t").value)
    event["data"]["offset"] = 8
    with pytest.raises(PermanentError):
        decode_letter(json.dumps(event).encode(), SEAL)
    sealed = bytearray(SEAL.seal(b"x", "about"))
    sealed[-1] ^= 1
    with pytest.raises(PermanentError):
        SEAL.unseal(bytes(sealed), "about")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_nothing_worse(value: bytes) -> None:
    """What is no record of ours is an error that says so."""
    with pytest.raises(PermanentError):
        decode_letter(value, SEAL)
    with pytest.raises(PermanentError):
        SEAL.unseal(value, "about")


@given(st.binary(max_size=400))
def test_a_mask_holds_no_letter_or_digit_of_the_content(original: bytes) -> None:
    """Only punctuation survives, and never a control character."""
    shape = mask(original).partition(" … ")[0]
    assert all(letter in "x9·" or not letter.isalnum() for letter in shape)
    assert shape.isprintable()


def test_sealing_twice_gives_different_bytes() -> None:
    """Equal contents cannot be told by their sealed form."""
    assert SEAL.seal(b"x", "about") != SEAL.seal(b"x", "about")


def test_pseudonyms_are_stable_and_keyed() -> None:
    """One person is one pseudonym however written; another key gives another; the name is not in it."""
    assert SEAL.pseudonym("Ann@Example.org ") == SEAL.pseudonym("ann@example.org")
    assert SEAL.pseudonym("ann@example.org") != SEAL.pseudonym("bob@example.org")
    assert SEAL.pseudonym("ann@example.org") != OTHER.pseudonym("ann@example.org")
    assert "ann" not in SEAL.pseudonym("ann")


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """The second opening uses the first one's key; nobody else may read it, and no other file is left."""
    record = encode_letter(letter(), open_seal(tmp_path / "state"), "t")
    assert decode_letter(record.value, open_seal(tmp_path / "state")) == letter()
    files = list((tmp_path / "state").iterdir())
    assert [(file.name, file.stat().st_mode & 0o777) for file in files] == [("sealing.key", 0o600)]


def test_a_key_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    """A cut key is an error and is not replaced: what it sealed would be lost."""
    (tmp_path / "sealing.key").write_bytes(b"short")
    with pytest.raises(PermanentError, match="32"):
        open_seal(tmp_path)
    assert (tmp_path / "sealing.key").read_bytes() == b"short"


def test_letters_of_different_domains_have_different_seals() -> None:
    """A record cannot be passed off as another domain's."""
    event = json.loads(encode_letter(replace(letter(), domain="a"), SEAL, "t").value)
    event["domain"] = "b"
    with pytest.raises(PermanentError):
        decode_letter(json.dumps(event).encode(), SEAL)


def test_a_crowded_entity_is_shown_with_its_attribute_and_masked_values() -> None:
    """The list names what explodes; the values keep their shape alone."""
    crowd = Crowding("shop", 250_000, "user.mail", 998, 1000, ("ann@example.org", "bob7@example.org"))
    found = replace(letter(), reason=DeadLetterReason.ENTITY_LIMIT, crowding=(crowd,))
    shown = masked_letter(encode_letter(found, SEAL, "aiops.dead-letters").value)
    assert shown["detail"] == (
        "shop has 250000 series; user.mail has 998 values in 1000 of them, as xxx@xxxxxxx.xxx, xxx9@xxxxxxx.xxx"
    )
    assert "ann" not in json.dumps(shown)
