from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

from kafka.errors import KafkaConnectionError

from aiops.adapters.kafka import reception


def received(sent: bytes, *, closed: bool) -> tuple[bytes, Exception | None]:
    """What is read of a connection on which this was sent, and which was then perhaps closed."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.sendall(sent)
    if closed:
        theirs.close()
    transport: Any = SimpleNamespace(_sock=ours)
    try:
        return reception._received(transport)
    finally:
        ours.close()
        theirs.close()


def test_everything_that_has_arrived_is_read_at_once() -> None:
    """A connection that is merely quiet is no error."""
    assert received(b"x" * 50_000, closed=False) == (b"x" * 50_000, None)


def test_the_end_of_a_connection_is_told_after_its_last_bytes() -> None:
    """What was sent before the end is not lost, and the client learns of the end."""
    found, error = received(b"last", closed=True)
    assert found == b"last"
    assert isinstance(error, KafkaConnectionError)


def test_a_broken_connection_is_told() -> None:
    """An error of the socket becomes the client's own."""

    class Broken:
        def recv(self, _: int) -> bytes:
            raise ConnectionResetError

    transport: Any = SimpleNamespace(_sock=Broken())
    found, error = reception._received(transport)
    assert (found, type(error)) == (b"", KafkaConnectionError)
