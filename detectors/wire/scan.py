"""Single compiled passes over the points of a batch, where numpy would make several and an array for each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled


@compiled
def newest(at: npt.NDArray[np.int64], record: npt.NDArray[np.int32], highest: npt.NDArray[np.int64]) -> None:
    """Raises ``highest`` of each record to the highest time among its points."""
    for row in range(len(at)):
        highest[record[row]] = max(highest[record[row]], at[row])


@compiled
def counted(codes: npt.NDArray[np.uint8], unit: npt.NDArray[np.uint8], counts: npt.NDArray[np.int64]) -> None:
    """Adds the number of primary points of each code to ``counts``; codes must be below its length."""
    for row in range(len(codes)):
        counts[codes[row]] += unit[row] == 1
