"""False episodes on synthetic series in which nothing happens, against the budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.detection.alarms import BUDGETS, Block, Calibration, false_episodes, own_bar
from tests.benchmarks.detection.intervals import poisson
from tests.benchmarks.detection.processes import DAY, PROCESSES, Process
from tests.benchmarks.detection.protocol import Detector, regular
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
    calibrated: dict[int, float] = {}
    rates: Figures = {}
    total = dict.fromkeys(BUDGETS, (0, 0.0))
    for name in PROCESSES:
        counts, days = dict.fromkeys(BUDGETS, 0), 0.0
        for block in blocks(detector, name, plan):
            days += block.series_days
            for budget in BUDGETS:
                counts[budget] += false_episodes(block, _bar(detector, block, (budget, plan), known=calibrated))
        rates[name] = {str(budget): _rate(counts[budget], days) for budget in BUDGETS}
        total = {budget: (total[budget][0] + counts[budget], total[budget][1] + days) for budget in BUDGETS}
    rates["all"] = {str(budget): _rate(*total[budget]) for budget in BUDGETS}
    return {
        "series_days": total[BUDGETS[0]][1],
        "rates": rates,
        "bars": {str(key): calibrated[key] for key in calibrated},
    }


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


def _bar(detector: Detector, block: Block, wanted: tuple[int, Plan], *, known: dict[int, float]) -> float | None:
    """The detector's own bar, or the calibrated one."""
    budget, plan = wanted
    try:
        return own_bar(block.scored, budget)
    except LookupError:
        if not known:
            other = Plan(plan.sample, Purpose.CALIBRATING, plan.divisor)
            calibration = Calibration(block for name in PROCESSES for block in blocks(detector, name, other))
            known |= {each: calibration.bar(each) for each in BUDGETS}
        return known[budget]


def _rate(count: int, series_days: float) -> dict[str, object]:
    low, high = poisson(count, series_days / 1000.0)
    return {"count": count, "a_day_per_1000": count / series_days * 1000.0, "interval": [low, high]}
