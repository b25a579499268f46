"""False episodes on synthetic series in which nothing happens, against the budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.benchmarks.detection.alarms import BUDGETS, Block, Calibration, false_episodes, own_bar
from tests.benchmarks.detection.intervals import poisson
from tests.benchmarks.detection.processes import DAY, PROCESSES, Process
from tests.benchmarks.detection.protocol import Detector, Scored, regular
from tests.benchmarks.detection.seeds import Purpose, generator

SERIES = 1_400
"""Series of each kind in a full run: 15 kinds, 5 or 7 counted days each, are 107,800 series-days."""
COLUMNS = 350
"""Most series of one seed."""
Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How many series, and for what."""

    sample: float
    """Share of the full run."""
    purpose: Purpose
    divisor: int = 1
    """Only one of so many series."""

    def columns(self, full: int) -> list[int]:
        """Number of series of each seed."""
        series = max(round(full * self.sample / self.divisor), 5)
        return [min(COLUMNS, series - begin) for begin in range(0, series, COLUMNS)]


def run(detector: Detector, plan: Plan) -> Figures:
    """Rates by kind and over all, for each budget; bars are calibrated on other seeds where the detector has none."""
    bars = Bars(detector, plan)
    rates: Figures = {}
    total = dict.fromkeys(BUDGETS, (0, 0.0))
    for name in PROCESSES:
        counts, days = dict.fromkeys(BUDGETS, 0), 0.0
        for block in blocks(detector, name, plan):
            days += block.series_days
            for budget in BUDGETS:
                counts[budget] += false_episodes(block, bars.of(block.scored, budget))
        rates[name] = {str(budget): rate(counts[budget], days) for budget in BUDGETS}
        total = {budget: (total[budget][0] + counts[budget], total[budget][1] + days) for budget in BUDGETS}
    rates["all"] = {str(budget): rate(*total[budget]) for budget in BUDGETS}
    return {"series_days": total[BUDGETS[0]][1], "rates": rates, "bars": bars.stated()}


def blocks(detector: Detector, name: str, plan: Plan) -> Iterator[Block]:
    """Scored series of one kind, a block for each seed."""
    process = PROCESSES[name]
    for number, columns in enumerate(plan.columns(SERIES)):
        yield _block(detector, process, columns, rng=(f"fault-free {name}", number, plan.purpose))


def _block(detector: Detector, process: Process, columns: int, *, rng: tuple[str, int, Purpose]) -> Block:
    learned, counted = (round(days * DAY / process.seconds) for days in (process.learned_days, process.counted_days))
    values = process.make(generator(*rng), (learned + counted, columns), process.seconds)
    rows = regular(values, process.seconds, apart=True)
    return Block(rows, learned, detector(rows))


class Bars:
    """The bar of a detector for a budget: its own, or the one that keeps it on synthetic series of all kinds."""

    def __init__(self, detector: Detector, plan: Plan) -> None:
        self._detector = detector
        self._plan = replace(plan, purpose=Purpose.CALIBRATING)
        self._known: dict[int, float] = {}

    def of(self, scored: Scored, budget: int) -> float | None:
        """None: the detector opens episodes itself."""
        try:
            return own_bar(scored, budget)
        except LookupError:
            return self._calibrated()[budget]

    def stated(self) -> dict[str, float]:
        """What was calibrated."""
        return {str(budget): bar for budget, bar in self._known.items()}

    def _calibrated(self) -> dict[int, float]:
        if not self._known:
            every = (block for name in PROCESSES for block in blocks(self._detector, name, self._plan))
            calibration = Calibration(every)
            self._known = {budget: calibration.bar(budget) for budget in BUDGETS}
        return self._known


def rate(count: int, series_days: float) -> dict[str, object]:
    """Episodes a day per 1,000 series, with their Poisson interval."""
    low, high = poisson(count, series_days / 1000.0)
    return {"count": count, "a_day_per_1000": count / series_days * 1000.0, "interval": [low, high]}
