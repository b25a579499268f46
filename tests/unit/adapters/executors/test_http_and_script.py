"""Executors over HTTP and programs, against a real local server and real programs."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.executors.http import HttpExecutor
from aiops.adapters.executors.script import ScriptExecutor
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepStatus

NOW = 1_000


class Clock:
    def now(self) -> int:
        return NOW


def order(seconds: float = 5.0) -> StepOrder:
    capability = Capability("c", "inc", "p/1/do", Action("restart", "cart; rm -rf /"), StepDirection.DO, 3, 0, 10**18)
    return StepOrder(capability, NOW + int(seconds * 1e9))


class Endpoint(ThreadingHTTPServer):
    answer = (200, "ok")
    seen: list[tuple[dict[str, Any], str]]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        server: Endpoint

        def reply(self) -> None:
            status, text = self.server.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.seen.append((body, self.headers["Idempotency-Key"]))
            self.reply()

        do_GET = reply  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            return

    server = Endpoint(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def executor(endpoint: Endpoint) -> HttpExecutor:
    return HttpExecutor(f"http://127.0.0.1:{endpoint.server_address[1]}/act", Clock())


@pytest.mark.parametrize(
    ("code", "status"),
    [(200, StepStatus.DONE), (202, StepStatus.DONE), (409, StepStatus.FAILED), (500, StepStatus.UNKNOWN)],
)
def test_an_answer_decides_the_outcome(endpoint: Endpoint, code: int, status: StepStatus) -> None:
    """Key and epoch reach the target."""
    endpoint.answer = (code, "because")
    outcome = executor(endpoint).run(order())
    assert (outcome.status, outcome.key) == (status, "p/1/do")
    body, key = endpoint.seen[0]
    assert (key, body["epoch"], body["target"]) == ("p/1/do", 3, "cart; rm -rf /")


def test_an_endpoint_that_refuses_connections_changed_nothing() -> None:
    """Failed, not unknown: the request never left."""
    assert HttpExecutor("http://127.0.0.1:1/", Clock()).run(order()).status is StepStatus.FAILED


@pytest.mark.parametrize(
    ("text", "observed"),
    [
        ('{"state": "done"}', Observed.DONE),
        ('{"state": "not-done"}', Observed.NOT_DONE),
        ('{"x": 1}', Observed.UNKNOWN),
    ],
)
def test_an_endpoint_is_asked_about_the_key(endpoint: Endpoint, text: str, observed: Observed) -> None:
    """Only its own words count."""
    endpoint.answer = (200, text)
    assert executor(endpoint).observe(order()) is observed


def test_an_endpoint_that_talks_nonsense_is_an_error_of_ours(endpoint: Endpoint) -> None:
    """Not JSON: try again later."""
    endpoint.answer = (200, "<html>")
    with pytest.raises(TemporaryError):
        executor(endpoint).observe(order())


def program(folder: Path, text: str) -> list[str]:
    path = folder / "act.py"
    path.write_text(text)
    return [sys.executable, str(path)]


@pytest.mark.parametrize(("code", "status"), [(0, "done"), (1, "failed"), (3, "unknown")])
def test_an_exit_code_decides_the_outcome(tmp_path: Path, code: int, status: str) -> None:
    """The order comes on standard input, never on the command line."""
    command = program(
        tmp_path,
        "import json,sys\n"
        "o=json.load(sys.stdin)\n"
        "print(o['capability']['action']['target'], sys.argv[1:])\n"
        f"sys.exit({code})",
    )
    outcome = ScriptExecutor(command, Clock()).run(order())
    assert outcome.status.value == status
    assert "cart; rm -rf / ['run']" in outcome.detail


def test_a_program_that_hangs_is_killed_at_the_deadline(tmp_path: Path) -> None:
    """Its children too; what it did is unknown."""
    command = program(tmp_path, "import time; time.sleep(60)")
    outcome = ScriptExecutor(command, Clock()).run(order(0.3))
    assert outcome.status is StepStatus.UNKNOWN
    assert "killed at its deadline" in outcome.detail


def test_a_program_that_is_not_there_is_a_clear_error() -> None:
    """Nothing happened, and it says what is missing."""
    with pytest.raises(PermanentError, match="cannot start /no/such"):
        ScriptExecutor(["/no/such"], Clock()).run(order())


@pytest.mark.parametrize(("said", "observed"), [("done", Observed.DONE), ("maybe", Observed.UNKNOWN)])
def test_a_program_observes_in_one_word(tmp_path: Path, said: str, observed: Observed) -> None:
    """Anything else is unknown."""
    assert ScriptExecutor(program(tmp_path, f"print('{said}')"), Clock()).observe(order()) is observed
