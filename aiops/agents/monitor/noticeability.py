"""Whether users can notice that a slot's series differ from their usual values, now or at their worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.agents.monitor import signals
from aiops.agents.monitor.meanings import SeriesMeanings
from aiops.model.entities import Objective
from detectors.harm import Burden, noticeable
from detectors.wire.series import SeriesTable

OVER = 0.1
"""An anomaly is over when its distance from the usual value is at most this share of its largest distance."""
IN_TIME = 0.5
"""A longer duration is not noticeable below this share of the threshold of the entity's latency objective."""

Numbers = npt.NDArray[np.int32]
Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.void]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Noticeability:
    """Decides by what each series means and by the latency objectives of its entity."""

    table: SeriesTable
    meanings: SeriesMeanings
    goals: Mapping[str, tuple[Objective, ...]]
    """Objectives by entity."""

    def of(self, series: Numbers, values: Values, usual: Values) -> Mask:
        """(n,) whether it is noticeable that these series are at ``values`` and not at their ``usual`` values."""
        kinds, scales = self.meanings.burdens(series)
        slow = np.where(kinds == Burden.DURATION, self._slow(series), 0.0)
        in_time = (slow > 0) & (values * scales < IN_TIME * slow)
        return np.asarray(noticeable(kinds, scales.astype(np.float32), values, expected=usual) & ~in_time)

    def of_signals(self, rows: Rows, values: Values | None = None) -> Mask:
        """(n,) which SIGNAL rows are noticeable, at their worst or at ``values``; silence always is."""
        shown = rows["value"] if values is None else values
        silent = rows["track"] == signals.SILENCE
        return np.asarray(silent | self.of(rows["series"], shown, rows["expected"]))

    def still(self, rows: Rows, last: Values) -> Mask:
        """(n,) which SIGNAL rows of the bank are noticeable at their ``last`` values and not over."""
        return ~self.over(rows, last) & self.of_signals(rows, last)

    def over(self, rows: Rows, last: Values) -> Mask:
        """(n,) which SIGNAL rows changed for the better since, or came back to within ``OVER`` of the usual value."""
        left, peak = last - rows["expected"], rows["value"] - rows["expected"]
        worse = self.meanings.worse(rows["series"])
        return np.asarray((worse * left < 0) | (np.abs(left) <= OVER * np.abs(peak)))

    def still_of(self, series: Numbers, values: Values, usual: Values, *, live: Rows) -> Mask:
        """(n,) as ``of``, without the series whose SIGNAL row in ``live`` is over."""
        found = self.of(series, values, usual)
        if not len(series):
            return found
        order = np.argsort(series)
        place = order[np.minimum(np.searchsorted(series, live["series"], sorter=order), len(series) - 1)]
        known = series[place] == live["series"]
        found[place[known]] &= ~self.over(live[known], values[place[known]])
        return found

    def _slow(self, series: Numbers) -> Values:
        """(n,) threshold of the series' entity's strictest latency objective, s; 0: it has none."""
        entities, back = np.unique(self.table.codes[series, 0], return_inverse=True)
        goals = (self.goals.get(self.table.entities[code], ()) for code in entities.tolist())
        limits = [min((one.threshold_ms / 1e3 for one in held if one.threshold_ms), default=0.0) for held in goals]
        return np.array(limits, np.float64)[back.reshape(-1)]
