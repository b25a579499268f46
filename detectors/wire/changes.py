"""Which numbers changed, in order: what an increment of a snapshot has to hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]


class ChangeLog:
    """A log of numbers whose state changed. One reader follows it: positions before its last one are dropped."""

    def __init__(self) -> None:
        self._parts: list[Numbers] = []
        self._single: list[int] = []
        self._begin = 0
        self.position = 0
        """How many changes there were."""

    def add(self, number: int) -> None:
        """One number changed."""
        self._single.append(number)
        self.position += 1

    def extend(self, numbers: Numbers) -> None:
        """Numbers changed."""
        self._gather()
        self._parts.append(numbers.astype(np.int32))
        self.position += len(numbers)

    def _gather(self) -> None:
        if self._single:
            self._parts.append(np.array(self._single, np.int32))
            self._single = []

    def since(self, position: int) -> Numbers:
        """Numbers that changed after a position, each once, sorted; what came before it is dropped.

        Raises:
            ValueError: the position was dropped, or is not reached yet.
        """
        if not self._begin <= position <= self.position:
            raise ValueError(f"the log holds changes {self._begin} to {self.position}, not those from {position} on")
        self._gather()
        held = np.concatenate([np.empty(0, np.int32), *self._parts])[position - self._begin :]
        self._parts, self._begin = [held], position
        return np.unique(held)

    def restart(self, position: int) -> None:
        """Goes on at a position, without what came before."""
        self._parts, self._single = [], []
        self._begin = self.position = position
