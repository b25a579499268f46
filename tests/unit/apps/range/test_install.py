"""What `aiops range install` builds, and what it names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from aiops.apps.range import install
from aiops.apps.range.build_cache import digest
from aiops.apps.range.install import Part, apt_line, installed, make, parts, system_programs
from aiops.model.errors import PermanentError


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Let only these shell scripts be found on the PATH."""
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")


def part(folder: Path, build: Callable[[Path, Path], None], *needs: str) -> Part:
    """A part with one lock."""
    (folder / "lock").write_text("1")
    return Part("part", folder, ("lock",), build, needs)


def test_every_part_has_a_lock() -> None:
    """What is built is known by files of the repository."""
    for one in parts().values():
        names = {file.name for file in one.sources}
        assert names & {"go.sum", "package-lock.json", "requirements.lock"}, one.name


def test_no_lock_names_a_registry() -> None:
    """Each machine uses its own."""
    for one in parts().values():
        for file in one.sources:
            if file.name in {"package-lock.json", "requirements.lock"}:
                assert re.findall(r"https?://[^\s\"]*registry|\"resolved\"|--index", file.read_text()) == [], file


def test_requirements_have_hashes() -> None:
    """Each pinned package has at least one."""
    for one in parts().values():
        for file in one.sources:
            if file.name == "requirements.lock":
                text = file.read_text()
                assert len(re.findall(r"^[a-z].*==", text, re.MULTILINE)) == text.count("==")
                assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z])", text.strip()))


def test_a_go_part_is_built_from_its_lock_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are read only, and no other toolchain is fetched."""
    programs(tmp_path, monkeypatch, go='echo "$GOTOOLCHAIN $*" > "$5"')
    folder = make(parts()["toxiproxy"], tmp_path / "cache")
    words = (folder / "toxiproxy").read_text().split()
    assert words[:4] == ["local", "build", "-mod=readonly", "-trimpath"]
    assert words[-1] == "github.com/Shopify/toxiproxy/v2/cmd/server"


def test_a_node_part_runs_no_scripts_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is installed from the lock in the cache, not in the sources."""
    programs(tmp_path, monkeypatch, npm='echo "$*" > said', node="")
    folder = make(parts()["node-packages"], tmp_path / "cache")
    assert (folder / "said").read_text().split()[:3] == ["ci", "--omit=dev", "--no-audit"]
    assert "--ignore-scripts" in (folder / "said").read_text()
    assert (folder / "package-lock.json").exists()


def test_a_failed_build_says_what_was_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the output, and the command."""
    programs(tmp_path, monkeypatch, go='echo "cannot find module" >&2; exit 1')
    with pytest.raises(PermanentError, match=r"(?s)go build.*ended with 1.*cannot find module"):
        make(parts()["collector"], tmp_path / "cache")


def test_a_missing_builder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is built."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PermanentError, match="part is built with go, which is not on the PATH"):
        make(part(tmp_path, lambda _, __: None, "go"), tmp_path / "cache")


def test_installing_says_how_long_each_part_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run finds everything."""
    one = part(tmp_path, lambda _, folder: (folder / "x").touch())
    monkeypatch.setattr(install, "parts", lambda: {"part": one})
    first: list[str] = []
    second: list[str] = []
    assert list(install.install(first.append, tmp_path / "cache")) == ["part"]
    install.install(second.append, tmp_path / "cache")
    assert first[0] == "part: building"
    assert first[1].startswith("part: built in 0 s")
    assert [line.split("  ")[0] for line in second] == ["part: is there"]


def test_an_estate_needs_all_parts(tmp_path: Path) -> None:
    """The error names the command."""
    with pytest.raises(PermanentError, match=r"not built yet: collector, .*aiops range install"):
        installed(tmp_path)


def test_missing_system_programs_are_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person can paste it."""
    for one in parts().values():
        (tmp_path / f"{one.name}-{digest(one.sources)}").mkdir()
    monkeypatch.setattr(install, "missing_packages", lambda: ["redis-server", "haproxy"])
    with pytest.raises(PermanentError, match="sudo apt-get install --no-install-recommends redis-server haproxy"):
        installed(tmp_path)


def test_the_apt_line_is_for_a_person() -> None:
    """With sudo, for those who are not root."""
    assert apt_line(["haproxy"]) == "sudo apt-get install --no-install-recommends haproxy"


def test_system_programs_are_looked_for_where_debian_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's PATH lacks the folders of system programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {program.name: program.found for program in system_programs()}
    assert set(found) == {"postgres", "redis-server", "rabbitmq-server", "epmd", "haproxy", "node"}
    assert all(path is None or path.is_absolute() for path in found.values())


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error says so."""
    monkeypatch.setattr(install, "_BUILD_SECONDS", 0.01)
    programs(tmp_path, monkeypatch, go="exec sleep 30")
    with pytest.raises(PermanentError, match="did not end in"):
        make(parts()["go-service"], tmp_path / "cache")
