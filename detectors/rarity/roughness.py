"""Roughness: how much a series changes from point to point, now against usually.

The mean absolute difference of successive values (von Neumann 1941) over about 64 points, against the same over about
4,096 points. It finds a spread that grew or shrank, a flat line, and a cycle that became faster, whatever the level.
"""

from __future__ import annotations

GAIN = 1 / 64
USUAL_GAIN = 1 / 4096
SPREAD_GAIN = 1 / 8192
CLIP = 6.0
"""A difference counts at most this many usual differences."""
RESOLUTION = 0.002
"""Smallest usual size of the statistic, as a share of the usual difference."""
