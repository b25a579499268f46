"""Encryption of personal data: dead letters' original bytes are sealed, people's names become keyed digests.

The key is a file in the state folder with mode 0600. Decrypting a dead letter, or testing whether a digest belongs to a
name, needs this key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, ValidationError

from aiops.adapters.keys import KEY_BYTES, own_key
from aiops.model.cloudevents import envelope
from aiops.model.deadletters import DeadLetter, DeadLetterReason
from aiops.model.errors import PermanentError
from aiops.model.prose import Prose
from aiops.model.records import OutRecord

DEAD_LETTER = "io.aiops.deadletter.v1"
KEY = "sealing.key"
"""Name of the key file in the state folder."""
_NONCE_BYTES = 12
_SHOWN_BYTES = 120


class Seal:
    """Encrypts, decrypts and makes pseudonyms with one key.

    Args:
        key: 32 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise PermanentError(f"a sealing key has {KEY_BYTES} bytes, not {len(key)}")
        self._cipher = AESGCM(_derived(key, "seal"))
        self._names = _derived(key, "pseudonym")

    def seal(self, plain: bytes, about: str) -> bytes:
        """Nonce and AES-256-GCM ciphertext; ``about`` is the associated data and needed for decryption."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode(errors="surrogatepass"))

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """The plain bytes; ``PermanentError`` if the key or ``about`` differs, or the data was changed."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, about.encode(errors="surrogatepass"))
        except (InvalidTag, ValueError) as error:
            raise PermanentError("it was encrypted with another key, or changed since") from error

    def pseudonym(self, name: str) -> str:
        """A keyed digest (HMAC-SHA-256) of the normalised name. The same name gives the same digest."""
        plain = unicodedata.normalize("NFKC", name).strip().casefold().encode(errors="surrogatepass")
        return f"person-{hmac.new(self._names, plain, hashlib.sha256).hexdigest()[:24]}"


def open_seal(folder: Path) -> Seal:
    """The seal of a state folder; the first call makes its key. ``PermanentError``: the key file is invalid."""
    return Seal(own_key(folder / KEY))


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, f"aiops {purpose} 1".encode(), hashlib.sha256).digest()


_SHOWN = 200
"""Characters of a name that a letter shows."""


def mask(original: bytes) -> str:
    """Bytes masked for lists: letters become x, digits 9, non-ASCII and control characters dots."""
    text = original[:_SHOWN_BYTES].decode(errors="replace")
    shape = "".join(_shape(letter) for letter in text)
    more = f" … {len(original)} bytes" if len(original) > _SHOWN_BYTES else ""
    return shape + more


def _shape(letter: str) -> str:
    if letter.isalpha():
        return "x"
    if letter.isnumeric():
        return "9"
    return letter if letter.isascii() and letter.isprintable() else "·"


# -------------------------------------------------------------------------------------------------- dead letters


class _Data(BaseModel):
    """Data of the record: the dead letter's fields, and its content encrypted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    partition: int
    offset: int
    reason: DeadLetterReason
    items: int
    places: tuple[int, ...]
    at: int
    cut: bool
    detail: str
    shown: str
    """The content masked."""
    size: int
    """Bytes of the content."""
    sealed: str
    """Base64 of the encrypted key, headers and content."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    domain: str
    data: _Data


def _detail(letter: DeadLetter) -> Prose:
    """What is shown about a letter beside its reason; values of attributes are masked."""
    crowds = [
        f"{one.entity[:_SHOWN]} has {one.series} series; {one.attribute[:_SHOWN]} has {one.values} values in "
        f"{one.looked_at} of them, as {', '.join(mask(value.encode(errors='replace')) for value in one.examples)}"
        for one in letter.crowding
    ]
    return Prose("; ".join([letter.detail, *crowds] if letter.detail else crowds))


def encode_letter(letter: DeadLetter, seal: Seal, topic: str) -> OutRecord:
    """The Kafka record of a dead letter, keyed by its identity: a repeat has the same key."""
    headers = [[name, base64.b64encode(value).decode()] for name, value in letter.headers]
    key = None if letter.record_key is None else base64.b64encode(letter.record_key).decode()
    plain = json.dumps({"key": key, "headers": headers}).encode() + b"\n" + letter.original
    data = _Data(
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        reason=letter.reason,
        items=letter.items,
        places=letter.places,
        at=letter.at,
        cut=letter.cut,
        detail=_detail(letter),
        shown=mask(letter.original),
        size=len(letter.original),
        sealed=base64.b64encode(seal.seal(plain, f"{letter.domain} {letter.key}")).decode(),
    )
    event = envelope(
        DEAD_LETTER,
        ("aiops", letter.key),
        data.model_dump(mode="json"),
        at=letter.at,
        subject=letter.topic,
        domain=letter.domain,
    )
    return OutRecord(topic, letter.key.encode(), json.dumps(event, separators=(",", ":")).encode())


def masked_letter(value: bytes) -> dict[str, Any]:
    """A record's fields without the encrypted content; needs no key.

    Raises:
        PermanentError: it is not a dead letter.
    """
    record = _record(value)
    return {"domain": record.domain, **record.data.model_dump(mode="json", exclude={"sealed"})}


def decode_letter(value: bytes, seal: Seal) -> DeadLetter:
    """The dead letter of a record; ``PermanentError`` if it is not a dead letter, or was encrypted with another key."""
    record = _record(value)
    data = record.data
    bare = DeadLetter(
        topic=data.topic,
        partition=data.partition,
        offset=data.offset,
        reason=data.reason,
        items=data.items,
        places=data.places,
        at=data.at,
        original=b"",
        cut=data.cut,
        detail=Prose(data.detail),
        domain=record.domain,
    )
    try:
        sealed = base64.b64decode(data.sealed, validate=True)
    except ValueError as error:
        raise PermanentError("the record's sealed content is not base64") from error
    head, _, original = seal.unseal(sealed, f"{record.domain} {bare.key}").partition(b"\n")
    beside = json.loads(head)
    pairs = tuple((name, base64.b64decode(text)) for name, text in beside["headers"])
    key = None if beside["key"] is None else base64.b64decode(beside["key"])
    return replace(bare, original=original, headers=pairs, record_key=key)


def _record(value: bytes) -> _Record:
    try:
        record = _Record.model_validate_json(value)
    except ValidationError as error:
        raise PermanentError("the record is no dead letter of ours") from error
    if record.type != DEAD_LETTER:
        raise PermanentError(f"a record of type {record.type!r} is no dead letter")
    return record
