from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from aiops.cli import up
from aiops.cli.exits import Exit
from aiops.cli.up import run
from aiops.model.errors import PermanentError
from aiops.settings import Settings
from tests.unit.cli.commands import call


class Parts:
    """What the runtime and its servers were told, in order."""

    told: list[str]
    error: PermanentError | None


class FakeRuntime:
    bootstrap = "127.0.0.1:19092"

    def __init__(self, settings: Settings, say: Any) -> None: ...

    def start(self) -> None:
        Parts.told.append("start")
        if Parts.error:
            raise Parts.error

    def stop(self) -> None:
        Parts.told.append("stop")

    def leave(self) -> None:
        Parts.told.append("leave")


class FakeServing:
    metrics_url = "http://127.0.0.1:9464/metrics"

    def __init__(self, settings: Settings) -> None:
        self.console = SimpleNamespace(url="http://127.0.0.1:8765")

    def start(self, bootstrap: str) -> None:
        Parts.told.append(f"serve {bootstrap}")
        os.kill(os.getpid(), signal.SIGTERM)

    def stop(self) -> None:
        Parts.told.append("serving stop")


@pytest.fixture
def parts(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Parts]]:
    """The bootstrap modules replaced by parts that only say what they were told; handlers of signals are put back."""
    Parts.told, Parts.error = [], None
    for name, place, part in (("Runtime", "runtime", FakeRuntime), ("Serving", "services", FakeServing)):
        module = ModuleType(f"aiops.bootstrap.{place}")
        setattr(module, name, part)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with pytest.MonkeyPatch.context() as environment:
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
            environment.setenv(name, "")  # so that what the command sets is taken back
            os.environ.pop(name)
        yield Parts
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_ends_in_good_order_when_asked(parts: type[Parts], state: Path) -> None:
    """Runtime, then servers; at SIGTERM the servers end before the runtime. It says where to look."""
    ended = call(run)
    assert ended.code == Exit.OK
    assert parts.told == ["start", "serve 127.0.0.1:19092", "serving stop", "stop"]
    for words in ("domain main", "127.0.0.1:19092", "http://127.0.0.1:8765", str(state / "console.token"), "stopped;"):
        assert words in ended.err
    assert ended.out == ""


def test_what_fails_to_start_is_stopped(parts: type[Parts]) -> None:
    """Half a runtime is not left behind, and the reason is the error."""
    parts.error = PermanentError("the disk is full")
    ended = call(run)
    assert str(ended.error) == "the disk is full"
    assert parts.told == ["start", "serving stop", "stop"]


@pytest.mark.parametrize(("ray", "end"), [(None, "stop"), ("auto", "leave")])
def test_only_a_cluster_can_be_left(
    parts: type[Parts], monkeypatch: pytest.MonkeyPatch, ray: str | None, end: str
) -> None:
    """A local Ray ends with this process, whatever was asked."""
    if ray:
        monkeypatch.setenv("AIOPS_RAY", ray)
    call(run, "--leave")
    assert parts.told[-1] == end


def test_a_local_ray_is_closed_to_others(parts: type[Parts], monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh token; one that is set stays; a cluster keeps its own rules."""
    call(run)
    assert (os.environ["RAY_AUTH_MODE"], len(os.environ["RAY_AUTH_TOKEN"])) == ("token", 64)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "ours")
    call(run)
    assert os.environ["RAY_AUTH_TOKEN"] == "ours"
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.delenv("RAY_AUTH_MODE")
    monkeypatch.setenv("AIOPS_RAY", "auto")
    call(run)
    assert "RAY_AUTH_TOKEN" not in os.environ


def test_shadow_mode_and_a_stated_token_are_said(parts: type[Parts], monkeypatch: pytest.MonkeyPatch) -> None:
    """A person must know that nothing is executed, and where the token is."""
    monkeypatch.setenv("AIOPS_CONTROL__SHADOW", "true")
    monkeypatch.setenv("AIOPS_CONSOLE__TOKEN", "t" * 40)
    err = call(run).err
    assert "(shadow mode: decisions are recorded, nothing is executed)" in err
    assert "sign in with the token in console.token of the settings" in err
    assert "t" * 40 not in err


def test_trouble_is_said_once_and_when_it_is_over(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of every part; the same trouble is not repeated."""
    troubles = ["", "shard 0 is slow", "shard 0 is slow", ""]

    class Looks(threading.Event):
        """Four looks at a status that changes between them."""

        def wait(self, timeout: float | None = None) -> bool:
            if not troubles:
                return True
            shard = {"error": troubles.pop(0)}
            status = {"at": 1, "shards": [shard], "orchestration": {}, "fleet": {}}
            (state / "status.json").write_text(json.dumps(status))
            return False

    up._watch(Settings(state=state), Looks())
    assert capsys.readouterr().err.splitlines() == ["shard 0 is slow", "all parts are healthy again"]


def test_asking_twice_ends_at_once(parts: type[Parts]) -> None:
    """The second Ctrl-C does not wait for good order."""
    stopping = up._on_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stopping.is_set()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
