"""False episodes on the normal parts of real data: rows outside the labelled events, and recorded hosts.

Every column is a series of its own. NAB's files count after their probation; SMD and ASD after half of their train
part, which is learned; a recorded host after a quarter of its rows. An episode counts if it opens in a row that is
labelled as normal and is not within an hour after an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from aiops.adapters.tables import read_table
from aiops.model.durations import SECOND
from tests.benchmarks.detection import nab
from tests.benchmarks.detection.alarms import BUDGETS, opened
from tests.benchmarks.detection.faultfree import Bars, Figures, Plan, rate
from tests.benchmarks.detection.figures import DAY, QUIET_SECONDS
from tests.benchmarks.detection.protocol import Bools, Detector, Rows
from tests.benchmarks.detection.samples import Sample, load

SETS = ("nab", "smd", "asd")
RECORDED = "recorded hosts"


def samples(data: Path | None, recorded: Sequence[Path]) -> dict[str, list[Sample]]:
    """Samples by set; those of the labelled sets with half of their learned rows.

    Raises:
        FileNotFoundError: a set of ``data`` is missing.
    """
    found = {name: [_half_learned(sample) for sample in load(data, name)] for name in SETS} if data else {}
    return found | ({RECORDED: [recording(path) for path in recorded]} if recorded else {})


def recording(path: Path) -> Sample:
    """A wide table of a host on which nothing happened."""
    table = read_table(path)
    values = np.full((len(table), len(table.names)), np.nan)
    values[table.row, table.series] = table.value
    return Sample(path.stem, Rows(table.at, values), ())


def run(detector: Detector, plan: Plan, sets: dict[str, list[Sample]]) -> Figures:
    """Rates by set and pooled; bars are those of the synthetic fault-free series where the detector has none."""
    bars = Bars(detector, plan)
    counts = {name: dict.fromkeys(BUDGETS, 0) for name in sets}
    days = dict.fromkeys(sets, 0.0)
    for name, found in sets.items():
        for sample in found:
            rows = replace(sample.rows, apart=True)
            scored = detector(rows)
            counted = counted_rows(name, sample)
            days[name] += series_days(rows, counted)
            for budget in BUDGETS:
                row, _ = opened(rows, scored, bars.of(scored, budget))
                counts[name][budget] += int(counted[row].sum())
    rates = {name: {str(budget): rate(counts[name][budget], days[name]) for budget in BUDGETS} for name in sets}
    total = sum(days.values())
    rates["all"] = {str(each): rate(sum(counts[name][each] for name in sets), total) for each in BUDGETS}
    return {"series_days": total, "rates": rates, "bars": bars.stated()}


def counted_rows(name: str, sample: Sample) -> Bools:
    """(rows,) rows in which an episode is false."""
    rows = sample.rows
    counted = np.ones(len(rows), dtype=np.bool_)
    first = {"nab": nab.probation(len(rows)), RECORDED: len(rows) // 4}.get(name, rows.learned)
    counted[:first] = False
    for begin, end in sample.windows:
        after = np.searchsorted(rows.at, rows.at[end] + int(QUIET_SECONDS * SECOND), side="right")
        counted[begin:after] = False
    return counted


def series_days(rows: Rows, counted: Bools) -> float:
    """Time in counted rows over all columns. A row stands for the time since the row before it, at most an hour."""
    steps = np.minimum(np.diff(rows.at, prepend=rows.at[:1]), int(QUIET_SECONDS * SECOND))
    days: float = int(steps[counted].sum()) * rows.values.shape[1] / SECOND / DAY
    return days


def _half_learned(sample: Sample) -> Sample:
    return replace(sample, rows=replace(sample.rows, learned=sample.rows.learned // 2))
