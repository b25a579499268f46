"""Access tokens from a file and from a token endpoint on loopback."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from aiops.adapters.kafka.tokens import AccessToken, TokenSource
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import AiopsError, PermanentError, TemporaryError

SECRET = "s3cr3t: with colon"


class Endpoint:
    """A token endpoint that answers what a test tells it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                basic = self.headers["Authorization"].removeprefix("Basic ")
                outer.asked.append((base64.b64decode(basic).decode(), form))
                status, body = outer.answers.pop(0)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if 300 <= status < 400:
                    self.send_header("Location", outer.url)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


def of_endpoint(endpoint: Endpoint, tmp_path: Path, **more: str) -> KafkaSecurity:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    values = {"token_url": endpoint.url, "client_id": "aiops", "client_secret_file": secret, **more}
    return KafkaSecurity.model_validate({"sasl": "OAUTHBEARER", **values})


def of_file(file: Path) -> KafkaSecurity:
    return KafkaSecurity.model_validate({"sasl": "OAUTHBEARER", "token_file": file})


def web_token(**claims: Any) -> str:
    """A JSON web token without a real signature."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)] + [b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


class Hand:
    """A clock that a test sets, seconds."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_the_client_identifies_itself_and_asks_for_its_scope(endpoint: Endpoint, tmp_path: Path) -> None:
    """HTTP Basic with the secret of the file, the client credentials grant, the scope."""
    endpoint.answers = [(200, {"access_token": "abc", "expires_in": 300, "token_type": "Bearer"})]

    token = TokenSource(of_endpoint(endpoint, tmp_path, token_scope="kafka"), Hand()).token()

    assert token == AccessToken("abc", 1_300.0)
    assert endpoint.asked == [(f"aiops:{SECRET}", {"grant_type": ["client_credentials"], "scope": ["kafka"]})]


def test_a_token_is_renewed_after_four_fifths_of_its_life(endpoint: Endpoint, tmp_path: Path) -> None:
    """Before that the endpoint is left alone; a rotated client secret is used at the next request."""
    endpoint.answers = [(200, {"access_token": name, "expires_in": 100}) for name in ("a", "b")]
    clock, security = Hand(), of_endpoint(endpoint, tmp_path)
    source = TokenSource(security, clock)

    assert [source.token().value, source.token().value] == ["a", "a"]
    clock.now += 79.0
    assert source.token().value == "a"
    (tmp_path / "secret").write_text("rotated")
    clock.now += 1.0
    assert source.token().value == "b"
    assert [asked for asked, _ in endpoint.asked] == [f"aiops:{SECRET}", "aiops:rotated"]


def test_an_endpoint_in_trouble_does_not_end_a_valid_token(endpoint: Endpoint, tmp_path: Path) -> None:
    """Until it expires; then the error is temporary."""
    endpoint.answers = [(200, {"access_token": "a", "expires_in": 100}), (503, b"busy"), (503, b"busy")]
    clock = Hand()
    source = TokenSource(of_endpoint(endpoint, tmp_path), clock)
    source.token()

    clock.now += 90.0
    assert source.token().value == "a"
    clock.now += 20.0
    with pytest.raises(TemporaryError, match="answers 503"):
        source.token()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, {"error": "invalid_client", "error_description": SECRET}, "refuses client 401 invalid_client; check"),
        (400, {"error": "invalid_scope"}, "400 invalid_scope"),
        (400, SECRET.encode(), "refuses client 400; check kafka.client_id"),
        (302, b"", "refuses client 302"),
        (200, {"token": "abc"}, "has no access_token"),
        (200, {"access_token": "a\x01b"}, "has no access_token"),
        (200, {"access_token": 7}, "has no access_token"),
        (200, [], "has no access_token"),
        (200, b"<html>", "has no access_token"),
        (200, b'{"access_token": "' + b"a" * 200_000 + b'"}', "has no access_token"),
    ],
)
def test_an_answer_without_a_token_is_one_clear_error(
    endpoint: Endpoint, tmp_path: Path, status: int, body: Any, told: str
) -> None:
    """Of the body only the standard error code is repeated, so that no secret can be; a redirect is not followed."""
    endpoint.answers = [(status, body)]

    with pytest.raises(PermanentError) as raised:
        TokenSource(of_endpoint(endpoint, tmp_path), Hand()).token()

    assert told in str(raised.value)
    assert "s3cr3t" not in str(raised.value)
    assert len(endpoint.asked) == 1


