"""The interface of a further view: a module whose two functions numba compiles into the bank's loop.

The built-in views share levels and spreads; ``detectors.bank.judging`` calls them. A further view is one module. The
table of extensions names it, ``data.views`` switches it on, and the loop runs it for every point of every series::

    NAME = "jump"
    STATE = np.dtype([("step", "f4")])          # of one series; a new series has zeros

    @register_jitable
    def judge(state, row, at, relative):        # ratio to the series' own limit, its sign is the direction
        return (relative - row["centre"]) / (8.0 * state["step"]) if state["step"] > 0.0 else 0.0

    @register_jitable
    def learn(state, row, at, relative):        # only of points that are not flagged
        state["step"] += (abs(relative - row["centre"]) - state["step"]) / 64.0

``row`` is the bank's ROW of the series and must not be written; ``relative`` is the value minus ``row["origin"]``.
``judge`` runs before ``learn``. It is not called for points of the warm-up. It may update its state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np

from detectors.bank.layout import Record

MOST_BYTES: Final = 128
"""Largest state of one view for one series."""


class ViewModule(Protocol):
    """A view's module. Compiled: no keywords, no Python objects, no allocation."""

    NAME: str
    """Name in the table of extensions; shown as the detector of a signal."""
    STATE: np.dtype[Any]
    """Structured; at most ``MOST_BYTES``."""

    judge: Callable[[Record, Record, int, float], float]
    """Ratio to the series' own limit: 1 is the edge; positive: too high, negative: too low. Finite."""
    learn: Callable[[Record, Record, int, float], None]
    """Learns a point that is not flagged; also called for points of the warm-up."""
