"""Flat line: the same value more often in a row than in the longest run that the series remembers.

Rarity is that of a power law in the length of the run: a series that repeats itself shows runs of many lengths.
"""

from __future__ import annotations

import math

from numba.extending import register_jitable

LEAST_RUN = 3.0
"""Shorter runs are not rare."""
REACH = 0.2
"""Mean logarithm of a run over the longest remembered one."""
RELAX = 1e-5
"""Share by which the longest run is forgotten a point."""
DISCRETE = 0.8
"""From this share of repeated values on, a series is discrete: its changes are rare, and it has no spread."""


@register_jitable
def rarity(run: float, longest: float) -> float:
    """Nats of a run of this many repeats; 0 if there was a longer one."""
    return math.log(run / longest) / REACH if run > longest else 0.0


@register_jitable
def longest_after(longest: float, run: float) -> float:
    """The longest remembered run after one more point."""
    return run if run > longest else max(LEAST_RUN, longest * (1.0 - RELAX))
