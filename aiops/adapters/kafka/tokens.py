"""Access tokens of OAUTHBEARER: from a file, or from a token endpoint (RFC 6749, client credentials grant)."""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from aiops.adapters.kafka.secrets import secret_in, trust
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError, TemporaryError

_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""The ``b64token`` of RFC 6750, section 2.1."""
_RENEW_AT: Final = 0.8
"""Share of its lifetime after which a token is renewed."""
_OPAQUE_SECONDS: Final = 60.0
"""A token of a file that does not say when it ends is read again after this time."""
_UNSTATED_SECONDS: Final = 300.0
"""Lifetime of an endpoint's token without ``expires_in``."""
_ANSWER_SECONDS: Final = 10.0
_MOST_SECONDS: Final = 3e8
"""A longer lifetime is taken for a mistake, and for not stated."""
_LATEST: Final = 253_402_300_800.0
"""The year 10000, seconds since 1970 UTC. A token that ends later is taken for one that does not say when it ends."""
_MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and the time at which it ends, seconds since 1970 UTC."""

    value: str
    expires_at: float

    def __repr__(self) -> str:
        """Without the token."""
        return f"AccessToken(expires_at={self.expires_at})"


class TokenSource:
    """Gives a valid token at each call; an endpoint is asked again after 80 % of the lifetime. Safe between threads.

    Args:
        security: settings with ``token_file`` or ``token_url``.
        now: seconds since 1970 UTC.
    """

    def __init__(self, security: KafkaSecurity, now: Callable[[], float] = time.time) -> None:
        self._security, self._now = security, now
        self._lock = threading.Lock()
        self._held: AccessToken | None = None
        self._renew_at = 0.0

    def token(self) -> AccessToken:
        """The token for a connection that begins now.

        Raises:
            PermanentError: there is no token; the message says what to do and contains no secret.
            TemporaryError: the endpoint does not answer.
        """
        if self._security.token_url is None:
            return self._of_file()
        with self._lock:
            now = self._now()
            if self._held is None or now >= self._renew_at:
                try:
                    self._held = self._of_endpoint(self._security.token_url, now)
                except TemporaryError:
                    if self._held is None or now >= self._held.expires_at:
                        raise
                    return self._held
                self._renew_at = now + _RENEW_AT * (self._held.expires_at - now)
            return self._held

    def _of_file(self) -> AccessToken:
        file = self._security.token_file
        assert file is not None
        value = secret_in(file, "kafka.token_file").strip()
        if not _TOKEN.fullmatch(value):
            raise PermanentError(f"kafka.token_file: {file} does not contain one access token; write the bare token")
        now = self._now()
        ends = _end_of(value)
        if ends is not None and ends <= now:
            raise PermanentError(
                f"kafka.token_file: the token in {file} expired {now - ends:.0f} s ago; renew it in the file"
            )
        return AccessToken(value, ends if ends is not None else now + _OPAQUE_SECONDS)

    def _of_endpoint(self, url: str, now: float) -> AccessToken:
        security = self._security
        assert security.client_id is not None
        assert security.client_secret_file is not None
        form = {"grant_type": "client_credentials"}
        if security.token_scope is not None:
            form["scope"] = security.token_scope
        secret = secret_in(security.client_secret_file, "kafka.client_secret_file")
        context = ssl.create_default_context()
        if security.token_ca_file is not None:
            trust(context, security.token_ca_file, "kafka.token_ca_file")
        basic = httpx.BasicAuth(security.client_id, secret)
        try:
            with (
                httpx.Client(verify=context, timeout=_ANSWER_SECONDS, follow_redirects=False) as client,
                client.stream("POST", url, data=form, auth=basic) as response,
            ):
                status, body = response.status_code, _bounded(response)
        except httpx.HTTPError as error:
            text = f"kafka.token_url: {url} does not answer: {error}; check the address and kafka.token_ca_file"
            raise TemporaryError(text, 2.0) from error
        return _read(url, status, body, now=now)


def _bounded(response: httpx.Response) -> bytes:
    """The body, at most ``_MOST_BYTES`` of it."""
    body = b""
    for piece in response.iter_bytes(8192):
        body += piece
        if len(body) > _MOST_BYTES:
            break
    return body[:_MOST_BYTES]


def _read(url: str, status: int, body: bytes, *, now: float) -> AccessToken:
    """The token of an endpoint's answer. Only the standard error code of the body reaches a message."""
    try:
        answer: Any = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    if status >= 500 or status == 429:
        raise TemporaryError(f"kafka.token_url: {url} answers {status}", 2.0)
    if status != 200:
        code = re.sub(r"[^a-z_]", "", str(answer.get("error", "")))[:40]
        why = f"{status} {code}".strip()
        raise PermanentError(
            f"kafka.token_url: {url} refuses client {why}; check kafka.client_id, kafka.client_secret_file and "
            "kafka.token_scope"
        )
    value, seconds = answer.get("access_token"), answer.get("expires_in", _UNSTATED_SECONDS)
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise PermanentError(f"kafka.token_url: the answer of {url} has no access_token; is it a token endpoint?")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < _MOST_SECONDS:
        seconds = _UNSTATED_SECONDS
    return AccessToken(value, now + seconds)


def _end_of(token: str) -> float | None:
    """The claim ``exp`` of a JSON web token; None: it has none. The broker verifies the token, not this function."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        ends = claims.get("exp")
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(ends, int | float) or isinstance(ends, bool) or not abs(ends) < _LATEST:
        return None
    return float(ends)
