"""Decisions read types. Text for people is compared, searched and parsed at the edge only, where it is shown."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.unit.prose_readers import Declared, Reader, readers

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("aiops", "detectors", "remediations", "topology")
EDGE = ("aiops/apps/", "aiops/cli/", "aiops/console/", "aiops/adapters/paging/")
"""What shows text to people may cut and sort it."""
ALLOWED = {
    (
        "aiops/agents/triage.py",
        "items_named",
    ): "a user's ticket is text; its reading is evidence, never a reason to act",
    (
        "aiops/adapters/kafka/secrets.py",
        "_own_certificate",
    ): "the reason of an ssl.SSLError is OpenSSL's code of the error",
}
"""Readers outside the edge, each with its reason."""
NAMES = """
class Line:
    what: Prose
class Ruling:
    reasons: tuple[Prose, ...]
class Plan:
    expected: Prose
class Signal:
    expected: float
def sentence(finding: Finding) -> Prose: ...
"""


def found_in(code: str, names: str = NAMES) -> list[str]:
    """Code of the readers in a snippet."""
    declared = Declared()
    trees = [ast.parse(names), ast.parse(code)]
    for tree in trees:
        declared.read(tree)
    return [reader.code for reader in readers(trees[1], declared)]


def product() -> dict[str, list[Reader]]:
    """File to its readers of prose."""
    declared = Declared()
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    trees = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}
    for tree in trees.values():
        declared.read(tree)
    return {name: list(readers(tree, declared)) for name, tree in trees.items() if not name.startswith(EDGE)}


def test_no_decision_reads_prose() -> None:
    """Whoever needs to know reads the type that stands beside the text."""
    wrong = [
        f"{name}:{reader.line} {reader.function}: {reader.code}"
        for name, found in product().items()
        for reader in found
        if (name, reader.function) not in ALLOWED
    ]
    assert wrong == []


def test_every_exception_is_still_needed() -> None:
    """One whose code is gone is taken off the list."""
    reading = {(name, reader.function) for name, found in product().items() for reader in found}
    assert set(ALLOWED) <= reading


@pytest.mark.parametrize(
    "code",
    [
        "def f(line): return line.what.startswith('harmed')",
        "def f(line): return line.what == 'healed'",
        "def f(line): return 'stuck' in line.what",
        "def f(line): return line.what in {'a', 'b'}",
        "def f(line): return re.search('x', line.what)",
        "def f(line): return PATTERN.sub('#', line.what)",
        "def f(line): return fnmatchcase(line.what.lower(), '*memory*')",
        "def f(line): return {'healed': 1}[line.what]",
        "def f(line): return TABLE.get(line.what)",
        "def f(why: Prose): return why.split(':')[0]",
        "def f(why: Prose | None): return why != 'late'",
        "def f(whys: tuple[Prose, ...]): return any(why.endswith('late') for why in whys)",
        "def f(ruling): return '; '.join(ruling.reasons).find('halted')",
        "def f(ruling):\n    for reason in ruling.reasons:\n        if reason == 'halted': return 1",
        "def f(x):\n    said = f'{x.verdict}: {x.reasons}'\n    return said != x.seen",
        "def f(line, story): return line not in (one.what for one in story)",
        "def f(finding):\n    told = sentence(finding)\n    return told < 'm'",
        "def f(event):\n    match event:\n        case Line(what=words):\n            return words == 'x'",
        "def f(line):\n    match line.what:\n        case 'healed':\n            return 1",
        "def f(x):\n    why = x.describe()\n    if why == 'halted': return Line(what=Prose(why))",
        "def f(plan: Plan): return plan.expected == OTHER",
        "def f(plan): return plan.expected.startswith('well')",
        "class A:\n    def f(self):\n        if (said := self.line.what) and said.count('!'): return 1",
        "check = lambda line: line.what.partition(': ')[0]",
    ],
)
def test_a_reader_is_found(code: str) -> None:
    """However the text comes there."""
    assert len(found_in(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "def f(line): return f'{line.what}.'",
        "def f(line): return line.what or 'nothing'",
        "def f(line): return bool(line.what) and len(line.what) > 300",
        "def f(ruling): return '; '.join(ruling.reasons)",
        "def f(line): return Line(line.what[:300].strip())",
        "def f(signal: Signal): return signal.expected > 3.0",
        "def f(plan, signal): return signal.expected == 0.0",
        "def f(name: str): return Line(Prose(name)) if name == 'x' else None",
        "def f(found): return found.kind is Kind.HARMED and found.reason_kind == 'x'",
    ],
)
def test_showing_and_passing_on_is_no_reading(code: str) -> None:
    """Nor is a comparison of another field of the same name, of a type that is known."""
    assert found_in(code) == []


def test_a_private_function_of_another_module_has_no_say() -> None:
    """Two modules may call different things ``_matters``."""
    assert found_in("def f(x): return x._matters(1) == 2", "def _matters() -> Prose: ...") == []
