from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from aiops.adapters.bundle.loading import (
    APPROVED,
    SHIPPED,
    approve_runbooks,
    bundle_folder,
    load_bundle,
    load_cases,
    load_runbooks,
    load_windows,
)
from aiops.model.errors import PermanentError
from aiops.settings import Settings

RUNBOOK = "id: own\ntitle: Look\nwhen: {}\nescalate: look at it\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one runbook that is approved."""
    (tmp_path / "own.yaml").write_text(RUNBOOK)
    approve_runbooks(tmp_path)
    return tmp_path


def test_the_shipped_bundle_is_sound() -> None:
    """Without a problem, with runbooks, policies and a digest."""
    bundle = load_bundle()
    assert bundle.problems == ()
    assert bundle.catalogue.runbooks
    assert bundle.policies.digest


def test_a_bundle_that_is_missing_permits_nothing(tmp_path: Path) -> None:
    """An empty folder: problems of policies and of the list of runbooks, and no calendar that freezes."""
    bundle = load_bundle(tmp_path)
    assert [problem.file for problem in bundle.problems] == [
        str(tmp_path / "policies"),
        str(tmp_path / "policies"),
        str(tmp_path / "runbooks" / APPROVED),
    ]
    assert not bundle.catalogue.runbooks


def test_approving_lists_the_digest_of_every_runbook(folder: Path) -> None:
    """The list names each file with its SHA-256, and not itself."""
    digest = hashlib.sha256(RUNBOOK.encode()).hexdigest()
    assert approve_runbooks(folder) == {"own.yaml": digest}
    assert f"own.yaml: {digest}" in (folder / APPROVED).read_text()
    assert list(load_runbooks(folder).runbooks) == ["own"]


def test_a_runbook_that_changed_is_left_out(folder: Path) -> None:
    """One byte more and it must be read again."""
    (folder / "own.yaml").write_text(RUNBOOK + "\n")
    catalogue = load_runbooks(folder)
    assert not catalogue.runbooks
    assert "changed since it was approved" in catalogue.problems[0].what


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"own.yaml: [", "no list of approved runbooks"),
        (b"\xff\xfe\x00", "no list of approved runbooks"),
        (b"own.yaml: 2026-13-45", "no list of approved runbooks"),
        (b"[" * 1100, "no list of approved runbooks"),
        (b"- own.yaml", "it must map file names to SHA-256"),
        (b"", "it must map file names to SHA-256"),
    ],
)
def test_a_broken_list_approves_nothing(folder: Path, text: bytes, told: str) -> None:
    """Whatever the list holds: a problem with its file, and no runbook."""
    (folder / APPROVED).write_bytes(text)
    catalogue = load_runbooks(folder)
    assert not catalogue.runbooks
    assert (catalogue.problems[0].file, told in catalogue.problems[0].what) == (str(folder / APPROVED), True)


def test_a_calendar_that_cannot_be_read_freezes(tmp_path: Path) -> None:
    """A folder in the place of a calendar holds every change."""
    (tmp_path / "freeze.ics").mkdir()
    windows = load_windows(tmp_path)
    assert "cannot be read" in windows.problems[0].what
    assert windows.hold(0) is not None


@pytest.mark.parametrize("content", [None, b"- {primitive: gr\xfcn}", b"- {name: 2026-13-45, primitive: a}"])
def test_cases_that_cannot_be_read_are_an_error_with_the_file(tmp_path: Path, content: bytes | None) -> None:
    """A missing file, another encoding and an impossible date each name the file."""
    if content is not None:
        (tmp_path / "cases.yaml").write_bytes(content)
    with pytest.raises(PermanentError, match=r"cases\.yaml: "):
        load_cases(tmp_path)


def test_the_folder_of_the_settings_wins(tmp_path: Path) -> None:
    """Without one it is the shipped one."""
    assert bundle_folder(Settings()) == SHIPPED
    shutil.copytree(SHIPPED, tmp_path / "ours")
    assert bundle_folder(Settings(bundle=tmp_path / "ours")) == tmp_path / "ours"
