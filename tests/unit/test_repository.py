"""What holds for every committed file."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("aiops", "detectors", "topology", "remediations", "simulations")

_REGISTRIES = re.compile(
    r"(pypi|pythonhosted|npmjs|crates|docker|ghcr|quay|gcr|jfrog|artifactory|sonatype|"
    r"repo\d?\.maven)[\w.]*\.(org|io|com|net)"
)
_MACHINES = re.compile(r"(?<![\w.~}/-])/(root|home/\w+|Users/\w+|work|workspace)(/|\b(?=['\"\s]))")
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def committed() -> list[Path]:
    """Every file that git knows and that is text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


def normal(requirement: str) -> str:
    """The name of a requirement as package indexes compare it."""
    found = _NAME.match(requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found.group(1)).lower()


def test_no_committed_file_names_a_registry_or_a_machines_folder() -> None:
    """The repository works from anybody's mirror and in anybody's folder."""
    here = Path(__file__)
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in committed()
        if path != here
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if _REGISTRIES.search(line) or _MACHINES.search(line)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("https://repo.maven" + ".apache.org/maven2", True),
        ("index-url = https://py" + "pi.org/simple", True),
        ('cache = "/root/.cache"', True),
        ('data = "/work/data"', True),
        ("http://maven.apache.org/SETTINGS/1.2.0", False),  # a namespace, served by nobody
        ("~/.m2/settings.xml", False),
        ("frame/work/flow", False),
    ],
)
def test_the_search_finds_what_it_should(*, line: str, expected: bool) -> None:
    """The search itself is no check that cannot fail."""
    assert bool(_REGISTRIES.search(line) or _MACHINES.search(line)) is expected


def test_the_lock_names_no_address_and_every_line_has_a_hash() -> None:
    """requirements.lock leaves the index to the machine, and nothing is installed unverified."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())

    assert "://" not in text
    assert not [line for line in text.splitlines() if line.startswith("-")]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_holds_what_the_project_asks_for() -> None:
    """Every dependency, and every tool of the dev group, is in the lock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {normal(each) for each in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]}
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = {normal(line) for line in lines if _NAME.match(line)}

    assert asked - locked == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_package_files_say_what_belongs_there_and_import_nothing(package: str) -> None:
    """Each __init__ is a docstring and no more."""
    found = list((ROOT / package).rglob("__init__.py"))
    wrong = []
    for path in found:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if len(body) != 1 or ast.get_docstring(ast.Module(body=body, type_ignores=[])) is None:
            wrong.append(str(path.relative_to(ROOT)))

    assert found
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_with_code_is_a_package(package: str) -> None:
    """A folder without an __init__ would be left out of the layers' check; only a program of its own may lack it."""
    folders = {path.parent for path in (ROOT / package).rglob("*.py")} - {ROOT / "simulations/range/services/python"}

    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
