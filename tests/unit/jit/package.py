"""A package of two modules: a compiled function, and the one that it inlines from the other file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

INNER = """
from numba import njit
STEP = {step}
@njit
def inner(x):
    return x * {factor} + STEP
"""
OUTER = """
from aiops.jit.compiling import cached_njit
from {name}.inner import inner
@cached_njit()
def outer(x):
    return inner(x) + {more}
"""


def write(folder: Path, name: str, *, factor: int = 2, step: int = 0, more: int = 0) -> Path:
    """The package ``name`` with ``outer(x) = x * factor + step + more``."""
    package = folder / name
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text(INNER.format(factor=factor, step=step))
    (package / "outer.py").write_text(OUTER.format(name=name, more=more))
    return package


def entries(package: Path) -> list[Path]:
    """What the cache holds beside the package's source."""
    return sorted((package / "__pycache__").glob("*.nbc*"))


@contextmanager
def imported(folder: Path, name: str) -> Iterator[ModuleType]:
    """The module ``outer``, imported as a new process would."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(f"{name}.outer")
    finally:
        sys.path.remove(str(folder))
        for each in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[each]
