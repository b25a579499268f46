"""What a detector of one series can answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt


class Detector(Protocol):
    """Scores one series, point by point: score first, learn after.

    A class is made without arguments. Given the same points it gives the same scores, whatever else happened in the
    process: no clock, no unseeded randomness.
    """

    def update(self, at: int, value: float) -> float:
        """Score of a finite value at ``at`` (ns, rising): in [0, 1], 0.5 is the edge of what the series does."""
        ...

    @property
    def expected(self) -> float:
        """What the series usually is, in its own unit, as people are shown it; nan: it has no such value.

        Asked before each ``update``.
        """
        ...

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All state as arrays; a restored detector goes on exactly as this one would."""
        ...

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Takes the place of the detector that gave ``arrays``; ``ValueError`` when they do not fit."""
        ...
