"""The runtime API of HAProxy: one command per connection, over its Unix socket or over TCP.

Source: HAProxy management guide, section 9.3 "Unix Socket commands".
"""

from __future__ import annotations

import csv
import io
import re
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiops.model.errors import PermanentError, TemporaryError

_CALL_SECONDS: Final = 5.0
_MOST_BYTES: Final = 16 * 1024 * 1024
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:%/ -]+")
"""A command has no semicolon and no line break: they would begin another command."""
_SERVER_ROW: Final = "2"
"""Column ``type`` of ``show stat``: 0 frontend, 1 backend, 2 server."""


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server of a backend."""

    backend: str
    name: str
    status: str
    """``UP``, ``DOWN``, ``DRAIN``, ``MAINT``, ``no check``."""
    weight: int
    most_connections: int
    """``maxconn``; 0: no limit."""


class HaproxySocket:
    """The commands that the executor needs; the socket must have ``level admin``.

    Args:
        url: ``unix:///path/of/socket`` or ``tcp://host:port``.

    Raises:
        PermanentError: the URL is neither.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = url
        if parts.scheme == "unix" and parts.path:
            self._address: str | tuple[str, int] = parts.path
        elif parts.scheme == "tcp" and parts.hostname and parts.port:
            self._address = (parts.hostname, parts.port)
        else:
            raise PermanentError(f"url is {url!r}: write unix:///SOCKET or tcp://HOST:PORT")

    def servers(self, backend: str = "") -> list[ServerRow]:
        """All servers, or those of one backend."""
        text = self._ask("show stat")
        try:
            rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
            found = [
                ServerRow(row["pxname"], row["svname"], row["status"], int(row["weight"] or 0), int(row["slim"] or 0))
                for row in rows
                if row["type"] == _SERVER_ROW
            ]
        except (KeyError, ValueError, TypeError, csv.Error) as error:
            raise PermanentError(f"{self._url} does not answer like HAProxy: {error!r}") from error
        return [row for row in found if backend in ("", row.backend)]

    def weight_percent(self, backend: str, server: str) -> float:
        """Present weight of a server in percent of its initial one; 100 if the initial one is 0."""
        text = self._ask(f"get weight {backend}/{server}")
        found = re.fullmatch(r"(\d+) \(initial (\d+)\)", text.strip())
        if found is None:
            raise PermanentError(f"HAProxy refuses `get weight {backend}/{server}`: {text.strip()}")
        return 100.0 * int(found[1]) / int(found[2]) if int(found[2]) else 100.0

    def session_rate_limit(self) -> int:
        """Sessions per second that the whole process accepts; 0: no limit."""
        found = re.search(r"^SessRateLimit: (\d+)$", self._ask("show info"), re.MULTILINE)
        if found is None:
            raise PermanentError(f"{self._url} does not answer like HAProxy: `show info` has no SessRateLimit")
        return int(found[1])

    def map_value(self, file: str, key: str) -> str | None:
        """The value of a key in a map that the configuration loads; None: the map has no such key."""
        text = self._ask(f"show map {file}")
        if text.startswith("Unknown map"):
            raise PermanentError(f"HAProxy has no map {file}: use it in the configuration as the documentation shows")
        rows = (line.split(maxsplit=2) for line in text.splitlines())
        return next((row[2] for row in rows if len(row) == 3 and row[1] == key), None)

    def order(self, command: str) -> None:
        """Give a command that answers nothing.

        Raises:
            TemporaryError: HAProxy does not answer; the command may have taken effect.
            PermanentError: HAProxy refuses it.
        """
        said = self._ask(command).strip()
        if said:
            raise PermanentError(f"HAProxy refuses `{command}`: {said}")

    def _ask(self, command: str) -> str:
        if not _PLAIN.fullmatch(command):
            raise PermanentError(f"{command!r} has characters that do not belong into a command of HAProxy")
        family = socket.AF_UNIX if isinstance(self._address, str) else socket.AF_INET
        pieces: list[bytes] = []
        try:
            with socket.socket(family, socket.SOCK_STREAM) as connection:
                connection.settimeout(_CALL_SECONDS)
                connection.connect(self._address)
                connection.sendall(f"{command}\n".encode())
                while piece := connection.recv(65536):
                    pieces.append(piece)
                    if sum(map(len, pieces)) > _MOST_BYTES:
                        raise PermanentError(f"{self._url} does not answer like HAProxy: it sends too much")
        except OSError as error:
            raise TemporaryError(f"HAProxy does not answer at {self._url}: {error}") from error
        if not pieces:  # HAProxy ends every answer with an empty line
            raise TemporaryError(f"HAProxy at {self._url} ended the connection without an answer")
        return b"".join(pieces).decode(errors="replace")