def test_an_endpoint_that_is_not_there_is_temporary(endpoint: Endpoint, tmp_path: Path) -> None:
    """With the address."""
    security = of_endpoint(endpoint, tmp_path)
    endpoint.server.shutdown()
    endpoint.server.server_close()

    with pytest.raises(TemporaryError, match=endpoint.url):
        TokenSource(security, Hand()).token()


@pytest.mark.parametrize("lifetime", [None, -1, "soon", True, 10**12])
def test_a_lifetime_that_makes_no_sense_counts_as_five_minutes(
    endpoint: Endpoint, tmp_path: Path, lifetime: Any
) -> None:
    """RFC 6749 only recommends expires_in."""
    endpoint.answers = [(200, {"access_token": "abc", "expires_in": lifetime})]

    assert TokenSource(of_endpoint(endpoint, tmp_path), Hand()).token().expires_at == 1_300.0


def test_a_token_file_is_read_at_each_call(tmp_path: Path) -> None:
    """Another program keeps it fresh. The claim exp says when it ends; an opaque token is read again after 60 s."""
    file = tmp_path / "token"
    source = TokenSource(of_file(file), Hand())

    file.write_text("opaque-token\n")
    assert source.token() == AccessToken("opaque-token", 1_060.0)
    file.write_text(web_token(exp=1_500))
    assert source.token().expires_at == 1_500.0
    file.write_text(web_token(sub="ann"))
    assert source.token().expires_at == 1_060.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (web_token(exp=900), "expired 100 s ago"),
        ("Bearer abc", "does not contain one access token"),
        ("a\nb", "does not contain one access token"),
        ("a\x01auth=b", "does not contain one access token"),
    ],
)
def test_a_token_file_that_cannot_be_used_is_one_clear_error(tmp_path: Path, text: str, told: str) -> None:
    """Control characters would end the token inside the SASL message."""
    file = tmp_path / "token"
    file.write_text(text)

    with pytest.raises(PermanentError, match=told) as raised:
        TokenSource(of_file(file), Hand()).token()

    assert text not in str(raised.value)


@pytest.mark.parametrize(
    "ends",
    [10**400, float("inf"), float("nan"), True, "soon", None, 2**60],
    ids=["no float", "infinite", "no number", "true", "text", "null", "too late"],
)
def test_an_end_that_makes_no_sense_counts_as_not_stated(tmp_path: Path, ends: Any) -> None:
    """The file is read again after a minute, and the broker judges the token."""
    file = tmp_path / "token"
    file.write_text(web_token(exp=ends))

    assert TokenSource(of_file(file), Hand()).token().expires_at == 1_060.0


def test_deep_claims_and_answers_are_no_crash(endpoint: Endpoint, tmp_path: Path) -> None:
    """JSON that is nested beyond what Python's parser follows."""
    deep = base64.urlsafe_b64encode(b"[" * 40_000).decode().rstrip("=")
    (tmp_path / "token").write_text(f"a.{deep}.b")
    assert TokenSource(of_file(tmp_path / "token"), Hand()).token().expires_at == 1_060.0

    endpoint.answers = [(200, b"[" * 60_000)]
    with pytest.raises(PermanentError, match="is it a token endpoint"):
        TokenSource(of_endpoint(endpoint, tmp_path), Hand()).token()


def test_a_token_does_not_print_itself(tmp_path: Path) -> None:
    """In a log, an assertion or a traceback."""
    assert "abc" not in repr(AccessToken("abc", 1.0))
    with pytest.raises(AiopsError, match="cannot read"):
        TokenSource(of_file(tmp_path / "none"), Hand()).token()
