"""Detectors by name: ours, and those that other packages bring through the entry point group `aiops.detectors`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

import numpy.typing as npt

from aiops.model.errors import PermanentError

GROUP = "aiops.detectors"
BUILT_IN: Mapping[str, str] = {
    "bank": "detectors.single:BankDetector",
    "half-space-trees": "detectors.river_tier:HalfSpaceDetector",
}
"""Name to ``module:Class``; loaded when asked for."""


class Detector(Protocol):
    """Scores one series, point by point: score first, learn after.

    A class is made without arguments. Given the same points it gives the same scores, whatever else happened in the
    process: no clock, no unseeded randomness.
    """

    def update(self, at: int, value: float) -> float:
        """Score of a finite value at ``at`` (ns, rising): in [0, 1], 0.5 is the edge of what the series does."""
        ...

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All state as arrays; a restored detector goes on exactly as this one would."""
        ...

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Takes the place of the detector that gave ``arrays``; ``ValueError`` when they do not fit."""
        ...


def names() -> list[str]:
    """All names that ``detector`` knows."""
    return sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


def detector(name: str) -> Callable[[], Detector]:
    """The class behind a name; ``PermanentError`` when there is none or it cannot be loaded."""
    targets = {**{point.name: point.value for point in entry_points(group=GROUP)}, **BUILT_IN}
    if name not in targets:
        raise PermanentError(f"no detector {name!r}; known are {', '.join(sorted(targets))}")
    module, _, attribute = targets[name].partition(":")
    try:
        return cast("Callable[[], Detector]", getattr(import_module(module), attribute))
    except (ImportError, AttributeError) as error:
        raise PermanentError(f"detector {name!r} cannot be loaded from {targets[name]!r}: {error}") from error
