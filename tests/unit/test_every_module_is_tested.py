"""Each module of the source is imported by a test of its own, so that a fault in it has a place to be caught."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ("aiops", "detectors", "topology", "remediations", "simulations")
KINDS: Final = ("unit", "contracts", "scenarios", "integration", "plugin")
EXCEPTIONS: Final[dict[str, str]] = {
    "simulations.range.services.python.service": "it has packages of its own; tests/integration/range starts it",
}
"""Module to the reason why no test imports it. A module that a test imports leaves the list."""


def modules() -> set[str]:
    """All modules of the source but ``__init__``."""
    paths = (path.relative_to(ROOT) for room in SOURCE for path in (ROOT / room).rglob("*.py"))
    return {".".join(path.with_suffix("").parts) for path in paths if path.name != "__init__.py"}


def imported(text: str) -> set[str]:
    """Everything that the imports of a file may name: ``from a import b`` is ``a`` and ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                found |= {name.name for name in names}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {module} | {f"{module}.{name.name}" for name in names}
    return found


def imported_by_tests() -> set[str]:
    """What any test file imports."""
    paths = (path for kind in KINDS for path in (ROOT / "tests" / kind).rglob("*.py"))
    return set().union(*(imported(path.read_text()) for path in paths))


def test_every_module_is_imported_by_a_test() -> None:
    """The exceptions are named with a reason, and one that got a test leaves the list."""
    assert modules() - imported_by_tests() == set(EXCEPTIONS)


def test_a_module_imported_from_its_package_counts() -> None:
    """All three ways to write an import name the module."""
    text = "import a.b\nfrom c import d\ndef f():\n    from e.f import G\n"
    assert imported(text) == {"a.b", "c", "c.d", "e.f", "e.f.G"}


def test_every_exception_says_why() -> None:
    """A sentence of some words, not a mark."""
    assert [name for name, why in EXCEPTIONS.items() if len(why.split()) < 3] == []
