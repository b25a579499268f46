"""The bank for a single series as a ``Detector``."""

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
        """Score of the point in [0, 1]; 0 while the bank warms up."""
        result = self._bank.update(np.zeros(1, np.int32), np.array([at], np.int64), np.array([value], np.float64))
        return float(result.score[0])

    @property
    def expected(self) -> float:
        """Always nan: the bank has several expected values, and each transition carries the one of its view."""
        return float("nan")

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """The bank's full state."""
        return self._bank.to_arrays()

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Continues from a snapshot; ``ValueError`` if it does not fit."""
        try:
            self._bank = SeriesBank.from_arrays(arrays, self._settings)
        except (KeyError, TypeError) as error:
            raise ValueError(f"a snapshot with other arrays does not fit: {error}") from error
