"""Semantics of each series of a slot as arrays by series number, computed at the first request and then looked up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from aiops.model.metric_semantics.semantics import MetricSemantics
from aiops.model.metric_semantics.table import MetricTable
from detectors.harm import burden
from detectors.wire.series import SeriesTable, parse_attributes

_NAME, _ATTRIBUTES, _UNIT = 1, 2, 3
"""Columns of the table's codes."""
Numbers = npt.NDArray[np.int32]


class SeriesMeanings:
    """Metric semantics for the series of one slot.

    Many series share one meaning, so each series stores only the number of its meaning (4 bytes).

    Args:
        table: the slot's series.
        metrics: what metrics mean.
    """

    def __init__(self, table: SeriesTable, metrics: MetricTable) -> None:
        self._table, self._metrics = table, metrics
        self._numbers: dict[MetricSemantics, int] = {}
        self._held: list[MetricSemantics] = []
        self._worse = np.empty(0, np.int8)
        self._kinds = np.empty(0, np.uint8)
        self._scales = np.empty(0, np.float64)
        self._ceilings = np.empty(0, np.float32)
        self._of_series = np.empty(0, np.int32)
        self._size = 0

    def of(self, series: int) -> MetricSemantics:
        """The semantics of one series."""
        return self._held[int(self._meanings(np.array([series], np.int32))[0])]

    def worse(self, series: Numbers) -> npt.NDArray[np.int8]:
        """(n,) +1 where higher is worse, -1 where lower is, 0 where neither is."""
        numbers = self._meanings(series)
        return self._worse[numbers]

    def burdens(self, series: Numbers) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
        """(n,) kind of each figure, and its unit in seconds or as a fraction of 1; see ``detectors.harm``."""
        numbers = self._meanings(series)
        return self._kinds[numbers], self._scales[numbers]

    def ceilings(self, series: Numbers) -> npt.NDArray[np.float32]:
        """(n,) upper limit of each series' value; 0: none is known."""
        numbers = self._meanings(series)
        return self._ceilings[numbers]

    def _meanings(self, series: Numbers) -> Numbers:
        if self._size < len(self._table):
            self._extend()
        return self._of_series[series]

    def _extend(self) -> None:
        """Look up the series added since the last call, once for each metric with its unit."""
        known, size = self._size, len(self._table)
        if size > len(self._of_series):
            room = np.empty(max(2 * len(self._of_series), size, 1024), np.int32)
            room[:known] = self._of_series[:known]
            self._of_series = room
        codes, word = self._table.codes[known:size], self._table.word
        pairs, back = np.unique(codes[:, _NAME].astype(np.int64) << 32 | codes[:, _UNIT], return_inverse=True)
        found = [self._metrics.of(word(pair >> 32), word(pair & 0xFFFFFFFF)) for pair in pairs.tolist()]
        numbers = np.array([self._number(one) for one in found], np.int32)
        self._of_series[known:size] = numbers[back]
        for pair in (at for at, one in enumerate(found) if one.states is not None):
            places = np.flatnonzero(back == pair)
            attributes = (word(code) for code in codes[places, _ATTRIBUTES].tolist())
            self._of_series[known + places] = self._in_states(found[pair], attributes)
        self._size = size
        self._tabulate()

    def _in_states(self, meaning: MetricSemantics, attributes: Iterable[str]) -> list[int]:
        """Number of the meaning in the state that each series' attributes, as JSON text, show."""
        assert meaning.states is not None
        starts = [f'"{name}":"' for name in meaning.states.attributes]
        holds = f'"{meaning.states.holds}":"'
        known: dict[tuple[str, str], int] = {}
        found: list[int] = []
        for text in attributes:
            start = next((start for start in starts if start in text), "")
            value = _text_after(start, text) if start else "", _text_after(holds, text)
            if value not in known:
                known[value] = self._number(meaning.in_state(parse_attributes(text)))
            found.append(known[value])
        return found

    def _number(self, found: MetricSemantics) -> int:
        number = self._numbers.setdefault(found, len(self._held))
        if number == len(self._held):
            self._held.append(found)
        return number

    def _tabulate(self) -> None:
        held = self._held[len(self._worse) :]
        if held:
            burdens = [burden(one) for one in held]
            self._worse = np.append(self._worse, np.array([one.worse for one in held], np.int8))
            self._kinds = np.append(self._kinds, np.array([kind for kind, _ in burdens], np.uint8))
            self._ceilings = np.append(self._ceilings, np.array([one.ceiling or 0.0 for one in held], np.float32))
            self._scales = np.append(self._scales, np.array([scale for _, scale in burdens]))


def _text_after(start: str, text: str) -> str:
    """The rest of a JSON string from ``start`` on; empty where it is not there."""
    return text.partition(start)[2].partition('"')[0]
