"""Durations stand in one place."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from aiops.model.durations import DAY, MINUTE, SECOND

ROOT: Final = Path(__file__).resolve().parents[3]
ROOMS: Final = ("aiops", "detectors", "topology", "remediations", "simulations", "scripts")
OTHER_BILLIONS: Final = {
    "aiops/adapters/kafka/confluent.py",
    "aiops/model/durations.py",
    "detectors/table.py",
    "remediations/policy.py",
    "simulations/running/simulation.py",
}
"""Bytes, limits of numbers and rows, and the unit that a table's times are read in."""


def test_a_day_has_86_400_seconds() -> None:
    """All durations are in nanoseconds."""
    assert (SECOND, MINUTE, DAY) == (10**9, 60 * 10**9, 86_400 * 10**9)


def test_no_other_module_states_a_second_in_nanoseconds() -> None:
    """``10**9`` or ``1_000_000_000`` as an integer stands only where it means something else."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if any(map(_is_billion, ast.walk(ast.parse(path.read_text())))):
                found.add(str(path.relative_to(ROOT)))
    assert found == OTHER_BILLIONS


def _is_billion(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=int(value)):
            return value == 10**9
        case ast.BinOp(left=ast.Constant(value=10), op=ast.Pow(), right=ast.Constant(value=9)):
            return True
    return False
