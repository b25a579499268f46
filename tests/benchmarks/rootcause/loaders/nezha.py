"""Nezha's faults as cases of metrics, spans and logs; a fault lasts from its injection to three minutes later.

Needs ``rca_data`` and ``construct_data`` of IntelligentDDS/Nezha, MIT, with ``faults.json`` and ``not_normal.json`` a
day. In the sets as recorded, everything in a case lies before its end, and nothing is moved:

* Metrics: up to three hours before the fault, without the minutes that ``not_normal.json`` lists for other faults. Of
  the first faults of a day only two or three minutes of reference exist. The minute before a fault's own injection
  stays: without it a gap would show where the fault begins.
* The sets that end in ``-day`` are the same faults with the reference that publications on this data set use: all
  minutes of the day that ``not_normal.json`` does not list. Those after the fault are moved to before the day's first.
* Spans and logs exist for about a minute before each fault and two minutes in it, and for one more fault-free minute
  on the Train Ticket days. A case holds those of the last hour without other faults. Where there are none before, or
  none in the fault, the table is left out, because then their appearance or absence would say where the fault is.
* Who calls whom is taken from all traces of the day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from aiops.model.durations import MINUTE, SECOND
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted
from tests.benchmarks.rootcause.loaders.nezha_tables import Day, at, day
from topology.cases.case import Case

BEFORE = 180 * MINUTE
TRACED = 60 * MINUTE
LASTS = 3 * MINUTE
GUARD = MINUTE
"""``not_normal.json`` lists so much before an injection."""
QUIET = 30 * MINUTE
"""A window without a fault begins so long after the last listed minute of a day, and then every so often."""
DATES = {"nezha-boutique": ("2022-08-22", "2022-08-23"), "nezha-ticket": ("2023-01-29", "2023-01-30")}

SHIFTS = shifted(-60, 30, 60, 120)

Intervals = Sequence[tuple[int, int]]


def load(folder: Path) -> list[CaseSet]:
    """Online Boutique and Train Ticket apart, each as recorded and with the whole day as reference."""
    found: list[CaseSet] = []
    for name, dates in DATES.items():
        days = [folder / "rca_data" / date for date in dates if (folder / "rca_data" / date / "faults.json").is_file()]
        if days:
            found.append(_recorded(name, days))
            found.append(_whole_days(f"{name}-day", days))
    return found


def _recorded(name: str, days: Sequence[Path]) -> CaseSet:
    return CaseSet(
        name,
        lambda: (case for folder in days for case in _cases(folder)),
        SHIFTS,
        normal=lambda: (window for folder in days for window in _normal(folder)),
    )


def _whole_days(name: str, days: Sequence[Path]) -> CaseSet:
    """Without windows: those of the set as recorded have the same reference."""
    return CaseSet(name, lambda: (_with_day(case, day(folder)) for folder in days for case in _cases(folder)), SHIFTS)


def _with_day(labelled: LabelledCase, held: Day) -> LabelledCase:
    """The case with all fault-free minutes of the day before it; later ones end a minute before the day begins."""
    case, injected = labelled.case, labelled.onset
    first, last = held.metrics["ts"].min(), held.metrics["ts"].max()
    assert injected is not None
    assert isinstance(first, int)
    assert isinstance(last, int)
    normal = _without(held.metrics, held.unusual)
    moved = (last - first) // MINUTE * MINUTE + 2 * MINUTE
    later = normal.filter(pl.col("ts") > case.to_at).with_columns(pl.col("ts") - moved)
    earlier = normal.filter(pl.col("ts") < case.from_at)
    from_at = case.from_at - -(-(case.from_at - (first - moved)) // MINUTE) * MINUTE
    table = pl.concat([later, earlier, case.metrics])
    return replace(labelled, case=replace(case, from_at=from_at, metrics=table))


def _cases(folder: Path) -> Iterator[LabelledCase]:
    held = day(folder)
    for number, fault in enumerate(json.loads((folder / "faults.json").read_text())):
        injected = at(fault["inject_time"])
        others = [(begin, until) for begin, until in held.unusual if not begin <= injected <= until]
        case = _metrics_only(f"nezha/{folder.name}/{number}/{fault['inject_type']}", held, injected, others)
        spans, logs = (_with_reference(table, injected, others) for table in (held.spans, held.logs))
        yield LabelledCase(
            replace(case, spans=spans, logs=logs), frozenset({fault["inject_pod"]}), injected, fault["inject_type"]
        )


def _normal(folder: Path) -> Iterator[LabelledCase]:
    held = day(folder)
    last = held.metrics["ts"].max()
    assert isinstance(last, int)
    for start in range(max(until for _, until in held.unusual) + QUIET, last - LASTS, QUIET):
        case = _metrics_only(f"nezha/{folder.name}/normal/{start // SECOND}", held, start, held.unusual)
        yield LabelledCase(case, frozenset(), start)


def _metrics_only(name: str, held: Day, start: int, out: Intervals) -> Case:
    return Case(
        id=name,
        from_at=start - BEFORE,
        to_at=start + LASTS,
        step=MINUTE,
        metrics=_without(held.metrics.filter(pl.col("ts").is_between(start - BEFORE, start + LASTS)), out),
        edges=held.edges,
    )


def _with_reference(table: pl.DataFrame, injected: int, others: Intervals) -> pl.DataFrame:
    """Rows of the last hour and of the fault; none where a part is missing."""
    faulty = [(begin + GUARD, until) for begin, until in others]
    near = _without(table.filter(pl.col("ts").is_between(injected - TRACED, injected + LASTS)), faulty)
    is_before = near["ts"] < injected
    return near if is_before.any() and not is_before.all() else near.clear()


def _without(table: pl.DataFrame, out: Intervals) -> pl.DataFrame:
    for begin, until in out:
        table = table.filter(~pl.col("ts").is_between(begin, until))
    return table
