"""Supervisord's XML-RPC interface on a Unix socket."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiops.model.errors import PermanentError, TemporaryError

_SECONDS: Final = 30.0
_NOT_RUNNING: Final = 70
_ALREADY_STARTED: Final = 60
_BAD_NAME: Final = 10


class ProcessState(StrEnum):
    """Supervisord's states."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A program as supervisord sees it."""

    name: str
    state: ProcessState
    pid: int
    """0: it does not run."""
    since: int
    """Start of the process, seconds since the epoch."""
    description: str


class Supervisord:
    """A supervisord on this machine. Every call is short: none waits for a program to start or to end.

    Args:
        path: its Unix socket.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def processes(self) -> list[ProcessInfo]:
        """All programs.

        Raises:
            TemporaryError: supervisord does not answer.
        """
        return [
            ProcessInfo(
                one["name"], ProcessState(one["statename"]), int(one["pid"]), int(one["start"]), one["description"]
            )
            for one in self._call("getAllProcessInfo")
        ]

    def process(self, name: str) -> ProcessInfo:
        """One program.

        Raises:
            PermanentError: there is none of this name.
        """
        for one in self.processes():
            if one.name == name:
                return one
        raise PermanentError(f"supervisord at {self._path} has no program {name!r}")

    def start(self, name: str) -> bool:
        """Start a program; False: it runs already.

        Raises:
            PermanentError: there is none of this name, or it cannot be started.
            TemporaryError: supervisord does not answer.
        """
        return self._unless(_ALREADY_STARTED, "startProcess", name)

    def stop(self, name: str) -> bool:
        """Ask a program to end; False: it does not run."""
        return self._unless(_NOT_RUNNING, "stopProcess", name)

    def signal(self, name: str, number: int) -> bool:
        """Send a signal to a program; False: it does not run."""
        try:
            self._call("signalProcess", name, str(number))
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == _NOT_RUNNING:
                return False
            raise _refusal(name, fault) from fault
        return True

    def stop_all(self) -> None:
        """Ask all programs to end."""
        self._call("stopAllProcesses", False)

    def shut_down(self) -> None:
        """Ask supervisord to end, after its programs."""
        self._call("shutdown")

    def answers(self) -> bool:
        """Whether it runs and answers."""
        try:
            self._call("getState")
        except TemporaryError:
            return False
        return True

    def _unless(self, code: int, method: str, name: str) -> bool:
        try:
            self._call(method, name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == code:
                return False
            raise _refusal(name, fault) from fault
        return True

    def _call(self, method: str, *arguments: object) -> Any:
        transport = _UnixTransport(self._path)
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                called: Callable[..., Any] = getattr(proxy.supervisor, method)
                return called(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise TemporaryError(f"supervisord does not answer at {self._path}: {error}") from error


def _refusal(name: str, fault: xmlrpc.client.Fault) -> PermanentError:
    if fault.faultCode == _BAD_NAME:
        return PermanentError(f"supervisord has no program {name!r}")
    return PermanentError(f"supervisord refuses {name!r}: {fault.faultString}")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ARG002 (the parent's signature)
        return _UnixConnection(self._path)
