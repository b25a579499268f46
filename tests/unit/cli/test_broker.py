from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.broker.artifacts import BrokerError
from aiops.adapters.broker.embedded import BrokerState, BrokerStatus
from aiops.cli import broker
from aiops.cli.broker import app
from aiops.cli.exits import Exit
from tests.unit.cli.commands import call


class FakeBroker:
    """An embedded broker that starts and stops at once."""

    state = BrokerState.STOPPED
    heap = 0
    error: BrokerError | None = None

    def __init__(self, folder: Path, heap_mb: int = 384, report: object = None) -> None:
        self.folder, self.heap_mb = folder, heap_mb

    def start(self) -> str:
        if self.error:
            raise self.error
        FakeBroker.state, FakeBroker.heap = BrokerState.RUNNING, self.heap_mb
        return "127.0.0.1:19092"

    def stop(self) -> bool:
        was, FakeBroker.state = FakeBroker.state, BrokerState.STOPPED
        return was is BrokerState.RUNNING

    def status(self) -> BrokerStatus:
        running = self.state is BrokerState.RUNNING
        return BrokerStatus(
            self.state, "127.0.0.1:19092" if running else None, 42 if running else None, self.folder, "4.1.0",
            300_000_000, 1_250_000,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def fake(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "EmbeddedBroker", FakeBroker)
    monkeypatch.setattr(FakeBroker, "state", BrokerState.STOPPED)


def test_start_prints_where_it_is(state: Path) -> None:
    """Address, process and folder of these settings' state."""
    ended = call(app, "start", "--heap", "512")
    assert ended.code == Exit.OK
    assert ended.out.splitlines() == [
        "state    running",
        "address  127.0.0.1:19092",
        "process  42",
        "Kafka    4.1.0",
        "memory   300 MB",
        f"records  1.2 MB in {state / 'broker'}",
    ]
    assert FakeBroker.heap == 512
    assert ended.err == ""


def test_start_says_that_others_use_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """AIOPS_KAFKA wins in every other command."""
    monkeypatch.setenv("AIOPS_KAFKA", "far:9092")
    ended = call(app, "start", "--json")
    assert ended.json["bootstrap"] == "127.0.0.1:19092"
    assert ended.err == "Note: AIOPS_KAFKA=far:9092 is set, so other commands use that broker.\n"


@pytest.mark.parametrize("heap", ["0", "255", "4097", "-1", "much"])
def test_a_heap_out_of_range_is_wrong_usage(heap: str) -> None:
    """From 256 to 4096 MB."""
    assert call(app, "start", "--heap", heap).code == Exit.USAGE
    assert FakeBroker.state is BrokerState.STOPPED


def test_a_broker_that_cannot_be_had_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason passes with the way out."""
    monkeypatch.setattr(FakeBroker, "error", BrokerError("no Java"))
    assert call(app, "start").code == Exit.FAILED


def test_stop_says_whether_it_ran() -> None:
    """Exit code 0 either way."""
    assert (call(app, "stop").code, call(app, "stop").out) == (Exit.OK, "It was not running.\n")
    call(app, "start")
    assert call(app, "stop").out == "Stopped.\n"
    assert call(app, "stop", "--json").json == {"was_running": False}


@pytest.mark.parametrize(
    ("state_", "code"), [(BrokerState.RUNNING, Exit.OK), (BrokerState.SILENT, Exit.NO), (BrokerState.STOPPED, Exit.NO)]
)
def test_status_is_yes_only_when_it_answers(monkeypatch: pytest.MonkeyPatch, state_: BrokerState, code: Exit) -> None:
    """A process that does not answer is a no, as one that is not there."""
    monkeypatch.setattr(FakeBroker, "state", state_)
    ended = call(app, "status", "--json")
    assert (ended.code, ended.json["state"]) == (code, state_.value)


def test_status_before_the_first_start() -> None:
    """Nothing is chosen yet, which is said."""
    lines = call(app, "status").out.splitlines()
    assert lines[1:3] == ["address  chosen at the first start", "process  none"]
