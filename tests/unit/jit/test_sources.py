"""A digest changes with every file that compiled code may contain, and with no other."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

import pytest

from aiops.jit import sources

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("aiops", "detectors", "topology", "remediations", "simulations")


def unreadable() -> NoReturn:
    raise PermissionError(13, "Permission denied")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package with a module for each way to import; ``loop`` is the compiled one."""
    files = {
        "__init__.py": "",
        "loop.py": "import far.plain as p, far.other\nfrom far.named import f\nfrom .near import g\n"
        "from far.parts import (  # of (two)\n    a,\n    more as m,\n)",
        "plain.py": "def f():\n    from far import deep\n",
        "other.py": "",
        "named.py": "from far.loop import x  # a circle\nfrom far.missing import y\nimport numpy\n",
        "near.py": "if True:\n    import far.guarded\n",
        "guarded.py": "",
        "deep.py": "",
        "alone.py": "",
        "parts/__init__.py": "from far.hidden import z",
        "parts/a.py": "",
        "parts/more.py": "from far import \\\n    last",
        "parts/b.py": "",
        "last.py": "",
        "hidden.py": "",
        "unread/__init__.py": "",
        "unread/c.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "far" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "far"


@pytest.mark.parametrize(
    "name",
    [
        "loop",
        "plain",
        "other",
        "named",
        "near",
        "guarded",
        "deep",
        "parts/__init__",
        "parts/a",
        "parts/more",
        "last",
        "hidden",
        "__init__",
    ],
)
def test_a_change_of_anything_that_is_imported_changes_the_digest(package: Path, name: str) -> None:
    """Directly or not, at the top, in a function or in a branch, by any form of import."""
    before = sources.current_digest("far.loop")

    with (package / f"{name}.py").open("a") as file:
        file.write("\nSTEP = 2\n")

    assert None not in {before, sources.current_digest("far.loop")}
    assert sources.current_digest("far.loop") != before


@pytest.mark.parametrize("name", ["unread/c", "unread/__init__", "parts/b", "alone"])
def test_a_change_of_what_is_not_imported_leaves_the_digest(package: Path, name: str) -> None:
    """Only what may be inside is compiled anew."""
    before = sources.current_digest("far.loop")

    (package / f"{name}.py").write_text("STEP = 2\n")

    assert sources.current_digest("far.loop") == before


def test_nothing_is_imported_to_find_the_sources(package: Path) -> None:
    """A digest has no side effects of the modules that it covers."""
    (package / "deep.py").write_text("raise SystemExit")

    assert sources.current_digest("far.loop") is not None
    assert not [name for name in sys.modules if name.partition(".")[0] == "far"]


def test_the_digest_of_this_process_is_that_of_its_first_call(package: Path) -> None:
    """What is in memory stays what it was, while files change under it."""
    before = sources.digest("far.other")

    (package / "other.py").write_text("STEP = 2\n")

    assert sources.digest("far.other") == before != sources.current_digest("far.other")


def test_a_module_without_a_file_has_no_digest(package: Path) -> None:
    """Nobody can say when such a function changes."""
    assert sources.current_digest("nowhere.at_all") is None
    assert sources.current_digest("far.missing") is None
    assert sources.current_digest("sys") is None


def test_a_file_that_cannot_be_read_gives_no_digest(package: Path) -> None:
    """A digest without one of its files would be that of another program."""
    assert sources.current_digest("far.loop") is not None

    assert (
        sources._digest("far.loop", lambda name: unreadable() if name == "far.other" else sources._read(name)) is None
    )


def test_the_followed_packages_are_those_of_the_product() -> None:
    """A new top-level package must be followed too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert settings["tool"]["importlinter"]["root_packages"] == sorted(sources.OURS, key=list(ROOMS).index)


def test_the_digest_of_a_loop_covers_what_it_inlines() -> None:
    """The JSON walk inlines the reading of numbers, the bank its views, the world's kernel its constants."""
    assert "detectors.wire.json_numbers" in sources.covered("detectors.wire.json_walk")
    assert {"detectors.views.shift", "detectors.bank.learning"} <= sources.covered("detectors.bank.loop")
    assert "simulations.world.arrays" in sources.covered("simulations.world.kernel")


def test_a_loop_does_not_depend_on_the_rest_of_the_product() -> None:
    """A change of a page must not compile the data plane anew."""
    assert not {name for name in sources.covered("detectors.wire.walk") if name.startswith("aiops.console")}
    assert len(sources.covered("detectors.wire.walk")) < 30


def test_every_import_of_the_loops_is_found() -> None:
    """The syntax tree of each covered module names nothing that the text search has missed."""
    covered = sources.covered("detectors.wire.log_walk") | sources.covered("detectors.bank.loop")
    for name in covered:
        path = ROOT / name.replace(".", "/")
        text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in ROOMS:
                assert node.module in covered
