"""Folders that are complete or not there."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from aiops.apps.range.build_cache import cached, forget_unused, home
from aiops.model.errors import PermanentError


def lock(folder: Path, text: str) -> list[Path]:
    """A lock with this content."""
    file = folder / "lock"
    file.write_text(text)
    return [file]


def fill(folder: Path) -> None:
    """A build."""
    (folder / "program").write_text("built")


def refuse(_: Path) -> None:
    """A build that must not happen."""
    raise AssertionError


def test_what_was_built_is_found_at_once(tmp_path: Path) -> None:
    """The second call builds nothing."""
    sources = lock(tmp_path, "1")
    first = cached(tmp_path / "cache", "part", sources, make=fill)
    assert cached(tmp_path / "cache", "part", sources, make=refuse) == first
    assert (first / "program").read_text() == "built"


def test_another_lock_is_another_folder(tmp_path: Path) -> None:
    """The old one stays for those who use it."""
    first = cached(tmp_path / "cache", "part", lock(tmp_path, "1"), make=fill)
    second = cached(tmp_path / "cache", "part", lock(tmp_path, "2"), make=fill)
    assert first != second
    assert first.exists()


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """Half-built parts are never used."""

    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise PermanentError("no compiler")

    with pytest.raises(PermanentError, match="no compiler"):
        cached(tmp_path / "cache", "part", lock(tmp_path, "1"), make=fail)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["part.lock"]


def test_of_two_builders_at_once_the_second_waits_and_builds_nothing(tmp_path: Path) -> None:
    """It finds what the first has built."""
    sources, place = lock(tmp_path, "1"), tmp_path / "cache"
    with ThreadPoolExecutor() as threads:
        begun = threading.Event()
        others: list[Future[Path]] = []

        def slow(folder: Path) -> None:
            others.append(threads.submit(cached, place, "part", sources, make=refuse))
            begun.set()
            fill(folder)

        first = threads.submit(cached, place, "part", sources, make=slow)
        assert begun.wait(10)
        assert first.result(10) == others[0].result(10)


def test_what_nobody_used_for_long_is_removed(tmp_path: Path) -> None:
    """Also a build that was killed."""
    for name, age in (("part-old", 100), ("part-x.part", 100), ("part-new", 300)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (age, age))
    forget_unused(tmp_path, 200)
    assert [folder.name for folder in tmp_path.iterdir()] == ["part-new"]


def test_the_cache_lies_where_the_system_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME, else below the home."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert home() == Path("/caches/aiops/range")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert home() == Path.home() / ".cache" / "aiops" / "range"
