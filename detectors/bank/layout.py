"""Memory layout of a series' state, and the codes that the loop reads and writes.

One row of three cache lines holds all that every point needs, so the cost of a point hardly grows with the number of
series. Less used state is stored separately: the anomaly of a series, its 24 levels of the day (accessed once an hour),
and the rings of recent values (written once in ten seconds). Zeroed memory is a valid empty state everywhere. So room
can be reserved for many series; the operating system commits memory only for rows in use.

Levels are float32 relative to ``origin``, the series' first value, so that a large offset costs no precision.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Record = Any
"""One element of a structured array: to numba a pointer, to numpy a view; writing to it writes to the array."""


class Ended(IntEnum):
    """How a point ended: the ledger's outcomes as codes."""

    LEARNED = 0
    FLAGGED = 1
    DUPLICATE = 2
    LATE = 3
    WARMING_UP = 4
    REFUSED = 5
    """Not a finite number; the caller writes it as a dead letter."""


class ValueKind(IntEnum):
    """Kind of the values of a series; the same numbers as the wire's ``SeriesKind``."""

    GAUGE = 0
    DELTA = 1
    CUMULATIVE = 2
    CUMULATIVE_UPDOWN = 3
    RATE = 4
    QUANTILE = 5


class ViewCode(IntEnum):
    """The view that gave the highest ratio."""

    NONE = 0
    DEVIATION = 1
    RANGE = 2
    SHIFT = 3
    TIME_OF_DAY = 4
    FORECAST = 5
    SILENCE = 6
    MODEL = 7
    """A detector of the model tier, not a view of the bank."""
    ROUGHNESS = 8
    FLAT = 9
    """The last two are views of ``detectors.rarity``."""


FIRST_VIEW = 12
"""Code of the first further view; 10 and 11 are the signals of logs and of budgets."""


class Phase(IntEnum):
    """Kind of a transition."""

    CLOSED = 0
    """The series is normal again."""
    OPENED = 1
    """The series is abnormal."""
    ADOPTED = 2
    """Closed because the new level lasted; it is the usual level from now on."""


OPEN, SILENT = 1, 2
"""Bits of ``state``."""
RECENT = 5
"""Number of stored times, by which a duplicate is distinguished from an out-of-order point."""
HOURS = 24
KIN = 3
"""Series that a young one inherits from, at most."""

ROW = np.dtype(
    [
        # line 0: time
        ("last_at", "i8"),
        ("floor_at", "i8"),
        ("recent", "i8", (RECENT,)),
        ("cell", "i4"),
        ("hour", "i4"),
        # line 1: levels
        ("origin", "f8"),
        ("last_value", "f8"),
        ("n", "u4"),
        ("limit", "f4"),
        ("centre", "f4"),
        ("spread", "f4"),
        ("tail", "f4"),
        ("slow", "f4"),
        ("wide", "f4"),
        ("chart", "f4"),
        ("chart_tail", "f4"),
        ("low", "f4"),
        ("high", "f4"),
        ("evidence", "f4"),
        # line 2: pauses, the cell of the finest ring, the hour
        ("interval", "f4"),
        ("pause", "f4"),
        ("cell_sum", "f4"),
        ("step_sum", "f4"),
        ("hour_sum", "f4"),
        ("hour_before", "f4"),
        ("hour_now", "f4"),
        ("hour_after", "f4"),
        ("hour_wide", "f4"),
        ("hour_chart", "f4"),
        ("hour_tail", "f4"),
        ("score", "f4"),
        ("hour_n", "u4"),
        ("hours_seen", "u4"),
        ("hours_again", "u2"),
        ("cell_n", "u1"),
        ("step_n", "u1"),
        ("head", "u1"),
        ("state", "u1"),
        ("kind", "u1"),
        ("hour_known", "u1"),
    ],
    align=True,
)
"""Hot state of a series, 192 bytes."""

ANOMALY = np.dtype(
    [
        ("since", "i8"),
        ("value", "f8"),
        ("expected", "f8"),
        ("silent_since", "i8"),
        ("peak", "f4"),
        ("level", "f4"),
        ("noise", "f4"),
        ("count", "u4"),
        ("nats", "f4"),
        ("spread", "f4"),
        ("learned", "u4"),
        ("view", "u1"),
        ("direction", "i1"),
        ("calm", "u1"),
        ("spare", "u1", (1,)),
    ],
    align=True,
)
"""Current or last anomaly of a series, 64 bytes. ``nats``, ``spread`` and ``learned`` are at the peak."""

