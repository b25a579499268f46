"""Dashboards: pushed over Grafana's HTTP API, and each of their queries answered by a real Prometheus."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from aiops.adapters.grafana import Grafana, dashboards
from aiops.adapters.metrics import RuntimeMetrics, serve
from aiops.cli import main as program
from aiops.cli.exits import Exit
from aiops.model.errors import PermanentError, TemporaryError
from tests.servers import free_port, need
from tests.unit.adapters.test_metrics import status
from tests.unit.console.estate import LoopClock, waiting


@dataclass
class FakeGrafana:
    """The one call of Grafana's HTTP API that is used, with its answers."""

    url: str = ""
    code: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    """A Grafana that keeps what was pushed."""
    fake = FakeGrafana()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            fake.tokens.append(self.headers.get("authorization", ""))
            if self.path == "/grafana/api/dashboards/db" and fake.code == 200:
                fake.got.append(body)
                answer: dict[str, Any] = {"status": "success", "uid": body["dashboard"]["uid"], "url": "/d/x"}
            else:
                answer = {"message": "no"}
            sent = json.dumps(answer).encode()
            self.send_response(fake.code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/grafana"
    yield fake
    server.shutdown()
    server.server_close()


def test_pushing_replaces_what_is_there(grafana: FakeGrafana, capsys: pytest.CaptureFixture[str]) -> None:
    """By command: every shipped dashboard, with the token, to be overwritten."""
    with pytest.raises(SystemExit) as ended:
        program.main(["dashboards", "push", "--grafana", grafana.url, "--token", "secret"])

    assert ended.value.code == Exit.OK
    assert [body["dashboard"]["uid"] for body in grafana.got] == [board["uid"] for board in dashboards()]
    assert all(body["overwrite"] for body in grafana.got)
    assert grafana.tokens == ["Bearer secret"] * len(grafana.got)
    printed = capsys.readouterr().out
    assert "/d/x" in printed
    assert "secret" not in printed


@pytest.mark.parametrize(
    ("code", "error"), [(401, PermanentError), (403, PermanentError), (412, PermanentError), (502, TemporaryError)]
)
def test_refusals_and_troubles_are_told_apart(grafana: FakeGrafana, code: int, error: type[Exception]) -> None:
    """What a person must mend, and what may pass."""
    grafana.code = code

    with pytest.raises(error, match="Grafana at"):
        Grafana(grafana.url, "secret").push(dashboards()[0], "test")


def test_a_grafana_that_is_not_there_is_temporary() -> None:
    """Nobody listens."""
    with pytest.raises(TemporaryError, match="does not answer"):
        Grafana(f"http://127.0.0.1:{free_port()}", "secret").push(dashboards()[0], "test")


def queries() -> list[str]:
    """Every PromQL query of every shipped dashboard."""
    return [
        target["expr"] for board in dashboards() for panel in board["panels"] for target in panel.get("targets", ())
    ]


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[str]:
    """A real Prometheus that scrapes the port every second; its address."""
    binary = need("prometheus", "apt-get install prometheus")
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "aiops", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    port = free_port()
    command: list[str | Path] = [
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_every_query_of_every_dashboard_returns_data(tmp_path: Path) -> None:
    """A real Prometheus scrapes our exporter, and none of the panels stays empty."""
    loop = waiting()
    said = status(loop)
    metrics = RuntimeMetrics(lambda: said, loop.journal, LoopClock(loop), difference=lambda: 0)
    port = free_port()
    _, stop = serve(metrics, "127.0.0.1", port)
    try:
        with prometheus(tmp_path, port) as address:
            empty = _empty_after(address, queries(), seconds=60)
    finally:
        stop()

    assert empty == []


def _empty_after(address: str, asked: list[str], seconds: float) -> list[str]:
    """Queries that returned nothing until the time was over; rates need two scrapes."""
    deadline, empty = time.monotonic() + seconds, list(asked)
    while empty and time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            empty = [query for query in empty if not _answer(address, query)]
        except httpx.TransportError:
            continue  # it is still starting
    return empty


def _answer(address: str, query: str) -> list[Any]:
    answer = httpx.get(f"{address}/api/v1/query", params={"query": query}, timeout=5)
    if answer.status_code == 503:
        return []
    assert answer.status_code == 200, (query, answer.text)
    found: list[Any] = answer.json()["data"]["result"]
    return found
