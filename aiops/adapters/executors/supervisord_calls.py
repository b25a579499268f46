"""Calls to supervisord: XML-RPC over its Unix socket or over TCP."""

from __future__ import annotations

import base64
import socket
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from aiops.model.errors import PermanentError, TemporaryError

_CALL_SECONDS: Final = 10.0
_HARMLESS: Final = frozenset({60, 70})
"""Faults of supervisord: ALREADY_STARTED, NOT_RUNNING. The process is as it should become."""
_Result = TypeVar("_Result")


class ProcessState(IntEnum):
    """Supervisord's states of a process (supervisor.states.ProcessStates)."""

    STOPPED = 0
    STARTING = 10
    RUNNING = 20
    BACKOFF = 30
    STOPPING = 40
    EXITED = 100
    FATAL = 200
    UNKNOWN = 1000


@dataclass(frozen=True, slots=True)
class Process:
    """One process of supervisord, as ``getAllProcessInfo`` tells it."""

    group: str
    name: str
    state: ProcessState
    pid: int
    """0: it does not run."""
    start: int
    """Its last start, seconds since 1970; 0: never."""

    @property
    def full_name(self) -> str:
        """``group:name``, as supervisord's calls want it."""
        return f"{self.group}:{self.name}"


class Supervisord:
    """The calls that the executor needs.

    Args:
        url: ``unix:///path/of/socket`` or ``http://host:port``.
        user: of supervisord's ``[unix_http_server]`` or ``[inet_http_server]``; empty: it has none.
        password: beside it.

    Raises:
        PermanentError: the URL is neither.
    """

    def __init__(self, url: str, user: str = "", password: str = "") -> None:
        parts = urlsplit(url)
        usable = (parts.scheme == "unix" and parts.path) or (parts.scheme == "http" and parts.hostname)
        if not usable or parts.username:
            raise PermanentError(f"url is {url!r}: write unix:///SOCKET or http://HOST:PORT, and user beside it")
        self._url = url
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = [("Authorization", f"Basic {token}")] if user else []
        transport = _Transport(parts.path if parts.scheme == "unix" else "", headers)
        address = "http://localhost" if parts.scheme == "unix" else url
        self._server = xmlrpc.client.ServerProxy(f"{address.rstrip('/')}/RPC2", transport=transport)

    def processes(self) -> list[Process]:
        """All processes, in the order of groups and names.

        Raises:
            TemporaryError: supervisord does not answer.
            PermanentError: it refuses the user, or what answers is not supervisord.
        """
        supervisor: Any = self._server.supervisor
        found: Any = self._asked(supervisor.getAllProcessInfo)
        try:
            made = [
                Process(one["group"], one["name"], ProcessState(one["state"]), int(one["pid"]), int(one["start"]))
                for one in found
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError(f"{self._url} does not answer like supervisord: {error!r}") from error
        return sorted(made, key=lambda process: (process.group, process.name))

    def start(self, name: str) -> None:
        """Begin to start a process; one that runs is left alone."""
        self._asked(lambda: self._server.supervisor.startProcess(name, False))

    def stop(self, name: str) -> None:
        """Begin to stop a process; one that does not run is left alone."""
        self._asked(lambda: self._server.supervisor.stopProcess(name, False))

    def _asked(self, call: Callable[[], _Result]) -> _Result | None:
        try:
            return call()
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in _HARMLESS:
                return None
            raise PermanentError(f"supervisord refuses: {fault.faultString} ({fault.faultCode})") from fault
        except xmlrpc.client.ProtocolError as error:
            raise PermanentError(f"{self._url} answers {error.errcode} {error.errmsg}: check user, password") from error
        except (OSError, HTTPException) as error:
            raise TemporaryError(f"supervisord does not answer at {self._url}: {error!r}") from error
        except (xmlrpc.client.Error, SyntaxError, ValueError) as error:
            raise PermanentError(f"{self._url} does not answer like supervisord: {error!r}") from error


class _Transport(xmlrpc.client.Transport):
    """Requests with a time limit, over a Unix socket if there is one."""

    def __init__(self, path: str, headers: list[tuple[str, str]]) -> None:
        super().__init__(headers=headers)
        self._path = path

    def request(self, *call: Any, **named: Any) -> Any:
        """One request and no second one: a call whose answer was lost may have taken effect."""
        return self.single_request(*call, **named)

    def make_connection(self, host: Any) -> HTTPConnection:
        """A new connection for each call: supervisord may restart between two."""
        name = host if isinstance(host, str) else host[0]
        connection = HTTPConnection(name, timeout=_CALL_SECONDS)
        if self._path:
            connection = _UnixConnection(self._path)
        self._connection = (host, connection)
        return connection


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_CALL_SECONDS)
        self.sock.connect(self._path)
