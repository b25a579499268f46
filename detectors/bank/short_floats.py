"""Values in 16 bits, for the rings of recent values.

A code is the distance of a value from its series' origin, in steps of 1/409.6 of an octave above 2^-30. The
steps are linear within an octave, as the mantissa of a float, so packing takes one integer division. The error is at
most ``ERROR`` of the distance. A distance up to 2^-30 is stored as 0, and one above ``MOST`` as ``MOST``. Code 0 means
"no value", so zeroed memory is empty.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

_LEAST = (127 - 30) << 23
"""Bits of the float32 2^-30."""
_STEP = 20_480
"""80 octaves of 2^23 mantissas each, over 32,766 codes."""
_MOST = 32_766
MOST = 1_123_151_127_773_184.0
"""Largest distance that can be stored."""
ERROR = _STEP / 2**24 + 2**-24
"""Largest error as a share of the distance: half a step at the lower end of an octave, and the rounding to float32."""


@register_jitable
def pack(distance: float) -> int:
    """Code of a finite distance."""
    bits = np.int64(np.float32(abs(distance)).view(np.int32))
    code = 1 + int(min(max((bits - _LEAST + _STEP // 2) // _STEP, np.int64(0)), np.int64(_MOST)))
    return code if distance >= 0.0 else -code


@register_jitable
def unpack(code: int) -> float:
    """Distance of a code that is not 0."""
    size = abs(np.int64(code))
    if size <= 1:
        return 0.0
    found = float(np.int32((size - 1) * _STEP + _LEAST).view(np.float32))
    return found if code > 0 else -found


def unpack_all(codes: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Distances of codes of any shape; NaN where there is no value."""
    size = np.abs(codes.astype(np.int32))
    found = ((size - 1) * _STEP + _LEAST).astype(np.int32).view(np.float32).astype(np.float64)
    found[size == 1] = 0.0
    found = np.copysign(found, codes)
    found[size == 0] = np.nan
    return found
