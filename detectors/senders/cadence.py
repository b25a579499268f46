"""Cadence of a sender: the usual gap between its exports, and the gap after which it is silent.

A gap that was long enough for silence is not learned. It counts only when gaps like it were seen three times in a row:
then the sender has changed its cadence, or pauses by habit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from aiops.model.durations import SECOND

LEAST_SECONDS = 60.0
FACTOR = 1.6
"""A sender is silent after this many times its longest usual gap."""
UNEVEN = 2.0
EVEN = 1.2
"""A longest gap up to this many typical gaps is jitter."""
YOUNG = 8
"""A sender is judged once it has this many gaps."""
HABIT = 3
_PART = 0.2
"""A gap below this share of the longest is between two parts of one export."""
_MOST_PARTS = 50
"""After so many parts in a row the longest gap was not the cadence."""
_GROWTH = 1.25
_RELAX = 1 / 128
_GAIN = 1 / 32


@register_jitable
def patience(typical: Any, pause: Any) -> Any:
    """Seconds without a record after which a sender is silent; scalars or arrays."""
    return np.maximum(FACTOR * pause + UNEVEN * np.maximum(pause - EVEN * typical, 0.0), LEAST_SECONDS)


@register_jitable
def _habitual(row, gap):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 (compiled: numba infers)
    """Notes a gap that was long enough for silence; it counts from the third in a row on."""
    known = row["habit"]
    row["habits"] = row["habits"] + 1 if 0.5 * known <= gap <= 2.0 * known else 1
    row["habit"] = gap
    if row["habits"] >= HABIT:
        row["pause"], row["habits"] = gap, 0


@register_jitable
def note_gap(row, now):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 (compiled: numba infers)
    """Learns the gap before a record of a sender that was received at ``now``, ns."""
    before = row["heard_at"]
    row["heard_at"] = max(now, before)
    if before == 0 or now <= before:
        return
    gap, pause, typical = (now - before) / SECOND, np.float64(row["pause"]), np.float64(row["typical"])
    if gap <= _PART * pause:
        row["parts"] += 1
        if row["parts"] >= _MOST_PARTS:
            row["typical"] = row["pause"] = max(gap, 0.1 * pause)
            row["parts"] = 0
        return
    row["parts"] = 0
    if row["gaps"] < YOUNG:
        row["typical"] = gap if gap > 4.0 * typical else typical + (gap - typical) / (row["gaps"] + 1.0)
        row["pause"] = max(pause, gap)
    elif gap > patience(typical, pause):
        row["pause"] = min(gap, _GROWTH * pause)
        _habitual(row, gap)
    else:
        row["typical"] = typical + _GAIN * (gap - typical)
        row["pause"] = max(gap, pause + _RELAX * (gap - pause))
    row["gaps"] += 1
