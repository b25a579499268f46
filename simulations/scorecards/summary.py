"""Summary of the grades of one scenario and one healer over seeds: shares, and medians with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simulations.running.simulation import Who
from simulations.scorecards.grades import Grade

COVER = 0.9
"""An interval covers the true median with at least this probability, if there are enough seeds."""


@dataclass(frozen=True, slots=True)
class Middle:
    """A median and its interval of order statistics; inf: it never happened in most runs."""

    median: float
    low: float
    high: float
    count: int
    """Number of runs with a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One row of the scorecard."""

    scenario: str
    who: Who
    seeds: int
    precision: float | None
    """Share of incidents that belong to a fault; None: there were no incidents."""
    recall: float | None
    """Share of faults with an incident; None: there were no faults."""
    top1: float | None
    """Share of faults whose incident ranks a correct root first."""
    top3: float | None
    detect_seconds: Middle | None
    repair_seconds: Middle | None
    violated_minutes: Middle
    value_lost: Middle
    actions: Middle
    unsafe: int
    """Total over all runs."""
    pages: Middle
    as_expected: int
    """Runs that met the scenario's expectations."""
    endings: dict[str, int]
    remarks: dict[str, int]
    """Deviations from the expectations, with the number of runs."""


def card(grades: Sequence[Grade]) -> Card:
    """Summary of grades that share scenario and healer."""
    first = grades[0]
    product = first.who is Who.PRODUCT
    faults = sum(one.faults for one in grades)
    remarks: dict[str, int] = {}
    for remark in (text for one in grades for text in dict.fromkeys(one.remarks)):
        remarks[remark] = remarks.get(remark, 0) + 1
    endings: dict[str, int] = {}
    for one in grades if product else ():
        name = "open" if one.ending is None else one.ending.value
        endings[name] = endings.get(name, 0) + 1
    return Card(
        scenario=first.scenario,
        who=first.who,
        seeds=len(grades),
        precision=_share(sum(g.true_incidents for g in grades), sum(g.incidents for g in grades)),
        recall=_share(sum(g.found for g in grades), faults) if product else None,
        top1=_share(sum(g.top1 for g in grades), faults) if product else None,
        top3=_share(sum(g.top3 for g in grades), faults) if product else None,
        detect_seconds=middle(g.detect_seconds for g in grades),
        repair_seconds=middle(g.repair_seconds for g in grades),
        violated_minutes=_all(g.violated_minutes for g in grades),
        value_lost=_all(g.value_lost for g in grades),
        actions=_all(float(g.actions) for g in grades),
        unsafe=sum(g.unsafe for g in grades),
        pages=_all(float(g.pages) for g in grades),
        as_expected=sum(g.as_expected for g in grades),
        endings=endings,
        remarks=remarks,
    )


def cards(grades: Iterable[Grade]) -> list[Card]:
    """Rows of all grades, in the order in which scenario and healer first appear."""
    groups: dict[tuple[str, Who], list[Grade]] = {}
    for one in grades:
        groups.setdefault((one.scenario, one.who), []).append(one)
    return [card(group) for group in groups.values()]


def middle(values: Iterable[float | None]) -> Middle | None:
    """Median and interval of the values that are not None."""
    found = [value for value in values if value is not None]
    return _all(found) if found else None


def _all(values: Iterable[float]) -> Middle:
    """Median with the narrowest pair of order statistics that covers it; all of the range where there are too few."""
    found = sorted(values)
    n = len(found)
    outside, rank = 0.0, 0
    for k in range(n // 2):
        outside += math.comb(n, k) * 0.5**n
        if 1 - 2 * outside < COVER:
            break
        rank = k
    half = n // 2
    median = found[half] if n % 2 or math.inf in found[half - 1 : half + 1] else (found[half - 1] + found[half]) / 2
    return Middle(median, found[rank], found[n - 1 - rank], n)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def as_json(rows: Sequence[Card]) -> list[dict[str, Any]]:
    """Rows for JSON: a value that never happened is null with ``count`` above 0."""
    return [_plain(asdict(row)) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
