"""A detector: compares each value with the last one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

FAR = 12.0
"""Usual steps that make the edge."""
EARLY = 30
"""Points before the first score."""


class Steps:
    """Scores the step from the last value by the usual step. State: last value, usual step, points."""

    def __init__(self) -> None:
        self._state = np.zeros(3)

    def update(self, at: int, value: float) -> float:
        """Score in [0, 1], 0.5 is the edge; the step is learned cut, so that a wild one teaches little."""
        last, usual, count = self._state.tolist()
        step = min(abs(value - last), 1e300) if count else 0.0
        edge = FAR * max(usual, 1e-9 * abs(value), 1e-12)
        ratio = step / edge if count >= EARLY else 0.0
        learned = min(step, edge) if count >= EARLY else step
        gain = max(0.05, 1.0 / (count + 1.0))
        self._state[:] = value, min(usual + gain * (learned - usual), 1e300), count + 1
        return ratio / (1.0 + ratio)

    @property
    def expected(self) -> float:
        """The last value."""
        return float(self._state[0]) if self._state[2] else math.nan

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All state."""
        return {"state": self._state.copy()}

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on exactly; ValueError when the arrays do not fit."""
        state = arrays.get("state")
        if state is None or np.shape(state) != (3,):
            raise ValueError("the snapshot does not fit")
        self._state = np.array(state, np.float64)
