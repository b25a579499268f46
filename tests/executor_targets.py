"""Targets of executors that speak the real protocols: a supervisord over XML-RPC, a HAProxy over its runtime API."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCDispatcher, SimpleXMLRPCRequestHandler

from aiops.adapters.executors.keyed import Deadline
from aiops.adapters.executors.parking import HeldMessage
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Capability, StepDirection, StepOrder

SECOND = 10**9
NOW = 1_800_000_000 * SECOND


@dataclass
class TurnedClock:
    """A clock that stands still until it is turned."""

    at: int = NOW

    def now(self) -> int:
        return self.at

    def turn(self, seconds: float) -> None:
        self.at += round(seconds * SECOND)

    def deadline(self, seconds: float = 30.0) -> Deadline:
        """A deadline whose waiting turns this clock."""
        return Deadline(self.at + round(seconds * SECOND), self, self.turn)


def order_of(
    action: Action, clock: TurnedClock, *, undo: bool = False, key: str = "plan/step", **other: Any
) -> StepOrder:
    """An order for an action with 30 s left. ``other``: ``epoch``, ``postcondition``, ``dry_run``, ``run``."""
    direction = StepDirection.UNDO if undo else StepDirection.DO
    until = clock.now() + 30 * SECOND
    name = f"{key}/{direction}"
    capability = Capability(
        id=f"{name}#{other.get('run', 1)}",
        work_item="INC-1",
        key=name,
        action=action,
        direction=direction,
        epoch=other.get("epoch", 1),
        halt_generation=0,
        expires_at=until,
    )
    return StepOrder(
        capability, until, dry_run=other.get("dry_run", False), postcondition=other.get("postcondition", "")
    )


_STATE_NAMES = {0: "STOPPED", 10: "STARTING", 20: "RUNNING", 30: "BACKOFF", 40: "STOPPING", 100: "EXITED", 200: "FATAL"}


class _UnixRpc(socketserver.ThreadingMixIn, socketserver.UnixStreamServer, SimpleXMLRPCDispatcher):
    daemon_threads = True

    def __init__(self, path: str) -> None:
        SimpleXMLRPCDispatcher.__init__(self)
        socketserver.UnixStreamServer.__init__(self, path, _Handler)
        self.logRequests = False


class _Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/RPC2",)
    disable_nagle_algorithm = False

    def address_string(self) -> str:
        return "a socket"


class FakeSupervisord:
    """Processes by full name, each with state, pid and start; a started process runs at once."""

    def __init__(self, states: Mapping[str, int]) -> None:
        self.table = {
            name: [state, 100 + n if state == 20 else 0, 1_000] for n, (name, state) in enumerate(states.items())
        }
        self.calls: list[str] = []
        self.dies_at: str = ""
        self.started_as = 20
        self._next = (1_000, 2_000)

    def getAllProcessInfo(self) -> list[dict[str, Any]]:  # noqa: N802 - supervisord's own name
        return [
            {
                "group": name.split(":")[0],
                "name": name.split(":")[1],
                "state": state,
                "statename": _STATE_NAMES.get(state, "UNKNOWN"),
                "pid": pid,
                "start": start,
                "description": "",
            }
            for name, (state, pid, start) in self.table.items()
        ]

    def startProcess(self, name: str, wait: object) -> bool:  # noqa: N802 - the same
        name = self._called("start", name, wait)
        if self.table[name][0] == 20:
            raise Fault(60, f"ALREADY_STARTED: {name}")
        pid, start = self._next
        self._next = (pid + 1, start + 1)
        self.table[name] = [self.started_as, pid if self.started_as == 20 else 0, start]
        return True

    def stopProcess(self, name: str, wait: object) -> bool:  # noqa: N802 - the same
        name = self._called("stop", name, wait)
        if self.table[name][0] != 20:
            raise Fault(70, f"NOT_RUNNING: {name}")
        self.table[name] = [0, 0, self.table[name][2]]
        return True

    def running(self) -> set[str]:
        return {name for name, (state, _, _) in self.table.items() if state == 20}

    def _called(self, verb: str, name: str, wait: object) -> str:
        """The full name; a program without a group has its own name as group."""
        assert wait is False, "a call that waits would outlive the deadline"
        if f"{verb} {name}" == self.dies_at:
            raise Fault(6, "SHUTDOWN_STATE")
        self.calls.append(f"{verb} {name}")
        return name if ":" in name else f"{name}:{name}"


@contextmanager
def served(supervisord: FakeSupervisord, folder: Path, name: str = "supervisor.sock") -> Iterator[str]:
    """The URL of a socket on which it answers."""
    path = folder / name
    server = _UnixRpc(str(path))
    for call in ("getAllProcessInfo", "startProcess", "stopProcess"):
        server.register_function(getattr(supervisord, call), f"supervisor.{call}")
    with _running(server):
        yield f"unix://{path}"


@dataclass
class FakeHaproxy:
    """Servers by ``backend/name``: weight in percent of 10, and maxconn; a map; a rate."""

    weights: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)
    rate: int = 0
    commands: list[str] = field(default_factory=list)
    mute: bool = False
    """Commands take effect, and their answer is lost."""

    def answer(self, command: str) -> str:
        words = command.split()
        match words:
            case ["show", "stat"]:
                return self._stat()
            case ["show", "info"]:
                return f"Name: HAProxy\nSessRateLimit: {self.rate}\n\n"
            case ["show", "map", "shed.map"]:
                return "".join(f"0x5 {key} {value}\n" for key, value in self.shares.items()) + "\n"
            case ["show", "map", _]:
                return "Unknown map identifier. Please use #<id> or <file>.\n"
            case ["get", "weight", name] if name in self.weights:
                return f"{self.weights[name] // 10} (initial 10)\n\n"
        self.commands.append(command)
        match words:
            case ["set", "server", name, "weight", percent] if name in self.weights:
                self.weights[name] = int(percent.removesuffix("%"))
            case ["set", "maxconn", "server", name, number] if name in self.weights:
                self.limits[name] = int(number)
            case ["set", "rate-limit", "sessions", "global", number]:
                self.rate = int(number)
            case ["add" | "set", "map", "shed.map", key, value] if (words[0] == "set") is (key in self.shares):
                self.shares[key] = value
            case _:
                return "Unknown command.\n"
        return "\n"

    def _stat(self) -> str:
        rows = ["# pxname,svname,status,weight,slim,type,", "users,FRONTEND,OPEN,,2000,0,"]
        for name, percent in self.weights.items():
            backend, server = name.split("/")
            status = "UP" if percent else "DRAIN"
            rows.append(f"{backend},{server},{status},{percent // 10},{self.limits.get(name, '') or ''},2,")
        return "\n".join(rows) + "\n\n"


@contextmanager
def answering(haproxy: FakeHaproxy, folder: Path, name: str = "haproxy.sock") -> Iterator[str]:
    """The URL of a socket on which it answers one command per connection."""
    path = folder / name

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            said = haproxy.answer(self.rfile.readline().decode().strip())
            if not (haproxy.mute and haproxy.commands):
                self.wfile.write(said.encode())

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with _running(Server(str(path), Handler)):
        yield f"unix://{path}"


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class FakeBroker:
    """Queues of messages (headers, body); what is held goes back when a connection closes."""

    queues: dict[str, list[tuple[dict[str, object], str, bool]]] = field(default_factory=dict)
    held: dict[int, tuple[str, tuple[dict[str, object], str, bool]]] = field(default_factory=dict)
    dies_before: str = ""
    """A name of a call; the connection breaks before it."""
    down: bool = False

    @contextmanager
    def connected(self) -> Iterator[FakeBroker]:
        if self.down:
            raise TemporaryError("no answer")
        try:
            yield self
        finally:
            for queue, (headers, body, _) in reversed(self.held.values()):
                self.queues[queue].insert(0, (headers, body, True))
            self.held.clear()

    def take(self, queue: str) -> HeldMessage | None:
        if queue not in self.queues:
            raise PermanentError(f"no queue {queue}")
        if not self.queues[queue]:
            return None
        message = self.queues[queue].pop(0)
        tag = len(self.held) + 1
        self.held[tag] = (queue, message)
        return HeldMessage(tag, redelivered=message[2], headers=message[0], content=message[1])

    def make(self, queue: str) -> None:
        self.queues.setdefault(queue, [])

    def put(self, queue: str, message: HeldMessage, headers: Mapping[str, object]) -> None:
        self._breaks("put")
        self.queues[queue].append((dict(headers), str(message.content), False))

    def remove(self, message: HeldMessage) -> None:
        self._breaks("remove")
        del self.held[message.tag]

    def take_first(self, queue: str) -> HeldMessage | None:
        return self.take(queue)

    def bodies(self, queue: str) -> list[str]:
        return [body for _, body, _ in self.queues.get(queue, [])]

    def _breaks(self, call: str) -> None:
        if call == self.dies_before:
            raise TemporaryError(f"the connection broke before {call}")
