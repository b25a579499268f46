"""An estate's start and end, as far as they need no server; tests/integration/range starts one."""

from __future__ import annotations

import http.server
import os
import pwd
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.apps.range import database, estate, leftovers
from aiops.apps.range.estate import Estate, healthy, listens, ports, users
from aiops.apps.range.estate_files import make_folders, write
from aiops.model.errors import PermanentError
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import Users
from tests.unit.simulations.range.runs import PLAN, run


@pytest.fixture
def made(tmp_path: Path) -> Estate:
    """An estate that was never started, with its files."""
    folder = RunFolder(tmp_path / "range" / "7", tmp_path / "short")
    found = Estate(PLAN, folder, run(short=str(folder.short)))
    make_folders(folder)
    write(found.plan, folder, found.run)
    return found


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        """Quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    """A service that is well."""
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(5)


def test_an_estate_is_opened_from_its_folder(made: Estate) -> None:
    """As it was written."""
    assert Estate.opened(made.folder.root) == made


def test_a_taken_port_is_named(made: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started."""
    monkeypatch.setattr(estate, "is_free", lambda port: port != PLAN.ports.redis)
    with pytest.raises(PermanentError, match=str(PLAN.ports.redis)):
        made.up(lambda _: None)
    assert made.folder.root.exists()


def test_an_estate_that_runs_is_not_started_again(made: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to stop it."""
    monkeypatch.setattr(leftovers, "processes", lambda _: [object()])
    with pytest.raises(PermanentError, match="aiops range down"):
        made.up(lambda _: None)


def test_a_failed_start_leaves_logs_and_nothing_else(made: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets and data are gone, the run folder is there for people."""

    def fail(*_: object) -> None:
        raise PermanentError("initdb ended with 1")

    monkeypatch.setattr(estate, "is_free", lambda _: True)
    monkeypatch.setattr(database, "initialise", fail)
    with pytest.raises(PermanentError, match="initdb"):
        made.up(lambda _: None)
    assert made.folder.plan.exists()
    assert not made.folder.short.exists()


def test_down_removes_everything(made: Estate) -> None:
    """Also of an estate whose supervisord is gone."""
    assert made.down() == 0
    assert not made.folder.root.exists()
    assert not made.folder.short.exists()


def test_down_keeps_the_run_folder_when_asked(made: Estate) -> None:
    """Measurements and truth are read later."""
    made.folder.load.write_text("{}\n")
    made.down(keep=True)
    assert made.folder.load.exists()
    assert not made.folder.short.exists()


def test_every_port_is_checked() -> None:
    """Of services, links and backing services, each once."""
    found = ports(PLAN)
    assert len(found) == len(set(found))
    assert {PLAN.ports.public, PLAN.links[0].port, PLAN.services[0].port, PLAN.services[0].instances[0].port} <= set(
        found
    )


def test_a_service_is_healthy_when_it_says_so(port: int) -> None:
    """A closed port is not."""
    assert healthy(port)
    assert listens(port)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert not healthy(closed.getsockname()[1])
        assert not listens(closed.getsockname()[1])


def test_root_hands_the_servers_to_their_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others run them as themselves."""
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert users() == Users()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", lambda name: name)
    assert users() == Users("postgres", "rabbitmq")


def test_root_without_such_users_takes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses root."""

    def unknown(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    assert users() == Users("nobody", "nobody")
