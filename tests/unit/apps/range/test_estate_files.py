"""Files of an estate, and the switch between releases."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aiops.apps.range import estate_files
from aiops.apps.range.estate_files import make_folders, read, short_folder, switch, write, write_release
from aiops.model.errors import PermanentError
from simulations.range.profile import Knobs, profile
from simulations.range.run_folder import RunFolder
from tests.unit.simulations.range.runs import PLAN, run


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """An estate's files, written."""
    made = RunFolder(tmp_path / "range" / "7", tmp_path / "short")
    make_folders(made)
    write(PLAN, made, run(short=str(made.short)))
    return made


def test_what_was_written_is_read(folder: RunFolder) -> None:
    """Plan, paths and settings."""
    plan, paths, settings = read(folder.root)
    assert (plan, paths) == (PLAN, folder)
    assert settings.kafka == "127.0.0.1:9092"


def test_every_service_has_its_planned_release(folder: RunFolder) -> None:
    """The link leads to a whole release."""
    for service in PLAN.services:
        content = json.loads((folder.current(service.id) / "profile.json").read_text())
        assert content["version"] == service.version
        assert (folder.current(service.id) / "environment").exists()


def test_a_switched_link_changes_the_release_and_back(folder: RunFolder) -> None:
    """The version before is what undoes it."""
    service = PLAN.services[0]
    write_release(folder, profile(PLAN, service, version="9.9.9", knobs=Knobs(error_share=0.5)))
    assert switch(folder, service.id, "9.9.9") == service.version
    assert json.loads((folder.current(service.id) / "profile.json").read_text())["knobs"]["error_share"] == 0.5
    assert switch(folder, service.id, service.version) == "9.9.9"


def test_a_release_that_does_not_exist_is_refused(folder: RunFolder) -> None:
    """The current one stays."""
    service = PLAN.services[0]
    with pytest.raises(PermanentError, match=r"has no release '0\.0\.0'"):
        switch(folder, service.id, "0.0.0")
    assert folder.current(service.id).readlink() == Path("releases") / service.version


def test_maps_of_operators_are_empty_at_first(folder: RunFolder) -> None:
    """HAProxy wants the files to be there."""
    assert [(folder.root / "haproxy" / name).read_text() for name in ("shed.map", "rate.map")] == ["", ""]


def test_a_folder_without_an_estate_is_an_error(tmp_path: Path) -> None:
    """It says how to start one."""
    with pytest.raises(PermanentError, match="aiops range up"):
        read(tmp_path)


def test_the_folder_of_sockets_is_short_and_the_estates_own() -> None:
    """A socket's path has at most 107 characters. Two state folders with one seed share nothing."""
    assert len(str(short_folder(Path("/a" * 200)) / "supervisor.sock")) < 60
    assert short_folder(Path("/one/range/7")) != short_folder(Path("/two/range/7"))


def test_a_folder_of_sockets_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Somebody else may have put it there."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "short").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermanentError, match="belongs to another user"):
        make_folders(RunFolder(tmp_path / "root", tmp_path / "short"))


def test_giving_to_nobody_changes_nothing(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who starts an estate without root keeps its files."""
    changed: list[tuple[Path, str]] = []
    monkeypatch.setattr(shutil, "chown", lambda path, user: changed.append((path, user)))
    estate_files.give(folder.short, "")
    assert changed == []
    estate_files.give(folder.data("rabbitmq"), "rabbitmq")
    assert {user for _, user in changed} == {"rabbitmq"}
    assert folder.data("rabbitmq") / "rabbitmq.conf" in {path for path, _ in changed}
