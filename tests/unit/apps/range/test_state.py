"""What `aiops range status` shows."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from aiops.adapters.supervisord import ProcessInfo, ProcessState, Supervisord
from aiops.apps.range.estate import Estate
from aiops.apps.range.state import estates, state, state_text
from aiops.model.errors import TemporaryError
from simulations.range.configuration.supervisord import programs
from simulations.range.run_folder import RunFolder
from tests.unit.simulations.range.runs import PLAN, run


@dataclass
class Seen:
    """A supervisord whose programs run, except some."""

    estate: Estate
    ended: frozenset[str] = frozenset()

    def processes(self) -> list[ProcessInfo]:
        spare = {one.id for service in PLAN.services for one in service.instances if one.spare}
        return [
            ProcessInfo(
                program.name,
                ProcessState.EXITED if program.name in self.ended | spare else ProcessState.RUNNING,
                *(1, 1, ""),
            )
            for program in programs(self.estate.plan, self.estate.folder, self.estate.run)
        ]


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(PLAN, RunFolder(tmp_path, tmp_path / "short"), run())


def see(monkeypatch: pytest.MonkeyPatch, estate: Estate, *ended: str) -> None:
    monkeypatch.setattr(Supervisord, "processes", lambda _: Seen(estate, frozenset(ended)).processes())


def test_an_estate_is_complete_if_everything_but_the_spare_runs(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spare instances are not missed."""
    see(monkeypatch, estate)
    found = state(estate)
    assert found["complete"]
    assert [(one["id"], one["running"]) for one in found["services"]] == [
        (one.id, one.replicas) for one in PLAN.services
    ]


def test_what_ended_is_named(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its program."""
    instance = PLAN.services[0].instances[0].id
    see(monkeypatch, estate, instance, "redis")
    found = state(estate)
    assert not found["complete"]
    assert found["not_running"] == sorted((instance, "redis"))
    assert f"missing    {', '.join(sorted((instance, 'redis')))}" in state_text(found)


def test_a_stopped_estate_has_nothing_running(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown all the same."""

    def fail(_: Supervisord) -> list[ProcessInfo]:
        raise TemporaryError("no socket")

    monkeypatch.setattr(Supervisord, "processes", fail)
    assert state(estate)["processes"] == 0
    assert "is not complete" in state_text(state(estate))


def test_users_of_the_last_minute_are_counted(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older requests are not, and a failure is an answer of 500 or none."""
    see(monkeypatch, estate)
    now = time.time_ns()
    lines = [(now - 90 * 10**9, 200, 1.0), (now, 200, 10.0), (now, 503, 20.0), (now, 0, 30.0), (now, 404, 40.0)]
    text = "\n".join(json.dumps({"at": at, "status": status, "ms": ms}) for at, status, ms in lines)
    estate.folder.load.write_text('{"at": 1, "sta\n' + text + "\n")
    assert state(estate)["users"] == {"requests": 4, "failed": 2, "median_ms": 30.0}


def test_estates_are_listed_by_seed(tmp_path: Path) -> None:
    """A folder without a plan is none."""
    for name in ("12", "3", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").touch()
    (tmp_path / "5").mkdir()
    assert estates(tmp_path) == [3, 12]
