"""Memory layout of a series' state in this engine; ``detectors.bank.layout`` has what both engines share.

One row of five cache lines holds all that every point needs. Less used state is stored separately: the anomaly of a
series and its season, accessed once an hour. Zeroed memory is a valid empty state everywhere.

Levels are float32 relative to ``origin``, the series' first value, so that a large offset costs no precision.
"""

from __future__ import annotations

import numpy as np

from detectors.bank.layout import HOURS, RECENT

POINT_UP, POINT_DOWN, FAST, MEDIUM, ROUGH, SEASON, TOTAL = range(0, 21, 3)
"""Places of the tails in ``tails``; see ``detectors.rarity.tail``. TOTAL is of the sum of all evidence."""

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
        ("medium", "f4"),
        ("fast", "f4"),
        ("spread", "f4"),
        ("fast_spread", "f4"),
        ("medium_spread", "f4"),
        ("low", "f4"),
        ("high", "f4"),
        ("record", "f4"),
        ("evidence", "f4"),
        # line 2: roughness, the cell of the finest ring, the hour
        ("before", "f4"),
        ("rough", "f4"),
        ("rough_usual", "f4"),
        ("rough_spread", "f4"),
        ("repeats", "f4"),
        ("run", "f4"),
        ("longest_run", "f4"),
        ("interval", "f4"),
        ("pause", "f4"),
        ("cell_sum", "f4"),
        ("step_sum", "f4"),
        ("score", "f4"),
        ("cell_n", "u1"),
        ("step_n", "u1"),
        ("head", "u1"),
        ("state", "u1"),
        ("kind", "u1"),
        ("hour_known", "u1"),
        ("hour_sum", "f4"),
        ("hour_n", "u4"),
        ("hours_again", "u4"),
        # line 3: the season at this hour
        ("hour_before", "f4"),
        ("hour_now", "f4"),
        ("hour_after", "f4"),
        ("part_before", "f4"),
        ("part_now", "f4"),
        ("part_after", "f4"),
        ("season_weight", "f4"),
        ("season_chart", "f4"),
        ("season_spread", "f4"),
        # lines 3 and 4: how rare each statistic is
        ("tails", "f4", (21,)),
        ("spare", "u1", (4,)),
    ],
    align=True,
)
"""Hot state of a series, 320 bytes.

``centre`` is relative to ``origin`` and without the season; ``medium`` and ``fast`` are relative to ``centre``;
``hour_…`` are levels relative to ``origin``, ``part_…`` their offsets. Distances that end in ``spread`` are means of
absolute values.
"""

SEASON_STATE = np.dtype(
    [
        ("hours", "i2", (HOURS,)),
        ("parts", "i2", (28,)),
        ("unit", "f4"),
        ("error", "f4"),
        ("step", "f4"),
        ("last", "f4"),
        ("seen", "u4"),
        ("spare", "u1", (4,)),
    ],
    align=True,
)
"""Levels of the hours of day and offsets of the parts of the week, in units of ``unit``; 128 bytes.

``error``: usual distance of an hour's mean from the season; ``step``: from the mean of the hour before, ``last``.
``seen``: bits of the hours of day that have a level.
"""
