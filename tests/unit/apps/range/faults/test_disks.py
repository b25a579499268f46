"""A slow disk, in a folder that looks like the system's cgroups."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from aiops.apps.range.faults import databases, disks
from aiops.apps.range.faults.disks import SlowDisk, controller, device_of
from aiops.apps.range.faults.scene import Scene
from aiops.model.errors import PermanentError
from simulations.range.estate_plan import POSTGRESQL
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of, supervised


def refused(_: Scene) -> NoReturn:
    raise psycopg.OperationalError("nobody listens")


def group(root: Path, *, unified: bool) -> Path:
    parent = root if unified else root / "blkio"
    parent.mkdir(parents=True, exist_ok=True)
    if unified:
        (root / "cgroup.subtree_control").write_text("cpu io memory\n")
    return parent / f"aiops-range-{PLAN.seed}"


@pytest.mark.parametrize("unified", [False, True])
def test_the_database_is_put_into_a_group_with_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, unified: bool
) -> None:
    """Its server, whose children follow; in both versions of cgroups."""
    monkeypatch.setattr(disks, "device_of", lambda _: "254:0")
    monkeypatch.setattr(databases, "connected", refused)
    estate = estate_in(tmp_path / "estate")
    place = group(tmp_path / "cgroup", unified=unified)
    with supervised(estate) as supervisord:
        supervisord.table[f"{POSTGRESQL}:{POSTGRESQL}"] = [20, 4_242, 1]
        act = SlowDisk(scene_of("slow-disk", estate), tmp_path / "cgroup")
        act.begin()
    assert (place / "cgroup.procs").read_text() == "4242"
    found = {file.name: file.read_text() for file in place.iterdir() if file.name != "cgroup.procs"}
    if unified:
        assert found == {"io.max": "254:0 rbps=16384 wbps=16384 riops=4 wiops=4"}
    else:
        ways = {"read_bps": "16384", "write_bps": "16384", "read_iops": "4", "write_iops": "4"}
        assert found == {f"blkio.throttle.{name}_device": f"254:0 {number}" for name, number in ways.items()}


def test_the_end_lets_them_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel removes a group's files with its folder."""
    place = group(tmp_path, unified=False)
    place.mkdir()
    (place / "cgroup.procs").write_text("7\n8\n")
    monkeypatch.setattr(Path, "rmdir", shutil.rmtree)
    act = SlowDisk(scene_of("slow-disk", estate_in(tmp_path / "estate")), tmp_path)
    assert act.end() is False
    assert (tmp_path / "blkio" / "cgroup.procs").read_text() == "8"
    assert act.end() is True


def test_a_machine_without_a_controller_is_refused(tmp_path: Path) -> None:
    """Before anything was changed."""
    assert controller(tmp_path) is None
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory\n")
    assert controller(tmp_path) is None
    act = SlowDisk(scene_of("slow-disk", estate_in(tmp_path / "estate")), tmp_path)
    with pytest.raises(PermanentError, match="needs a cgroup controller"):
        act.begin()
    assert act.end() is True


def test_limits_are_those_of_the_whole_disk(tmp_path: Path) -> None:
    """The kernel refuses a partition."""
    number = tmp_path.stat().st_dev
    name = f"{os.major(number)}:{os.minor(number)}"
    disk = tmp_path / "disk"
    (disk / "part").mkdir(parents=True)
    (disk / "dev").write_text("254:0\n")
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / name).symlink_to(disk / "part")
    assert device_of(tmp_path, tmp_path / "devices") == name
    (disk / "part" / "partition").write_text("1\n")
    assert device_of(tmp_path, tmp_path / "devices") == "254:0"
