"""Who may tell the runtime something over HTTP: bearer tokens, and a cookie for people who signed in with one.

Every person has a token of their own (``console.people``); the shared one signs as ``console``. A cookie holds a name
and an end, sealed with that person's token; every form carries a value derived from it, since another service on the
same host counts as the same site for a cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SHARED: Final = "console"
"""Name under which the shared token signs."""
SESSION_SECONDS: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class Access:
    """Checks tokens, cookies and forms. All comparisons take the same time whatever is given.

    Args:
        tokens: person to bearer token.
    """

    tokens: Mapping[str, str] = field(repr=False)

    def person(self, token: str) -> str | None:
        """Whose token it is."""
        found = None
        for name, known in self.tokens.items():
            if hmac.compare_digest(_digest(known), _digest(token)):
                found = name
        return found

    def bearer(self, header: str | None) -> str | None:
        """Whose token an Authorization header carries."""
        scheme, _, token = (header or "").partition(" ")
        return self.person(token.strip()) if scheme.lower() == "bearer" else None

    def cookie(self, name: str, now: int) -> str:
        """The cookie of somebody who showed their token at ``now``, ns."""
        said = f"{name.encode().hex()}.{now // 10**9 + SESSION_SECONDS}"
        return f"{said}.{self._seal(name, said)}"

    def session(self, cookie: str | None, now: int) -> str | None:
        """Whose cookie it is; None: nobody's, or too old."""
        said, _, seal = (cookie or "").rpartition(".")
        coded, _, end = said.partition(".")
        try:
            name, until = bytes.fromhex(coded).decode(), int(end)
        except ValueError:
            return None
        if name not in self.tokens or not hmac.compare_digest(self._seal(name, said).encode(), seal.encode()):
            return None
        return name if now // 10**9 < until else None

    def form_value(self, name: str, cookie: str) -> str:
        """What a form of this session must carry."""
        return self._seal(name, f"form {cookie}")

    def form_is_ours(self, name: str, cookie: str, value: str) -> bool:
        """Whether a posted form came from a page that we gave to this session."""
        return hmac.compare_digest(self.form_value(name, cookie).encode(), value.encode())

    def _seal(self, name: str, said: str) -> str:
        return hmac.new(self.tokens[name].encode(), f"aiops console {said}".encode(), hashlib.sha256).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def kept_token(folder: Path) -> str:
    """The shared token of this installation, made at the first call; only its owner can read the file."""
    path = folder / "console.token"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    token = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
    return token
