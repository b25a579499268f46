"""How the loops of decoding are compiled.

Without numba's runtime no array is reference-counted: each array that a function takes would be counted up and down by
an atomic instruction, which was half the time of the walk over OTLP. It also means that no array can be made, or
assigned to whole, inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

from aiops.jit.compiling import cached_njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compiled once and kept on disk; makes no arrays, and holds no lock of the interpreter."""
    return cached_njit(nogil=True, _nrt=False)(function)


def inner(function: _Function) -> _Function:
    """Compiled for compiled callers alone: making the door to Python is most of the time a small function takes."""
    options: dict[str, Any] = {"nogil": True, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    options["_nrt"] = False
    made: _Function = njit(**options)(function)
    return made


def called(function: _Function) -> _Function:
    """As ``inner``, but called and not inlined: compiling large functions into each other takes minutes."""
    options: dict[str, Any] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
    made: _Function = njit(**options)(function)
    return made


def slicing(function: _Function) -> _Function:
    """As ``inner``, for what is called a few times a record and works on whole arrays."""
    options: dict[str, Any] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made: _Function = njit(**options)(function)
    return made
