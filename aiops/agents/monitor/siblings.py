"""Whether another series of the same entity and metric has newer points: an instance was replaced, not lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.bank.series_bank import SeriesBank
from detectors.wire.series import SeriesTable


def sibling_spoke_later(table: SeriesTable, bank: SeriesBank, series: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """(n,) whether a sibling (same entity and metric) has a newer point than each of these series.

    Every deployment replaces instances. Other metrics of the entity show whether it does harm.
    """
    if not len(series):
        return np.zeros(0, np.bool_)
    codes = table.codes[: len(bank)]
    keys = codes[:, 0].astype(np.int64) << 32 | codes[:, 1]
    kin = np.flatnonzero(np.isin(keys, keys[series])).astype(np.int32)
    names, back = np.unique(keys[kin], return_inverse=True)
    newest = np.zeros(len(names), np.int64)
    np.maximum.at(newest, back, bank.last_at(kin))
    later: npt.NDArray[np.bool_] = newest[np.searchsorted(names, keys[series])] > bank.last_at(series)
    return later
