"""Ports for a server that must come back at the same address."""

from __future__ import annotations

import random
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
# Below the range that Linux hands out to outgoing connections (32768 on), so that while the server is down for a
# restart no client's connection sits on its port.
_RANGE: Final = range(20_000, 32_000)
_TRIES: Final = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port that nobody listens on now; two callers at once are unlikely to get the same.

    Raises:
        OSError: none was found.
    """
    for port in random.SystemRandom().sample(_RANGE, _TRIES):
        if is_free(port):
            return port
    raise OSError(f"no free port between {_RANGE.start} and {_RANGE.stop} on {LOOPBACK}")
