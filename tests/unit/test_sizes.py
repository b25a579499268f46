"""Files and functions stay short enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("aiops", "detectors", "topology", "remediations", "simulations", "scripts")
MOST_LINES: Final = 300
MOST_BODY: Final = 40
"""Lines of a function from its first statement after the docstring to its end."""
MOST_POSITIONAL: Final = 3
COMPILED: Final = {
    *("inner", "_inner", "slicing", "called", "compiled", "_compiled"),
    *("register_jitable", "njit", "cached_njit", "intrinsic"),
}
"""Decorators of functions that numba compiles. A call costs compile time there and takes no keywords."""
LONG_FILES: Final = {
    "simulations/world/kernel.py",
    "topology/rankers/scene.py",
}
LONG_FUNCTIONS: Final = {"detectors/bank/loop.py:_advance"}
"""The loop that ``advance`` compiles."""
MANY_POSITIONAL: Final = {
    "detectors/bank/prefetch.py:codegen",
    "detectors/wire/hashing.py:generate",
}
"""numba defines the signature of a code generator."""


def files() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, text in files():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_compiled(node):
                yield f"{name}:{node.name}", node


def test_a_file_has_at_most_300_lines() -> None:
    """The exceptions are named, and one that became short leaves the list."""
    assert {name for name, text in files() if text.count("\n") > MOST_LINES} == LONG_FILES


def test_a_function_body_has_at_most_40_lines() -> None:
    """Functions that numba compiles are left out."""
    assert {name for name, node in functions() if _body(node) > MOST_BODY} == LONG_FUNCTIONS


def test_a_function_has_at_most_3_positional_parameters() -> None:
    """``self`` and ``cls`` do not count."""
    assert {name for name, node in functions() if _positional(node) > MOST_POSITIONAL} == MANY_POSITIONAL


def _is_compiled(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    called = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return bool({each.attr if isinstance(each, ast.Attribute) else ast.unparse(each) for each in called} & COMPILED)


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
    assert node.end_lineno is not None
    return node.end_lineno - first.lineno + 1


def _positional(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return sum(each.arg not in {"self", "cls"} for each in (*node.args.posonlyargs, *node.args.args))
