"""Who may give commands over HTTP: bearer tokens, and session cookies for people who signed in with one.

Every person has a token of their own (``console.people``); commands with the shared token are recorded as ``console``.
A cookie holds a name and an expiry, authenticated with that person's token. Every form carries a value derived from
the cookie: browsers count another service on the same host as the same site, so the cookie alone proves nothing.
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

from aiops.model.durations import SECOND

SHARED: Final = "console"
"""Name under which the shared token signs."""
SESSION_SECONDS: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class Access:
    """Checks tokens, cookies and forms. All comparisons take constant time.

    Args:
        tokens: person to bearer token.
    """

    tokens: Mapping[str, str] = field(repr=False)

    def person(self, token: str) -> str | None:
        """The person whose token it is; None: nobody's."""
        found = None
        for name, known in self.tokens.items():
            if hmac.compare_digest(_digest(known), _digest(token)):
                found = name
        return found

    def bearer(self, header: str | None) -> str | None:
        """The person whose token an Authorization header carries; None: nobody's."""
        scheme, _, token = (header or "").partition(" ")
        return self.person(token.strip()) if scheme.lower() == "bearer" else None

    def cookie(self, name: str, now: int) -> str:
        """The cookie for a person who showed their token at ``now``, ns."""
        content = f"{name.encode().hex()}.{now // SECOND + SESSION_SECONDS}"
        return f"{content}.{self._seal(name, content)}"

    def session(self, cookie: str | None, now: int) -> str | None:
        """The person whose cookie it is; None: forged or expired."""
        content, _, seal = (cookie or "").rpartition(".")
        coded, _, end = content.partition(".")
        try:
            name, until = bytes.fromhex(coded).decode(), int(end)
        except ValueError:
            return None
        if name not in self.tokens or not hmac.compare_digest(self._seal(name, content).encode(), seal.encode()):
            return None
        return name if now // SECOND < until else None

    def form_value(self, name: str, cookie: str) -> str:
        """The hidden value that forms of this session carry."""
        return self._seal(name, f"form {cookie}")

    def form_is_ours(self, name: str, cookie: str, value: str) -> bool:
        """Whether a posted form came from a page of this session."""
        return hmac.compare_digest(self.form_value(name, cookie).encode(), value.encode())

    def _seal(self, name: str, content: str) -> str:
        return hmac.new(self.tokens[name].encode(), f"aiops console {content}".encode(), hashlib.sha256).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def kept_token(folder: Path) -> str:
    """The shared token of this installation, created by the first call in a file that only its owner can read."""
    path = folder / "console.token"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    token = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w") as file:
        file.write(token + "\n")
    return token
