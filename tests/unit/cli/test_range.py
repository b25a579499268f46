"""`aiops range`: what is asked for reaches the estate, and what is wrong is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aiops.apps.range import install as installation
from aiops.apps.range.estate import Estate
from aiops.apps.range.estate_files import make_folders, write
from aiops.apps.range.start import Wanted
from aiops.cli import range as command
from aiops.cli.exits import Exit
from aiops.cli.range import app
from aiops.settings import Settings
from simulations.range.estate_plan import Language
from simulations.range.generation import generate
from simulations.range.run_folder import RunFolder
from tests.unit.cli.commands import call
from tests.unit.simulations.range.runs import run


def estate(state: Path, seed: int) -> Estate:
    """An estate whose files are there, and which does not run."""
    folder = RunFolder(state / "range" / str(seed), state / f"short-{seed}")
    made = Estate(generate(seed), folder, run(short=str(folder.short)))
    make_folders(folder)
    write(made.plan, folder, made.run)
    return made


@pytest.fixture
def wanted(state: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `up` was asked for; the estate is there at once."""
    asked: list[Any] = []

    def prepare(wish: Wanted, _: Settings, __: Any) -> Estate:
        asked.append(wish)
        return estate(state, wish.seed)

    monkeypatch.setattr(command, "prepare", prepare)
    monkeypatch.setattr(command, "publish", lambda made, _: asked.extend([made.plan.seed]))
    monkeypatch.setattr(Estate, "up", lambda _, __: None)
    return asked


def test_up_starts_publishes_and_shows(wanted: list[Any]) -> None:
    """The estate of the seed, with its services."""
    ended = call(app, "up", "--seed", "7")
    assert ended.code == Exit.OK
    assert ended.out.splitlines()[0].startswith("estate 7")
    assert [wanted[0].seed, wanted[1]] == [7, 7]


def test_options_of_up_reach_the_estate(wanted: list[Any]) -> None:
    """Each of them."""
    words = "--seed 3 --size 6 --languages go,python --kafka k:1 --interval 1 --cmdb-missing 0.1 --cmdb-wrong 0.2"
    call(app, "up", *words.split(), "--unkeyed", "--restarts", "--no-load")
    assert wanted[0] == Wanted(
        seed=3,
        size=6,
        languages=(Language.GO, Language.PYTHON),
        kafka="k:1",
        interval_ms=1_000,
        keyed=False,
        restarts=True,
        load=False,
        cmdb_missing=0.1,
        cmdb_wrong=0.2,
    )


def test_an_unknown_language_is_a_wrong_use(wanted: list[Any]) -> None:
    """The known ones are named."""
    ended = call(app, "up", "--languages", "go,cobol")
    assert ended.code == Exit.USAGE
    assert "'cobol' is none of python, go, node" in ended.err
    assert wanted == []


def test_down_stops_the_only_estate(state: Path) -> None:
    """Its files are gone."""
    made = estate(state, 4)
    assert call(app, "down").out == "Stopped.\n"
    assert not made.folder.root.exists()


def test_down_keeps_files_when_asked(state: Path) -> None:
    """The plan stays."""
    made = estate(state, 4)
    call(app, "down", "--keep")
    assert made.folder.plan.exists()


def test_one_of_several_estates_must_be_named(state: Path) -> None:
    """The error lists them."""
    estate(state, 4), estate(state, 5)
    ended = call(app, "down")
    assert ended.code == Exit.FAILED
    assert "--seed: 4, 5" in str(ended.error)
    assert call(app, "down", "--seed", "5").code == Exit.OK
    assert call(app, "down").code == Exit.OK


def test_no_estate_is_an_error(state: Path) -> None:
    """Named by its seed or not."""
    assert "no estate" in str(call(app, "status").error)
    assert "no estate" in str(call(app, "status", "--seed", "9").error)


def test_the_status_of_a_stopped_estate_is_no(state: Path) -> None:
    """Everything is missing; JSON says it, too."""
    estate(state, 4)
    ended = call(app, "status", "--json")
    assert ended.code == Exit.NO
    found = json.loads(ended.out)
    assert (found["seed"], found["complete"], found["processes"]) == (4, False, 0)
    assert call(app, "status").out.startswith("estate 4  is not complete")


@pytest.mark.parametrize(("missing", "code"), [([], Exit.OK), (["haproxy"], Exit.FAILED)])
def test_install_names_what_the_system_lacks(
    missing: list[str], code: Exit, monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    """After it has built what it can."""
    built: list[str] = []
    monkeypatch.setattr(installation, "install", lambda _: built.append("all"))
    monkeypatch.setattr(installation, "missing_packages", lambda: missing)
    ended = call(app, "install")
    assert (ended.code, built) == (code, ["all"])
    assert not missing or "apt-get install --no-install-recommends haproxy" in str(ended.error)


def test_install_runs_apt_for_root_only(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    """Others get the command."""
    ran: list[list[str]] = []
    monkeypatch.setattr(installation, "install", lambda _: None)
    monkeypatch.setattr(installation, "missing_packages", lambda: [] if ran else ["haproxy"])
    monkeypatch.setattr(installation, "apt", ran.append)
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    assert call(app, "install", "--apt").code == Exit.FAILED
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert call(app, "install", "--apt").code == Exit.OK
    assert ran == [["haproxy"]]
