"""The decorators of compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba.core import config

from aiops.jit.cache import SourceCache
from detectors.wire.compiling import called, compiled, inner, slicing

MADE: dict[str, Any] = {"compiled": compiled, "inner": inner, "called": called, "slicing": slicing}


def double(x):  # type: ignore[no-untyped-def]  # noqa: ANN001 (numba infers them)
    return 2 * x


@inner
def _halved(values, place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return values[place] // 2


@called
def _sum(values, begin, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    total = np.int64(0)
    for place in range(begin, end):
        total += _halved(values, place)
    return total


@slicing
def _all(values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    part = values[1:]
    return _sum(part, 0, len(part))


@compiled
def _whole(values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return _sum(values, 0, len(values))


def test_each_kind_may_call_the_others() -> None:
    """From the door to Python down to what is inlined."""
    assert _whole(np.array([2, 4, 7])) == 6


@pytest.mark.parametrize("name", MADE)
def test_none_holds_the_lock_of_the_interpreter(name: str) -> None:
    """Other threads decode meanwhile."""
    assert MADE[name](double).targetoptions["nogil"] is True


def test_only_the_door_is_kept_on_disk() -> None:
    """What it calls is inside its entry."""
    kept = {name: isinstance(made(double)._cache, SourceCache) for name, made in MADE.items()}
    assert kept == {"compiled": True, "inner": False, "called": False, "slicing": False}


def test_only_the_door_opens_to_python() -> None:
    """The others have no wrapper, which is most of what a small function takes to compile."""
    doors = {name: not made(double).targetoptions.get("no_cpython_wrapper") for name, made in MADE.items()}
    assert doors == {"compiled": True, "inner": False, "called": False, "slicing": False}


def test_arrays_are_not_counted_but_where_they_are_sliced() -> None:
    """Counting was half the time of the walk; what makes slices needs it."""
    counted = {name: made(double).targetoptions.get("_nrt", True) for name, made in MADE.items()}
    assert counted == {"compiled": False, "inner": False, "called": False, "slicing": True}


@pytest.mark.parametrize("name", MADE)
def test_uncompiled_each_is_the_function_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For debuggers and coverage."""
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    assert MADE[name](double) is double
