"""HTTP endpoint of the live world, on loopback: actions in the protocol of the runtime's HTTP executor, faults, truth.

``POST /actions`` with the header ``Idempotency-Key`` and JSON ``{"key", "primitive", "target", "parameters", …}`` waits
until the effect has ended: 200 done, 409 refused or the key is known, 422 failed without a change, 500 outcome
unknown, 504 still running. ``GET /actions?key=…&target=…`` returns ``{"state": "done" | "not-done" | "unknown"}``.
``POST /faults {"name", "settings", "delay_seconds"}`` injects a fault; ``GET /truth`` returns the true state.
"""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiops.model.errors import AiopsError, PermanentError
from aiops.model.plans import Action, Observed, StepStatus
from simulations.world.operations import ActionResult

HOST = "127.0.0.1"
MOST_BYTES = 64 * 1024
"""Of a request's body."""
LONGEST = 120.0
"""Seconds an action is waited for."""
_ANSWERS = {
    StepStatus.DONE: HTTPStatus.OK,
    StepStatus.FAILED: HTTPStatus.UNPROCESSABLE_ENTITY,
    StepStatus.REFUSED: HTTPStatus.CONFLICT,
    StepStatus.UNKNOWN: HTTPStatus.INTERNAL_SERVER_ERROR,
    None: HTTPStatus.GATEWAY_TIMEOUT,
}


class Target(Protocol):
    """What the endpoint speaks for."""

    def act(self, action: Action, key: str, seconds: float) -> tuple[ActionResult, StepStatus | None]:
        """Ask for an action and wait for its end."""
        ...

    def observe(self, target: str, key: str) -> Observed:
        """What is known of a key."""
        ...

    def inject(self, fault: str, settings: dict[str, Any] | None = None, delay_seconds: int = 0) -> None:
        """Let a fault come."""
        ...

    def truth(self) -> dict[str, Any]:
        """What really happens."""
        ...


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Order(_Body):
    key: str = Field(min_length=1, max_length=1000)
    primitive: str = Field(max_length=100)
    target: str = Field(max_length=1000)
    parameters: dict[str, str | int | float | bool] = Field(default_factory=dict)
    dry_run: bool = False


class _Injection(_Body):
    name: str
    settings: dict[str, Any] = Field(default_factory=dict)
    delay_seconds: int = Field(default=0, ge=0, le=86_400)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    world: Target


class Endpoint:
    """Serves a target on loopback.

    Raises:
        PermanentError: the port is taken.
    """

    def __init__(self, world: Target, port: int) -> None:
        try:
            self._server = _Server((HOST, port), _Handler)
        except OSError as error:
            raise PermanentError(f"port {port} of {HOST} cannot be served: {error.strerror}") from error
        self._server.world = world
        self._thread = threading.Thread(target=self._server.serve_forever, name="live-endpoint", daemon=True)

    @property
    def root(self) -> str:
        """Address without a path."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Of actions."""
        return f"{self.root}/actions"

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 150.0

    def do_GET(self) -> None:
        """Truth, or what is known of a key."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        match parts.path:
            case "/truth":
                self._answer(HTTPStatus.OK, self.server.world.truth())
            case "/actions" if "key" in query and "target" in query:
                state = self.server.world.observe(query["target"][0], query["key"][0])
                self._answer(HTTPStatus.OK, {"state": state.value})
            case "/actions":
                self._answer(HTTPStatus.BAD_REQUEST, {"detail": "key and target are wanted"})
            case _:
                self._answer(HTTPStatus.NOT_FOUND, {"detail": "known: /actions, /faults, /truth"})

    def do_POST(self) -> None:
        """An action or a fault."""
        body = self._body()
        if body is None:
            return
        try:
            match urlsplit(self.path).path:
                case "/actions":
                    self._act(_Order.model_validate_json(body))
                case "/faults":
                    asked = _Injection.model_validate_json(body)
                    self.server.world.inject(asked.name, asked.settings, asked.delay_seconds)
                    self._answer(HTTPStatus.ACCEPTED, {"detail": f"{asked.name} comes"})
                case _:
                    self._answer(HTTPStatus.NOT_FOUND, {"detail": "known: /actions, /faults, /truth"})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "body"
            self._answer(HTTPStatus.BAD_REQUEST, {"detail": f"{place}: {first['msg']}"})
        except AiopsError as error:
            self._answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"detail": str(error)})

    def _act(self, order: _Order) -> None:
        if self.headers.get("Idempotency-Key") != order.key:
            self._answer(HTTPStatus.BAD_REQUEST, {"detail": "the header Idempotency-Key must hold the key"})
            return
        if order.dry_run:
            self._answer(HTTPStatus.OK, {"detail": "dry run: nothing was changed"})
            return
        result, status = self.server.world.act(
            Action(order.primitive, order.target, order.parameters), order.key, LONGEST
        )
        if result.accepted:
            self._answer(_ANSWERS[status], {"detail": (status or "still running")})
        else:
            self._answer(HTTPStatus.CONFLICT, {"detail": result.detail})

    def _body(self) -> bytes | None:
        """The body; None: it was refused. Browsers' pages of other origins are, too."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Origin") is not None:
            self.close_connection = True
            self._answer(HTTPStatus.FORBIDDEN, {"detail": "not for browsers"})
        elif not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"detail": f"a body of at most {MOST_BYTES} bytes"})
        else:
            return self.rfile.read(int(length))
        return None

    def _answer(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the parent's)
        """Quiet."""
