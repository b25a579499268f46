"""Compiled code with bounds checks: an index outside its array raises IndexError and does not read foreign memory.

Numba checks when ``NUMBA_BOUNDSCHECK=1`` is set before anything is compiled. One function of decoding reads without
numba's indexing; importing this module before the decoders replaces it, if the variable is set.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from detectors.wire import hashing
from detectors.wire.compiling import compiled, inner

CHECKED = os.environ.get("NUMBA_BOUNDSCHECK") == "1"


@inner
def _load64(array: Any, index: Any) -> Any:
    """``hashing.load64`` byte by byte."""
    word = np.uint64(0)
    for place in range(8):
        word |= np.uint64(array[index + place]) << np.uint64(8 * place)
    return word


if CHECKED:
    hashing.load64 = _load64  # type: ignore[assignment]  # numba's intrinsics have a type of their own


@compiled
def _outside(array: Any, place: int) -> Any:
    return array[place]


def works() -> bool:
    """Whether an index outside its array is found in code that is compiled as the decoders are."""
    try:
        _outside(np.zeros(3, np.uint8), 3)
    except IndexError:
        return True
    return False
