"""The interface of a detector of one series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy.typing as npt


class Detector(Protocol):
    """Scores one series point by point: it scores first and learns afterwards.

    The constructor takes no arguments. The same points give the same scores: no clock, no unseeded randomness, no state
    shared with other detectors.
    """

    def update(self, at: int, value: float) -> float:
        """Score in [0, 1] of a finite value at ``at`` (ns, rising); 0.5 is the edge of the series' usual range."""
        ...

    @property
    def expected(self) -> float:
        """The series' usual value in its own unit, as shown to people; nan: there is none.

        The caller reads it before each ``update``.
        """
        ...

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All state as arrays; a restored detector gives the same further scores."""
        ...

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Replaces the state by that of ``snapshot``; ``ValueError`` if the arrays do not fit."""
        ...
