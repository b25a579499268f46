"""What must not be read by everybody: dead letters' originals, and people's names.

One key file in the state folder (0600) seals originals with AES-256-GCM and gives names as keyed digests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aiops.model import cloudevents
from aiops.model.deadletters import DeadLetter

KEY = "sealing.key"
DEAD_LETTER = "io.aiops.dead-letter.v1"
_NONCE = 12


class Sealer:
    """Seals and names under the key of a state folder; makes the key at first use."""

    def __init__(self, folder: Path) -> None:
        self._key = _key(folder)
        self._cipher = AESGCM(hashlib.sha256(b"seal" + self._key).digest())

    def pseudonym(self, name: str) -> str:
        """The same name gives the same 16 hex digits here, and others elsewhere (HMAC-SHA-256)."""
        return hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()[:16]

    def seal(self, original: bytes, about: bytes = b"") -> str:
        """Base 64 of nonce and ciphertext; ``about`` is bound to it."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, original, about)).decode()

    def open(self, sealed: str, about: bytes = b"") -> bytes:
        """The original; raises ``cryptography.exceptions.InvalidTag`` when it was touched or is of another key."""
        raw = base64.b64decode(sealed)
        return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], about)

    def dead_letter(self, letter: DeadLetter) -> bytes:
        """The letter as a CloudEvent, its original and headers sealed."""
        about = letter.key.encode()
        data = {
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "reason": letter.reason.value,
            "items": letter.items,
            "places": list(letter.places),
            "at": letter.at,
            "cut": letter.cut,
            "detail": letter.detail,
            "original": self.seal(letter.original, about),
            "headers": [[name, self.seal(value, about)] for name, value in letter.headers],
        }
        identity = ("/dead-letters", letter.key)
        event = cloudevents.envelope(
            DEAD_LETTER, identity, data, at=letter.at, subject=letter.topic, domain=letter.domain
        )
        return cloudevents.encode(event)


def _key(folder: Path) -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / KEY
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(32))
        file.flush()
        os.fsync(file.fileno())
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    """Another process may be between making and filling it."""
    for _ in range(50):
        key = path.read_bytes()
        if len(key) == 32:
            return key
        time.sleep(0.02)
    raise OSError(f"{path} holds no key: remove it if nothing sealed with it is needed any more")
