"""What a bank judges its series with: the layout of their state, and the compiled loop over points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from detectors.bank import loop
from detectors.bank.layout import HOURS, ROW
from detectors.bank.loop import Loops
from detectors.views.protocol import ViewModule


class Engine(NamedTuple):
    """An engine. Its rows have the fields of ROW that intake, ring and silence use."""

    rows: np.dtype[Any]
    hours: np.dtype[Any]
    hours_shape: tuple[int, ...]
    """Of the levels of one series."""
    loops: Callable[[tuple[ViewModule, ...]], Loops]
    """The compiled functions, with further views."""


LIMITS = Engine(ROW, np.dtype(np.float32), (HOURS,), loop.loops)
"""Each view compares a point with a limit of its own, and the highest ratio counts; see ``detectors.bank.judging``."""
