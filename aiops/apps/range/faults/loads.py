"""Faults by what comes in: more users, messages that cannot be read, an emptied cache, retries."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from aiops.adapters.atomic_files import replace_file
from aiops.apps.range.faults.processes import Stopped, stopped
from aiops.apps.range.faults.scene import Scene
from aiops.model.errors import PermanentError, TemporaryError
from simulations.range.configuration import rabbitmq
from simulations.range.estate_plan import HOST

SURGE: Final = 4.0
STORM: Final = 3.0
OUTAGE_SECONDS: Final = 12.0
POISON: Final = 12
"""Messages; a consumer holds eight at a time."""
_SECONDS: Final = 5.0
_UNREADABLE: Final = "[1, 2"


class Surge:
    """More users than usual.

    Args:
        scene: where.
        factor: times as many.
    """

    def __init__(self, scene: Scene, factor: float = SURGE) -> None:
        self._file = scene.estate.folder.load_control
        self._usual = _factor(self._file)
        self._factor = factor * self._usual

    def begin(self) -> None:
        """They come."""
        self._write(self._factor)

    def tick(self, elapsed: float) -> None:
        """They keep coming."""

    def end(self) -> bool:
        """They go, if they are still there; whether somebody else sent them away."""
        healed = _factor(self._file) != self._factor
        if not healed:
            self._write(self._usual)
        return healed

    def _write(self, factor: float) -> None:
        replace_file(self._file, [f"{json.dumps({'factor': factor})}\n".encode()])


def _factor(file: Path) -> float:
    """How much load is wanted now; 1 if the file does not say."""
    try:
        return float(json.loads(file.read_bytes())["factor"])
    except (OSError, ValueError, KeyError, TypeError):
        return 1.0


class RetryStorm:
    """A service hangs for 12 s while many users come, and they and its callers retry; then only the load is left."""

    def __init__(self, scene: Scene) -> None:
        self._surge = Surge(scene, STORM)
        self._outage: Stopped = stopped(scene)
        self._hangs = False

    def begin(self) -> None:
        """Both at once."""
        self._surge.begin()
        self._outage.begin()
        self._hangs = True

    def tick(self, elapsed: float) -> None:
        """The outage ends after 12 s."""
        if self._hangs and elapsed >= OUTAGE_SECONDS:
            self._outage.end()
            self._hangs = False

    def end(self) -> bool:
        """Both end."""
        self._outage.end()
        self._hangs = False
        return self._surge.end()


class CacheFlushed:
    """A cache that somebody empties each second."""

    def __init__(self, scene: Scene) -> None:
        self._port = scene.plan.ports.redis

    def begin(self) -> None:
        """Empty it."""
        try:
            with socket.create_connection((HOST, self._port), _SECONDS) as connection:
                connection.sendall(b"FLUSHALL\r\n")
                said = connection.recv(64)
        except OSError as error:
            raise TemporaryError(f"Redis does not answer at {HOST}:{self._port}: {error}") from error
        if not said.startswith(b"+OK"):
            raise PermanentError(f"Redis refuses FLUSHALL: {said!r}")

    def tick(self, elapsed: float) -> None:  # noqa: ARG002 - the time does not matter
        """Empty it again."""
        self.begin()

    def end(self) -> bool:
        """It fills by itself."""
        return False


class PoisonMessage:
    """Messages that are no JSON. They expire at the end of the fault, and when they are set aside they are kept."""

    def __init__(self, scene: Scene) -> None:
        self._url = f"http://{HOST}:{scene.plan.ports.rabbitmq_management}/api"
        self._queue, self._seconds = scene.service.consumes, scene.truth.seconds

    def begin(self) -> None:
        """Send them, through RabbitMQ's management interface."""
        message = {
            "properties": {"delivery_mode": 2, "expiration": str(round(self._seconds * 1000))},
            "routing_key": self._queue,
            "payload": _UNREADABLE,
            "payload_encoding": "string",
        }
        for _ in range(POISON):
            self._ask("/exchanges/%2F/amq.default/publish", message)

    def tick(self, elapsed: float) -> None:
        """They come back."""

    def end(self) -> bool:
        """RabbitMQ drops them as soon as the consumer gives them back."""
        return False

    def _ask(self, path: str, body: Mapping[str, object]) -> None:
        user = (rabbitmq.USER, rabbitmq.PASSWORD)
        try:
            answer = httpx.post(f"{self._url}{path}", json=body, auth=user, timeout=_SECONDS)
        except httpx.HTTPError as error:
            raise TemporaryError(f"RabbitMQ's management does not answer at {self._url}: {error!r}") from error
        if answer.is_error or not answer.json().get("routed"):
            raise PermanentError(f"RabbitMQ did not take a message for {self._queue}: {answer.text[:200]}")
