"""Entering at a broker once: addresses that nobody answers at, and listeners that are no broker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiops.adapters.kafka import probe as probing
from aiops.adapters.kafka.probe import probe, refuse_if_certain
from aiops.adapters.kafka.refusals import BrokerRefusedError, Obstacle
from aiops.kafka_security import PLAINTEXT, KafkaSecurity
from aiops.model.errors import PermanentError, TemporaryError
from tests.secured_broker import Certificates, make_certificates
from tests.servers import free_port

Listen = Callable[[bytes | None], str]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts a listener that answers the first bytes of each connection with its own and closes it; None: is silent."""
    servers: list[socket.socket] = []
    held: list[socket.socket] = []

    def serve(server: socket.socket, answer: bytes | None) -> None:
        while True:
            try:
                sock, _ = server.accept()
            except OSError:
                return
            held.append(sock)
            if answer is not None:
                sock.recv(4096)
                sock.sendall(answer)
                sock.close()

    def start(answer: bytes | None) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        threading.Thread(target=serve, args=(server, answer), daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    for sock in (*servers, *held):
        sock.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), {"ann": "ann"})


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00\x00\x04abcd", b"\x7f\xff\xff\xff"]
)
def test_what_is_no_broker_is_left_to_the_client(listen: Listen, answer: bytes) -> None:
    """Only a reason that is certain is told; a declared size never reserves memory."""
    probe(listen(answer), PLAINTEXT)


def test_a_silent_listener_does_not_hold_the_caller(listen: Listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that hangs is a temporary error after the time-out."""
    monkeypatch.setattr(probing, "_ANSWER_SECONDS", 0.05)
    address = listen(None)

    with pytest.raises(TemporaryError, match="does not answer"):
        probe(address, PLAINTEXT)
    refuse_if_certain(address, PLAINTEXT)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_tls_with_something_else_is_not_called_a_plain_broker(
    listen: Listen, made: Certificates, answer: bytes
) -> None:
    """It speaks neither TLS nor Kafka."""
    security = KafkaSecurity(tls=True, ca_file=made.authority)

    with pytest.raises((TemporaryError, BrokerRefusedError)) as raised:
        probe(listen(answer), security)

    assert getattr(raised.value, "refusal", Obstacle.TLS_FAILED) is Obstacle.TLS_FAILED


def test_files_are_checked_before_anybody_is_asked(tmp_path: Path) -> None:
    """Nobody listens there; the missing file is the mistake that a person can mend at once."""
    security = KafkaSecurity(tls=True, ca_file=tmp_path / "none.pem")

    with pytest.raises(PermanentError, match=r"kafka\.ca_file: cannot read"):
        probe(f"127.0.0.1:{free_port()}", security)


def test_a_malformed_address_among_good_ones_is_named(listen: Listen) -> None:
    """Before the good one is tried, it is not reached."""
    with pytest.raises(PermanentError, match="'kafka:http' is not a broker's address"):
        probe(f"127.0.0.1:{free_port()},kafka:http", PLAINTEXT)


def test_a_refusal_says_what_and_what_to_do_and_cuts_the_brokers_words() -> None:
    """The broker's own words are bounded and cannot move a terminal's cursor."""
    security = KafkaSecurity.model_validate({"sasl": "PLAIN", "username": "ann", "password_file": Path("/p")})

    error = BrokerRefusedError(Obstacle.CREDENTIALS_REFUSED, "kafka:9093", security, detail="no\x1b[2J" + "x" * 1000)

    assert error.what.startswith("kafka:9093 refuses the user 'ann' or its password with PLAIN (no [2J")
    assert len(error.what) < 300
    assert error.do == "correct kafka.username or the password in /p, or create the user at the broker"
    assert str(error) == f"{error.what}; {error.do}"


@pytest.mark.parametrize("refusal", Obstacle)
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"sasl": "PLAIN", "username": "ann", "password_file": Path("/p")},
        {"sasl": "OAUTHBEARER", "token_file": Path("/t")},
        {"sasl": "OAUTHBEARER", "token_url": "https://i/t", "client_id": "c", "client_secret_file": Path("/s")},
    ],
)
def test_every_refusal_has_a_sentence_for_every_setting(refusal: Obstacle, values: dict[str, object]) -> None:
    """No placeholder stays open."""
    error = BrokerRefusedError(refusal, "kafka:9093", KafkaSecurity.model_validate(values))

    assert "{" not in str(error)
    assert error.do
