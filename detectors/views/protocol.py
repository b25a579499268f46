"""What a further always-on view is: a module whose two functions numba takes into the bank's loop.

The views of old share levels and spreads and stand in ``detectors.bank.judging``. A further view is one module of its
own: named in the table of extensions, switched on by ``data.views``, and run for every point of every series::

    NAME = "jump"
    STATE = np.dtype([("step", "f4")])          # of one series; all zeros is the state of a new one

    @register_jitable
    def judge(state, row, at, relative):        # ratio to the series' own limit, its sign is the direction
        return (relative - row["centre"]) / (8.0 * state["step"]) if state["step"] > 0.0 else 0.0

    @register_jitable
    def learn(state, row, at, relative):        # only of points that nobody flagged
        state["step"] += (abs(relative - row["centre"]) - state["step"]) / 64.0

``row`` is the bank's ROW of the series and must not be written; ``relative`` is the value less ``row["origin"]``.
``judge`` runs before ``learn``, sees no point of the warm-up, and may keep a chart in its state.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from detectors.bank.layout import Record

MOST_BYTES: Final = 128
"""State of one view and one series."""


class ViewModule(Protocol):
    """A view's module. Compiled: no keywords, no Python objects, no allocation."""

    NAME: str
    """As in the table; people see it as the detector of a signal."""
    STATE: np.dtype[Any]
    """Structured; at most ``MOST_BYTES``."""

    def judge(self, state: Record, row: Record, at: int, relative: float, /) -> float:
        """Ratio to the series' own limit: 1 is the edge; positive: too high, negative: too low. Finite."""
        ...

    def learn(self, state: Record, row: Record, at: int, relative: float, /) -> None:
        """What a usual point teaches; points of the warm-up come here too."""
        ...
