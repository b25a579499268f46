"""Runs the console's application in a thread of the runtime's process."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
from fastapi import FastAPI

from aiops.model.errors import PermanentError

_UP_SECONDS = 15.0


class ConsoleServer:
    """Binds its address at once, so that a port in use is reported before anything starts; serves once it has an app.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0: any free one.

    Raises:
        PermanentError: the address cannot be bound.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise PermanentError(f"cannot listen on {host}:{port}: {error.strerror}; see console.port") from error
        self.port: int = self._socket.getsockname()[1]
        self.host = host
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The URL for a browser on this machine."""
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - only a name for it
        return f"http://{name}:{self.port}/"

    def serve(self, app: FastAPI) -> None:
        """Serve until ``stop``; returns once requests are accepted."""
        configuration = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", server_header=False, timeout_keep_alive=5
        )
        self._server = uvicorn.Server(configuration)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="console", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _UP_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise PermanentError(f"the console did not start on {self.host}:{self.port} within {_UP_SECONDS:g} s")
            time.sleep(0.02)

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Finish the running requests, then stop."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout_seconds)
        self._socket.close()
