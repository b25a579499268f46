"""Seeds of the synthetic series. Those for choosing and those for reporting never meet."""

from __future__ import annotations

from enum import IntEnum
from zlib import crc32

import numpy as np
from numpy.random import Generator


class Purpose(IntEnum):
    """First seed for a purpose. Each has half a million seeds."""

    CALIBRATING = 0
    """Bars of detectors that have none of their own."""
    CHOOSING = 500_000
    """Whatever is looked at while methods and settings are chosen."""
    REPORTING = 1_000_000
    """Figures that are reported, and nothing else."""


def generator(series: str, number: int, purpose: Purpose) -> Generator:
    """Random numbers for the ``number``-th block of a kind of series."""
    return np.random.default_rng((int(purpose) + number, crc32(series.encode())))