TRANSITION = np.dtype(
    [
        ("series", "i4"),
        ("phase", "u1"),
        ("view", "u1"),
        ("direction", "i1"),
        ("spare", "u1"),
        ("at", "i8"),
        ("since", "i8"),
        ("value", "f8"),
        ("expected", "f8"),
        ("score", "f4"),
        ("points", "u4"),
        ("nats", "f4"),
        ("spread", "f4"),
        ("learned", "u4"),
        ("more", "u4"),
    ],
    align=True,
)
"""An episode of one series opens or closes.

``at``: time of the point that caused it, ns; of an opened silence the watermark. ``since``: time of the first abnormal
point, ns. ``score``: the peak so far, in [0, 1]. ``value`` and ``expected``: at the peak. ``points``: flagged points of
the episode. ``nats``: evidence at the peak, the negative natural logarithm of how often a healthy series shows as much.
``spread`` and ``learned``: usual distance of a point from ``expected``, and the number of points that it is known from.
These three are 0 where the engine does not know them, and of a silence.
A silence (view SILENCE) is a separate episode: a series may have one of each kind at the same time.
"""


class BankState(NamedTuple):
    """All arrays of a bank. Rows past the bank's size are zero and take no memory."""

    rows: Array
    """ROW[capacity]."""
    anomalies: Array
    """ANOMALY[capacity]."""
    hours: Array
    """[capacity]: levels of the hours, in the engine's layout."""
    ring: Array
    """int16[cells, capacity]: recent values at three resolutions, see ``Rings`` and ``short_floats``."""
    dirty_rows: Array
    """uint32[capacity / BLOCK]: version of the last change of a block of rows."""
    dirty_anomalies: Array
    """uint32[capacity / BLOCK]."""
    dirty_hours: Array
    """uint32[capacity / BLOCK]."""
    dirty_ring: Array
    """uint32[cells, capacity / RING_BLOCK]."""
    kin: Array
    """int32[capacity, 3]: numbers plus 1 of the series that a young one inherits from; 0: none. Its changes are tracked
    by ``dirty_rows``."""
    views: tuple[Array, ...] = ()
    """STATE[capacity] of each further view; its changes are tracked by ``dirty_rows``."""


class Points(NamedTuple):
    """A batch as parallel arrays (n,): series numbers, times (ns), values, start times (ns)."""

    series: Array
    at: Array
    value: Array
    start: Array


class Heard(NamedTuple):
    """What is known of the senders of some series, parallel arrays (n,)."""

    watermark: Array
    """int64: event time up to which a point of the series would have come, ns."""
    limit: Array
    """float64: seconds after which the sender is silent, if it is; else 0."""


class BatchOutcome(NamedTuple):
    """Output of the loop: uint8 ``Ended`` code and float32 score a point, and room for two transitions a point."""

    ended: Array
    score: Array
    transitions: Array


COARSE_STEPS = 6
"""Steps in a cell of the coarse ring."""


class Rings(NamedTuple):
    """Geometry of the rings of recent values, which stand behind each other in ``BankState.ring``.

    A cell of the fine ring holds the mean of its points, a step the mean of its fine cells, and a coarse cell the mean
    of its steps; cells without a point do not count. Lengths are powers of two: cell ``number`` of a ring is at its
    place ``number & (length - 1)``.
    """

    fine_ns: int
    """Length of a fine cell, ns."""
    parts: int
    """Fine cells in a step."""
    fine: int
    """Cells of the fine ring."""
    steps: int
    """Cells of the ring of steps."""
    coarse: int
    """Cells of the coarse ring."""
    part: float
    """1 / ``parts``."""


class Tuning(NamedTuple):
    """Settings in the loop's units; the types are exact, which gives one compiled signature."""

    ease: float
    """1 / threshold; ratios are multiplied by it."""
    rate: float
    """False episodes that a series may have, a second."""
    warm_up: int
    late_ns: int
    adopt_ns: int
    rings: Rings
    horizon_seconds: float


BLOCK_BITS = 4
"""16 series a block of rows."""
RING_BITS = 8
"""256 series a block of a ring's cell."""
