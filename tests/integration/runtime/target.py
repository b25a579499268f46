"""A target of actions that counts effects by key, in a process of its own, as a real one would."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse


class Target(ThreadingHTTPServer):
    """Takes orders over HTTP. An effect takes ``seconds``; ``effects`` counts how often each key took effect.

    It does not refuse a repeated key, on purpose: a repeat must never reach it.
    """

    daemon_threads = True

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seconds = seconds
        self.effects: Counter[str] = Counter()
        self.orders: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where orders go."""
        return f"http://127.0.0.1:{self.server_address[1]}/act"

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Target

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.orders.append(order)
        self.server.effects[order["key"]] += 1
        time.sleep(self.server.seconds)
        self._reply({"state": "done"})

    def do_GET(self) -> None:
        key = parse_qs(urlparse(self.path).query).get("key", [""])[0]
        self._reply({"state": "done" if self.server.effects[key] else "not-done"})

    def _reply(self, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass  # whoever asked was killed

    def log_message(self, *_: object) -> None:
        return
