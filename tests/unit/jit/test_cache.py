"""The cache of compiled functions: never stale, never in the way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import config

from aiops.jit import cache, sources
from aiops.jit.compiling import cached_njit
from tests.unit.jit.package import entries, imported, write

ROOT = Path(__file__).resolve().parents[3]
ASK = "from stale.outer import outer; print(outer(10), sum(outer.stats.cache_hits.values()))"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the person who runs the tests is read or written."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "users"))
    monkeypatch.setattr(config, "CACHE_DIR", "")


def hits(function: Any) -> int:
    return sum(function.stats.cache_hits.values())


def test_a_new_process_uses_the_entry_until_an_inlined_function_of_another_file_changes(tmp_path: Path) -> None:
    """Numba's own cache answered 20 after the change."""

    def ask() -> str:
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        return subprocess.check_output([sys.executable, "-c", ASK], env=environment, text=True).strip()

    write(tmp_path, "stale", factor=2)
    assert [ask(), ask()] == ["20 0", "20 1"]

    write(tmp_path, "stale", factor=3)
    assert ask() == "30 0"

    write(tmp_path, "stale", factor=2)
    assert ask() == "20 1"


def test_a_constant_of_another_file_counts_too(tmp_path: Path) -> None:
    """A constant is compiled in."""
    for step, expected in ((0, 20), (5, 25)):
        write(tmp_path, f"step{step}", step=step)
        with imported(tmp_path, f"step{step}") as module:
            assert module.outer(10) == expected


def test_each_signature_has_an_entry_of_its_own(tmp_path: Path) -> None:
    """Two processes that compile different signatures at once cannot exchange them."""
    package = write(tmp_path, "signatures")
    with imported(tmp_path, "signatures") as module:
        assert (module.outer(10), module.outer(0.5)) == (20, 1.0)
        assert len(entries(package)) == 2
        again = cached_njit()(module.outer.py_func)
        assert (again(0.5), again(10), hits(again)) == (1.0, 20, 2)


def test_arrays_of_another_layout_are_another_signature(tmp_path: Path) -> None:
    """An entry for contiguous arrays must not run on others."""
    package = write(tmp_path, "layouts")
    with imported(tmp_path, "layouts") as module:
        values = np.arange(6.0)
        assert module.outer(values).tolist() == (values * 2).tolist()
        assert module.outer(values[::2]).tolist() == (values[::2] * 2).tolist()
    assert len(entries(package)) == 2


@pytest.mark.parametrize("damage", [b"", b"\0" * 4096, b"half"])
def test_a_damaged_entry_is_compiled_anew_and_replaced(tmp_path: Path, damage: bytes) -> None:
    """A machine that lost power may leave any of these."""
    package = write(tmp_path, "damaged")
    with imported(tmp_path, "damaged") as module:
        module.outer(10)
        (entry,) = entries(package)
        whole = entry.read_bytes()
        entry.write_bytes(damage if damage != b"half" else whole[: len(whole) // 2])

        again = cached_njit()(module.outer.py_func)

        assert (again(10), hits(again)) == (20, 0)
        third = cached_njit()(module.outer.py_func)
        assert (third(10), hits(third)) == (20, 1)


def test_an_entry_that_cannot_be_rebuilt_is_compiled_anew(tmp_path: Path) -> None:
    """Its checksum holds, and it means nothing to this numba."""
    package = write(tmp_path, "foreign")
    with imported(tmp_path, "foreign") as module:
        module.outer(10)
        (entry,) = entries(package)
        assert cache._write(entry, b"no pickle")

        again = cached_njit()(module.outer.py_func)

        assert (again(10), hits(again)) == (20, 0)


def test_what_is_compiled_while_its_source_changes_is_not_kept(tmp_path: Path) -> None:
    """The process has the old source in memory: its machine code would wear the name of neither version."""
    package = write(tmp_path, "during", factor=2)
    with imported(tmp_path, "during") as module:
        write(tmp_path, "during", factor=3)
        assert module.outer(10) == 20
    assert entries(package) == []


def test_entries_go_to_the_users_folder_if_the_installation_is_read_only(tmp_path: Path) -> None:
    """Beside the source no folder can be made."""
    package = write(tmp_path, "readonly")
    with imported(tmp_path, "readonly") as module:
        shutil.rmtree(package / "__pycache__", ignore_errors=True)
        (package / "__pycache__").write_text("not a folder")
        assert module.outer(10) == 20
        assert len(list((tmp_path / "users").rglob("outer.*.nbc"))) == 1
        again = cached_njit()(module.outer.py_func)
        assert (again(10), hits(again)) == (20, 1)


def test_without_any_writable_folder_the_function_is_compiled_in_each_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only container without a home: numba refuses to declare a function there."""
    package = write(tmp_path, "nowhere")
    (package / "__pycache__").write_text("not a folder")
    (tmp_path / "users").write_text("not a folder")
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "users" / "below"))
    with imported(tmp_path, "nowhere") as module:
        assert module.outer(10) == 20


def test_the_named_folder_is_preferred_and_a_filled_installation_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image is filled when it is built; NUMBA_CACHE_DIR takes what its users add."""
    package = write(tmp_path, "filled")
    with imported(tmp_path, "filled") as module:
        module.outer(10)
        monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "named"))
        again = cached_njit()(module.outer.py_func)
        assert (again(10), hits(again)) == (20, 1)
        assert again(0.5) == 1.0
    assert len(entries(package)) == 1
    assert len(list((tmp_path / "named").rglob("outer.*.nbc"))) == 1


