"""Weights of the weighed ranker, in nats a nat. Made by a command; do not edit.

``python -m tests.benchmarks.rootcause.fit --data DIR --out topology/rankers/fitted.py``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BY_WITNESS: Final[Mapping[str, float]] = {
    "inner deviation": 0.725,
    "harm begins": 1.002,
    "harm spreads": 1.072,
    "overload": 1.002,
    "symptom correlation": 1.066,
    "residual": 0.830,
    "silence": 1.000,
    "earliest": 1.060,
    "odd sibling": 0.926,
    "own time": 0.720,
    "network time": 1.760,
    "call shape": 0.900,
    "first error": 1.000,
    "log templates": 1.106,
    "error templates": 1.484,
    "rare alerts": 1.125,
    "bad alerts": 1.035,
    "alert count": 1.305,
    "complaints": 1.033,
    "recent change": 1.024,
    "bare address": 1.366,
}
UNKNOWN: Final = 5.218
"""Score of "unknown"."""
SLOPE: Final = 0.598
OFFSET: Final = -0.022
"""Calibration of the first candidate's log-odds, on estates that were left out."""
