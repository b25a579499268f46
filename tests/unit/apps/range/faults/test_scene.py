"""What faults see of an estate: its programs, the ones that are dead, and how instances are restarted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.apps.range.faults import scene
from aiops.apps.range.faults.scene import Scene
from tests.executor_targets import FakeSupervisord
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of, supervised

SERVICE = next(one for one in PLAN.services if one.replicas > 1)
NAMES = [one.id for one in SERVICE.instances if not one.spare]


@pytest.fixture
def supervisord(tmp_path: Path) -> Iterator[FakeSupervisord]:
    with supervised(estate_in(tmp_path)) as fake:
        yield fake


@pytest.fixture
def staged(tmp_path: Path) -> Scene:
    return scene_of("killed", estate_in(tmp_path), SERVICE.id)


def test_spare_instances_are_not_the_targets(staged: Scene) -> None:
    """They do not run, so nothing can happen to them."""
    assert [one.id for one in staged.instances] == NAMES


@pytest.mark.parametrize("state", [0, 100, 200])
def test_only_the_dead_are_started(staged: Scene, supervisord: FakeSupervisord, state: int) -> None:
    """Stopped, exited or given up; those that run, or are just starting, are left alone."""
    supervisord.table[f"{NAMES[0]}:{NAMES[0]}"][0] = state
    supervisord.table[f"{NAMES[1]}:{NAMES[1]}"][0] = 10
    assert staged.start_dead(NAMES) == [NAMES[0]]
    assert supervisord.calls == [f"start {NAMES[0]}"]
    assert staged.start_dead(NAMES) == []


def test_a_restart_goes_on_without_a_proxy(
    staged: Scene, supervisord: FakeSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HAProxy may be what is broken."""
    monkeypatch.setattr(scene, "healthy", lambda _: True)
    monkeypatch.setattr(scene, "_DRAIN_SECONDS", 0.0)
    staged.restart(staged.instances)
    assert supervisord.calls == [f"{verb} {name}" for name in NAMES for verb in ("stop", "start")]


def test_an_instance_that_never_gets_well_does_not_hold_the_others(
    staged: Scene, supervisord: FakeSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release that was to be bad is bad everywhere."""
    monkeypatch.setattr(scene, "healthy", lambda _: False)
    monkeypatch.setattr(scene, "_DRAIN_SECONDS", 0.0)
    monkeypatch.setattr(scene, "_START_SECONDS", 0.0)
    staged.restart(staged.instances)
    assert [call for call in supervisord.calls if call.startswith("start")] == [f"start {name}" for name in NAMES]


def test_programs_that_are_unknown_are_not_seen(staged: Scene, supervisord: FakeSupervisord) -> None:
    """Only those that were asked for."""
    assert supervisord.running()
    assert {one.name for one in staged.processes([*NAMES, "nobody"])} == set(NAMES)
