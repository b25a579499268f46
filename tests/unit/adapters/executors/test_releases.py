"""Versions behind a symbolic link: which one is present, which one was before, and the switch between them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiops.adapters.executors.releases import VersionLink
from aiops.model.errors import PermanentError, TemporaryError


@pytest.fixture
def link(tmp_path: Path) -> VersionLink:
    """Releases 40, 41 and 42, put there in the order 41, 40, 42; 42 is present."""
    for age, name in ((300, "41"), (200, "40"), (100, "42")):
        folder = tmp_path / "releases" / name
        folder.mkdir(parents=True)
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "current").symlink_to("releases/42")
    return VersionLink(tmp_path / "current")


def test_the_previous_version_is_the_one_put_there_before(link: VersionLink) -> None:
    """By time, not by name: somebody may have deployed an old version again."""
    assert (link.present().name, link.previous().name) == ("42", "40")


def test_a_switch_changes_what_the_link_names(link: VersionLink) -> None:
    """Relatively, so that the folder may be moved; and back again."""
    link.switch(link.version("41"))
    assert (link.present().name, str(link.link.readlink())) == ("41", "releases/41")
    link.switch(link.version("42"))
    assert link.present().name == "42"


def test_the_oldest_version_has_none_before_it(link: VersionLink) -> None:
    """A newer version is no previous one."""
    link.switch(link.version("41"))
    with pytest.raises(PermanentError, match="no version that is older than 41"):
        link.previous()


@pytest.mark.parametrize("name", ["43", "", ".", "..", "../releases/41", "/etc", ".hidden"])
def test_a_version_that_is_not_there_is_refused(link: VersionLink, name: str) -> None:
    """Names come from outside; only those of the folder count."""
    with pytest.raises(PermanentError, match="it has 40, 41, 42"):
        link.version(name)


def test_links_and_hidden_files_are_no_versions(link: VersionLink, tmp_path: Path) -> None:
    """A deployment tool leaves such beside the versions."""
    (tmp_path / "releases" / "latest").symlink_to("42")
    (tmp_path / "releases" / ".partial").mkdir()
    with pytest.raises(PermanentError, match=r"it has 40, 41, 42$"):
        link.version("latest")


def test_an_absolute_link_is_understood(tmp_path: Path, link: VersionLink) -> None:
    """Both ways to write a link are in use; a comparison with the version holds after the switch."""
    link.link.unlink()
    link.link.symlink_to(tmp_path / "releases" / "40")
    assert link.present() == tmp_path / "releases" / "40"
    link.switch(link.version("41"))
    assert link.present() == tmp_path / "releases" / "41"


@pytest.mark.parametrize("what", ["missing", "file"])
def test_what_is_no_link_is_an_error(tmp_path: Path, what: str) -> None:
    """The message names the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PermanentError, match=f"{what} is no symbolic link"):
        VersionLink(tmp_path / what).present()


def test_a_switch_that_the_disk_refuses_leaves_the_link(link: VersionLink, tmp_path: Path) -> None:
    """The effect is in doubt until the link is read; the link is as before."""
    beside = tmp_path / ".current.switching"
    beside.mkdir()
    (beside / "full").mkdir()
    with pytest.raises(TemporaryError, match="cannot be switched"):
        link.switch(link.version("41"))
    assert link.present().name == "42"


def test_configurations_may_be_files(tmp_path: Path) -> None:
    """A version is a folder or a file."""
    (tmp_path / "1.yaml").write_text("a")
    (tmp_path / "2.yaml").write_text("b")
    (tmp_path / "link.yaml").symlink_to("1.yaml")
    link = VersionLink(tmp_path / "link.yaml")
    link.switch(link.version("2.yaml"))
    assert link.link.read_text() == "b"
