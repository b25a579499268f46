"""A view: the step between two values of a series against its usual step, for every point of every series."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import Record

NAME = "jump"
STATE = np.dtype([("last", "f4"), ("step", "f4"), ("count", "f4")])
FAR = 16.0
GAIN = 1 / 64
EARLY = 100.0


@register_jitable
def judge(state: Record, row: Record, at: int, relative: float) -> float:
    """Ratio of the step to ``FAR`` usual steps; positive: up."""
    step = np.float64(state["step"])
    if state["count"] < EARLY or step <= 0.0:
        return 0.0
    return float(min(max((relative - np.float64(state["last"])) / (FAR * step), -1e6), 1e6))


@register_jitable
def learn(state: Record, row: Record, at: int, relative: float) -> None:
    """The usual step, cut at what is far."""
    count = np.float64(state["count"])
    step = np.float64(state["step"])
    seen = abs(relative - np.float64(state["last"])) if count > 0.0 else 0.0
    if count > EARLY:
        seen = min(seen, FAR * step)
    gain = max(GAIN, 1.0 / (count + 1.0))
    state["step"] = step + gain * (seen - step)
    state["last"] = relative
    state["count"] = min(count + 1.0, 1e6)
