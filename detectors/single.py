"""The bank for a single series, behind the protocol that all detectors share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.bank.series_bank import BankSettings, SeriesBank


class BankDetector:
    """A bank of one series."""

    def __init__(self, settings: BankSettings | None = None) -> None:
        self._settings = settings or BankSettings(capacity=1)
        self._bank = SeriesBank(self._settings)
        self._bank.admit(np.zeros(1, dtype=np.uint8))

    def update(self, at: int, value: float) -> float:
        """Score of the point, 0 while warming up."""
        result = self._bank.update(np.zeros(1, np.int32), np.array([at], np.int64), np.array([value], np.float64))
        return float(result.score[0])

    @property
    def expected(self) -> float:
        """The bank keeps several levels and shows the one that was broken with the transition."""
        return float("nan")

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """The bank's full snapshot."""
        return self._bank.to_arrays()

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on from a snapshot."""
        try:
            self._bank = SeriesBank.from_arrays(arrays, self._settings)
        except (KeyError, TypeError) as error:
            raise ValueError(f"a snapshot with other arrays does not fit: {error}") from error
