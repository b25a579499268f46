"""Faults of processes, on real processes that only wait."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.adapters.supervisord import ProcessState
from aiops.apps.range import leftovers
from aiops.apps.range.faults import processes
from aiops.apps.range.faults.scene import wait
from simulations.range.estate_plan import COLLECTOR, POSTGRESQL
from tests.executor_targets import FakeSupervisord
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of, supervised

SERVICE = PLAN.services[0]
NAMES = [f"{one.id}:{one.id}" for one in SERVICE.instances if not one.spare]


@pytest.fixture
def supervisord(tmp_path: Path) -> Iterator[FakeSupervisord]:
    with supervised(estate_in(tmp_path)) as fake:
        yield fake


@pytest.fixture
def sleepers(supervisord: FakeSupervisord) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes of the first service."""
    found = [subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"]) for _ in NAMES]
    for name, process in zip(NAMES, found, strict=True):
        supervisord.table[name][1] = process.pid
    yield found
    for process in found:
        process.kill()
        process.wait()


def state_of(process: subprocess.Popen[bytes]) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_killed_is_killed(
    tmp_path: Path, supervisord: FakeSupervisord, sleepers: list[subprocess.Popen[bytes]]
) -> None:
    """The end starts what nobody started."""
    act = processes.killed(scene_of("killed", estate_in(tmp_path)))
    act.begin()
    assert [process.wait(10) for process in sleepers] == [-9] * len(sleepers)
    for name in NAMES:
        supervisord.table[name][:2] = [100, 0]
    assert act.end() is False
    assert supervisord.calls == [f"start {name.split(':')[0]}" for name in NAMES]
    assert act.end() is True


def test_a_death_that_supervisord_has_not_noticed_yet_is_waited_for(
    tmp_path: Path, supervisord: FakeSupervisord, sleepers: list[subprocess.Popen[bytes]]
) -> None:
    """The fault was ended right after its begin."""
    act = processes.killed(scene_of("killed", estate_in(tmp_path)))
    act.begin()
    assert supervisord.running() >= set(NAMES)

    def notice() -> None:
        for name in NAMES:
            supervisord.table[name][:2] = [100, 0]

    timer = threading.Timer(0.3, notice)
    timer.start()
    assert act.end() is False
    timer.join()
    assert sorted(supervisord.calls) == sorted(f"start {name.split(':')[0]}" for name in NAMES)
    assert len(sleepers) == len(NAMES)


def test_stopped_hangs_and_goes_on(
    tmp_path: Path, supervisord: FakeSupervisord, sleepers: list[subprocess.Popen[bytes]]
) -> None:
    """The same processes, unless somebody replaced them."""
    act = processes.stopped(scene_of("stopped", estate_in(tmp_path)))
    act.begin()
    assert wait(lambda: all(state_of(process) == "T" for process in sleepers), 5.0)
    supervisord.table[NAMES[0]][1] = 0
    healed = len(sleepers) == 1
    assert act.end() is healed
    assert wait(lambda: all(state_of(process) != "T" for process in sleepers[1:]), 5.0)
    assert state_of(sleepers[0]) == "T"
    assert act.end() is True


def test_a_hog_bears_the_estates_mark_and_ends(tmp_path: Path) -> None:
    """`aiops range down` would find what is left of it."""
    act = processes.HogBeside(scene_of("hog-beside", estate_in(tmp_path)))
    act.begin()
    act.tick(1.0)
    assert wait(lambda: len(leftovers.processes(tmp_path)) > 1, 5.0)
    assert act.end() is False
    assert leftovers.processes(tmp_path) == []
    assert act.end() is True


def test_a_database_is_down_for_eight_seconds(tmp_path: Path, supervisord: FakeSupervisord) -> None:
    """Then it starts, and nothing is left for the end."""
    supervisord.table[f"{POSTGRESQL}:{POSTGRESQL}"] = [20, 1, 1]
    act = processes.DatabaseRestarted(scene_of("database-restarted", estate_in(tmp_path)))
    act.begin()
    act.tick(7.0)
    assert supervisord.calls == [f"stop {POSTGRESQL}"]
    act.tick(8.0)
    act.tick(9.0)
    assert supervisord.calls == [f"stop {POSTGRESQL}", f"start {POSTGRESQL}"]
    assert act.end() is True


def test_a_database_that_was_to_be_down_longer_is_started_by_the_end(
    tmp_path: Path, supervisord: FakeSupervisord
) -> None:
    """The fault was ended after two seconds."""
    supervisord.table[f"{POSTGRESQL}:{POSTGRESQL}"] = [20, 1, 1]
    act = processes.DatabaseRestarted(scene_of("database-restarted", estate_in(tmp_path)))
    act.begin()
    assert act.end() is False
    assert supervisord.table[f"{POSTGRESQL}:{POSTGRESQL}"][0] == 20


def test_the_collector_is_one_process(tmp_path: Path, supervisord: FakeSupervisord) -> None:
    """It is started again if it is dead."""
    supervisord.table[f"{COLLECTOR}:{COLLECTOR}"] = [100, 0, 1]
    act = processes.collector_killed(scene_of("collector-killed", estate_in(tmp_path)))
    act.begin()
    assert act.end() is False
    assert supervisord.calls == [f"start {COLLECTOR}"]


def test_supervisords_states_are_known(tmp_path: Path, supervisord: FakeSupervisord) -> None:
    """The scene sees the programs by their names."""
    scene = scene_of("killed", estate_in(tmp_path))
    found = scene.processes([instance.id for instance in scene.instances])
    assert {one.state for one in found} == {ProcessState.RUNNING}