def test_two_installations_share_no_entries_in_the_users_folder(tmp_path: Path) -> None:
    """The folder's name is part of the place."""
    places = [list(cache._folders(tmp_path / side / "loop.py")) for side in ("left", "right")]

    assert not set(places[0]) & set(places[1])


def test_a_user_without_a_home_gets_no_folder_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``~`` stays as it is for a user id that no file knows."""
    monkeypatch.setattr(cache, "user_cache_dir", lambda *_, **__: "~/.cache/aiops")

    assert list(cache._folders(tmp_path / "loop.py")) == [tmp_path / "__pycache__"]


def test_old_versions_are_removed_and_the_newest_three_stay(tmp_path: Path) -> None:
    """Entries of other modules stay, and so do files that are no entries."""
    folder = tmp_path / "__pycache__"
    folder.mkdir()
    others = ["other.f-" + "a" * 16 + "-" + "b" * 32 + ".cpython-311.nbc", "loop.cpython-311.pyc"]
    names = [f"loop.f-{version:016x}-{1:032x}.cpython-311.nbc" for version in range(5)]
    left = f"loop.f-{0:016x}-{2:032x}.cpython-311.nbc.{'c' * 16}.tmp"
    numbas = ["loop.f-12.py311.nbi", "loop.f-12.py311.1.nbc"]
    for age, name in enumerate([*others, left, *names, *numbas]):
        (folder / name).touch()
        os.utime(folder / name, (1_000 + age, 1_000 + age))

    cache._remove_old(folder, "loop")

    assert {path.name for path in folder.iterdir()} == {*others, *names[2:]}


def test_a_change_of_a_named_module_is_a_change_of_the_function(tmp_path: Path) -> None:
    """Functions that come as values, such as views of plug-ins, are not imported by the module of the loop."""
    view = tmp_path / "apart.py"
    package = write(tmp_path, "taking")
    with imported(tmp_path, "taking") as module:
        made = []
        for text in ("A = 1", "A = 2"):
            view.write_text(text)
            sources._remembered.cache_clear()
            function = cached_njit(modules=("apart",))(module.outer.py_func)
            made.append((function(10), hits(function)))
    assert made == [(20, 0), (20, 0)]
    assert len(entries(package)) == 2


def test_an_unreadable_module_means_no_entry(tmp_path: Path) -> None:
    """A function whose source nobody can compare is compiled in each process."""
    package = write(tmp_path, "unknown")
    with imported(tmp_path, "unknown") as module:
        function = cached_njit(modules=("no_such_module",))(module.outer.py_func)
        assert function(10) == 20
    assert entries(package) == []


def test_uncompiled_the_function_stays_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NUMBA_DISABLE_JIT there is nothing to keep."""
    monkeypatch.setattr(config, "DISABLE_JIT", 1)

    def double(x: int) -> int:
        return 2 * x

    assert cached_njit()(double) is double


def test_nothing_is_kept_in_numbas_own_cache() -> None:
    """Its entries are stale when an inlined function of another file changes."""
    own = [
        f"{path.relative_to(ROOT)}"
        for room in ("aiops", "detectors", "topology", "remediations", "simulations", "scripts", "tests")
        for path in (ROOT / room).rglob("*.py")
        if path != Path(__file__) and re.search(r"jit\([^()]*\bcache=True", path.read_text())
    ]
    assert [name for name in own if name != "aiops/jit/compiling.py"] == []
