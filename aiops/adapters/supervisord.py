"""Supervisord's XML-RPC interface, on a Unix socket or over TCP."""

from __future__ import annotations

import base64
import http.client
import socket
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

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
    group: str = ""
    """Its group; a program without one is a group of its own name."""

    @property
    def full_name(self) -> str:
        """``group:name``, which supervisord's calls take as well."""
        return f"{self.group or self.name}:{self.name}"


class Supervisord:
    """A supervisord. Every call is short: none waits for a program to start or to end.

    Args:
        path: its Unix socket.
    """

    def __init__(self, path: Path) -> None:
        self._shown = str(path)
        self._address = "http://localhost"
        self._path: Path | None = path
        self._headers: list[tuple[str, str]] = []

    @classmethod
    def at(cls, url: str, user: str = "", password: str = "") -> Self:
        """A supervisord at ``unix:///path/of/socket`` or ``http://host:port``.

        Args:
            url: where.
            user: of its ``[unix_http_server]`` or ``[inet_http_server]``; empty: it has none.
            password: beside it.

        Raises:
            PermanentError: the URL is neither.
        """
        parts = urlsplit(url)
        usable = (parts.scheme == "unix" and parts.path) or (parts.scheme == "http" and parts.hostname)
        if not usable or parts.username:
            raise PermanentError(f"url is {url!r}: write unix:///SOCKET or http://HOST:PORT, and user beside it")
        made = cls(Path(parts.path))
        if parts.scheme == "http":
            made._path, made._address = None, url.rstrip("/")
        made._shown = url
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        made._headers = [("Authorization", f"Basic {token}")] if user else []
        return made

    def processes(self) -> list[ProcessInfo]:
        """All programs, in the order of groups and names.

        Raises:
            TemporaryError: supervisord does not answer.
            PermanentError: it refuses the user, or what answers is not supervisord.
        """
        try:
            found = [
                ProcessInfo(
                    one["name"],
                    ProcessState(one["statename"]),
                    int(one["pid"]),
                    int(one["start"]),
                    one["description"],
                    one["group"],
                )
                for one in self._call("getAllProcessInfo")
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError(f"{self._shown} does not answer like supervisord: {error!r}") from error
        return sorted(found, key=lambda one: (one.group, one.name))

    def process(self, name: str) -> ProcessInfo:
        """One program.

        Raises:
            PermanentError: there is none of this name.
        """
        for one in self.processes():
            if one.name == name:
                return one
        raise PermanentError(f"supervisord at {self._shown} has no program {name!r}")

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
        transport = _Transport(self._path, self._headers)
        try:
            with xmlrpc.client.ServerProxy(f"{self._address}/RPC2", transport=transport) as proxy:
                called: Callable[..., Any] = getattr(proxy.supervisor, method)
                return called(*arguments)
        except xmlrpc.client.ProtocolError as error:
            if error.errcode == http.client.UNAUTHORIZED:
                raise PermanentError(f"supervisord at {self._shown} refuses user and password") from error
            raise TemporaryError(f"supervisord does not answer at {self._shown}: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            raise TemporaryError(f"supervisord does not answer at {self._shown}: {error}") from error


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


class _Transport(xmlrpc.client.Transport):
    """Requests with a time limit, over a Unix socket if there is one."""

    def __init__(self, path: Path | None, headers: list[tuple[str, str]]) -> None:
        super().__init__(headers=headers)
        self._path = path

    def request(self, *call: Any, **named: Any) -> Any:
        """One request and no second one: a call whose answer was lost may have taken effect."""
        return self.single_request(*call, **named)

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path) if self._path else http.client.HTTPConnection(host, timeout=_SECONDS)
