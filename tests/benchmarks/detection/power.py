"""Changes that must be found, each of known size: the share found at a budget of 10, and how late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aiops.model.durations import SECOND
from tests.benchmarks.detection.alarms import Block, Calibration, opened, own_bar
from tests.benchmarks.detection.changes import CASES, TWINS, Case, Twin
from tests.benchmarks.detection.faultfree import Plan
from tests.benchmarks.detection.intervals import wilson
from tests.benchmarks.detection.protocol import Detector, regular
from tests.benchmarks.detection.seeds import Purpose, generator

BUDGET = 10
SERIES = 1_000
"""Series of each case in a full run."""
TWIN_SERIES = 2_000
"""Fault-free series of each process in a full run of the calibration."""
Figures = dict[str, object]


@dataclass(slots=True)
class _Bars:
    """Bars that were calibrated so far, by fault-free process."""

    detector: Detector
    plan: Plan
    known: dict[str, float]

    def of(self, twin: str) -> float:
        if twin not in self.known:
            plan = Plan(self.plan.sample, Purpose.CALIBRATING, self.plan.divisor)
            self.known[twin] = Calibration(
                _twin(self.detector, twin, (number, columns))
                for number, columns in enumerate(plan.columns(TWIN_SERIES))
            ).bar(BUDGET)
        return self.known[twin]


def run(detector: Detector, plan: Plan, cases: Mapping[str, Case] = CASES) -> Figures:
    """Share found of each case, with Wilson's interval, and the median delay.

    A detector without an own rule gets the bar that keeps the budget on fault-free series of the case's own process,
    which is more than anybody could know beforehand.
    """
    bars = _Bars(detector, plan, {})
    return {"cases": {name: _case(name, case, bars) for name, case in cases.items()}, "bars": bars.known}


def _case(name: str, case: Case, bars: _Bars) -> Figures:
    twin = TWINS[case.twin]
    delays: list[float] = []
    tried = 0
    for number, columns in enumerate(bars.plan.columns(SERIES)):
        rng = generator(f"power {name}", number, bars.plan.purpose)
        rows = regular(case.make(rng, columns), twin.seconds, apart=True)
        scored = bars.detector(rows)
        try:
            bar = own_bar(scored, BUDGET)
        except LookupError:
            bar = bars.of(case.twin)
        row, column = opened(rows, scored, bar)
        first = np.full(columns, np.iinfo(np.int64).max)
        np.minimum.at(first, column[row >= case.before], row[row >= case.before])
        found = first[first < len(rows)]
        delays += ((rows.at[found] - rows.at[case.before]) / SECOND).tolist()
        tried += columns
    return {
        "found": len(delays),
        "tried": tried,
        "share": len(delays) / tried,
        "interval": list(wilson(len(delays), tried)),
        "delay_seconds": float(np.median(delays)) if delays else None,
    }


def _twin(detector: Detector, name: str, part: tuple[int, int]) -> Block:
    """The process of a case, in which nothing happens."""
    number, columns = part
    twin: Twin = TWINS[name]
    values = twin.make(generator(f"twin {name}", number, Purpose.CALIBRATING), twin.before + twin.counted, columns)
    rows = regular(values, twin.seconds, apart=True)
    return Block(rows, twin.before, detector(rows))
