"""Supervisord's interface, against a server that speaks it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault
from xmlrpc.server import SimpleXMLRPCDispatcher, SimpleXMLRPCRequestHandler

import pytest

from aiops.adapters.supervisord import ProcessState, Supervisord
from aiops.model.errors import PermanentError, TemporaryError


@dataclass
class Programs:
    """The programs of a supervisord, and what was asked."""

    states: dict[str, str] = field(default_factory=lambda: {"cart-1": "RUNNING", "cart-2": "STOPPED"})
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def info(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "statename": state,
                "start": 1_000,
                "description": "pid 7",
                "pid": 7 if state == "RUNNING" else 0,
                "group": name,
            }
            for name, state in self.states.items()
        ]

    def start(self, name: str, wait: object) -> bool:
        self.asked.append(("start", name, str(wait)))
        match self.states.get(name):
            case None:
                raise Fault(10, f"BAD_NAME: {name}")
            case "RUNNING":
                raise Fault(60, f"ALREADY_STARTED: {name}")
            case "BROKEN":
                raise Fault(50, f"SPAWN_ERROR: {name}")
        self.states[name] = "RUNNING"
        return True

    def stop(self, name: str, wait: object) -> bool:
        self.asked.append(("stop", name, str(wait)))
        if self.states[name] != "RUNNING":
            raise Fault(70, f"NOT_RUNNING: {name}")
        self.states[name] = "STOPPED"
        return True

    def signal(self, name: str, number: str) -> bool:
        self.asked.append(("signal", name, number))
        if self.states[name] != "RUNNING":
            raise Fault(70, f"NOT_RUNNING: {name}")
        return True


class Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ()
    disable_nagle_algorithm = False

    def address_string(self) -> str:
        return "unix"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Quiet."""


class Server(socketserver.UnixStreamServer, SimpleXMLRPCDispatcher):
    def __init__(self, path: Path, programs: Programs) -> None:
        SimpleXMLRPCDispatcher.__init__(self, allow_none=True)
        socketserver.UnixStreamServer.__init__(self, str(path), Handler)
        ended = threading.Event()
        functions: dict[str, Callable[..., Any]] = {
            "getAllProcessInfo": programs.info,
            "startProcess": programs.start,
            "stopProcess": programs.stop,
            "signalProcess": programs.signal,
            "stopAllProcesses": lambda wait: programs.asked.append(("stop all", str(wait))),
            "shutdown": ended.set,
            "getState": lambda: {"statecode": 1, "statename": "RUNNING"},
        }
        for name, function in functions.items():
            self.register_function(function, f"supervisor.{name}")
        self.ended = ended


@pytest.fixture
def programs() -> Programs:
    return Programs()


@pytest.fixture
def server(programs: Programs, tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "socket", programs) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join(5)


@pytest.fixture
def supervisord(server: Server, tmp_path: Path) -> Supervisord:
    return Supervisord(tmp_path / "socket")


def test_programs_are_listed_with_state_and_process(supervisord: Supervisord) -> None:
    """A stopped one has no process."""
    found = {one.name: (one.state, one.pid) for one in supervisord.processes()}
    assert found == {"cart-1": (ProcessState.RUNNING, 7), "cart-2": (ProcessState.STOPPED, 0)}


def test_one_program_is_found_by_its_name(supervisord: Supervisord) -> None:
    """An unknown name is an error."""
    assert supervisord.process("cart-1").since == 1_000
    with pytest.raises(PermanentError, match="no program 'basket'"):
        supervisord.process("basket")


def test_a_start_does_not_wait(supervisord: Supervisord, programs: Programs) -> None:
    """Supervisord would block for startsecs."""
    assert supervisord.start("cart-2")
    assert programs.asked == [("start", "cart-2", "False")]


def test_what_runs_is_not_started_twice(supervisord: Supervisord) -> None:
    """The answer says that it ran already."""
    assert not supervisord.start("cart-1")


def test_an_unknown_program_cannot_be_started(supervisord: Supervisord) -> None:
    """The error names it."""
    with pytest.raises(PermanentError, match="no program 'basket'"):
        supervisord.start("basket")


def test_a_refusal_is_told(supervisord: Supervisord, programs: Programs) -> None:
    """In supervisord's words."""
    programs.states["cart-2"] = "BROKEN"
    with pytest.raises(PermanentError, match="SPAWN_ERROR"):
        supervisord.start("cart-2")


def test_a_stop_does_not_wait(supervisord: Supervisord, programs: Programs) -> None:
    """A second one says that nothing ran."""
    assert supervisord.stop("cart-1")
    assert not supervisord.stop("cart-1")
    assert programs.asked == [("stop", "cart-1", "False")] * 2


def test_a_signal_reaches_what_runs(supervisord: Supervisord, programs: Programs) -> None:
    """By its number."""
    assert supervisord.signal("cart-1", 19)
    assert not supervisord.signal("cart-2", 19)
    assert programs.asked[0] == ("signal", "cart-1", "19")


def test_all_programs_are_stopped_before_the_end(supervisord: Supervisord, programs: Programs, server: Server) -> None:
    """Two calls, neither of which waits."""
    supervisord.stop_all()
    supervisord.shut_down()
    assert programs.asked == [("stop all", "False")]
    assert server.ended.is_set()


def test_no_supervisord_is_a_temporary_error(tmp_path: Path) -> None:
    """It may be started."""
    absent = Supervisord(tmp_path / "absent")
    assert not absent.answers()
    with pytest.raises(TemporaryError, match="does not answer"):
        absent.processes()


def test_a_running_one_answers(supervisord: Supervisord) -> None:
    """Whatever its programs do."""
    assert supervisord.answers()
