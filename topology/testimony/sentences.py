"""Figures as people read them: what one row of evidence shows, with units."""

from __future__ import annotations

from aiops.model.metric_semantics.units import Dimension, Unit
from aiops.model.prose import Prose
from aiops.model.series_evidence import EvidenceKind
from aiops.model.times import clock_time
from topology.testimony.inquiry import Inquiry

MOST_CHARACTERS = 80
"""Longer names of series are cut."""
_OF_TIME = frozenset({EvidenceKind.OWN_TIME, EvidenceKind.NETWORK_TIME})
_OF_SHARE = frozenset({EvidenceKind.CALL_SHAPE, EvidenceKind.FIRST_ERROR})


def moved(inquiry: Inquiry, row: int) -> Prose:
    """``latency of store went from 6.2 ms to 375 ms at 15:38:46, 41 times the usual spread``."""
    evidence = inquiry.evidence
    name = inquiry.names[inquiry.of[row]]
    usual, level = evidence.usual[row], evidence.level[row]
    series = evidence.series[row][:MOST_CHARACTERS]
    if evidence.silent[row]:
        return Prose(f"{series} of {name} fell silent")
    at = int(evidence.changed_at[row])
    when = f" at {clock_time(at)[11:]}" if at else ""
    times = abs(float(evidence.deviation[row]))
    unit = _unit(inquiry, row)
    change = f"went from {figure(usual, unit)} to {figure(level, unit)}{when}"
    return Prose(f"{series} of {name} {change}, {times:.3g} times the usual spread")


def _unit(inquiry: Inquiry, row: int) -> Unit:
    kind = EvidenceKind(int(inquiry.evidence.kind[row]))
    if kind in _OF_TIME:
        return Unit("s", Dimension.TIME)
    if kind in _OF_SHARE:
        return Unit("1", Dimension.SHARE)
    if kind is EvidenceKind.TEMPLATE:
        return Unit("lines", Dimension.COUNT)
    return inquiry.meaning(row).unit


def figure(value: float, unit: Unit) -> str:
    """A value with its unit: times in s, ms or µs, shares in %, other units as their sender wrote them."""
    if unit.dimension is Dimension.TIME:
        return duration(value * unit.factor)
    if unit.dimension is Dimension.SHARE:
        return f"{value * unit.factor * 100:.3g} %"
    symbol = unit.symbol.strip("{}")
    return f"{value:.4g}" + (f" {symbol}" if symbol and symbol != "1" else "")


def duration(seconds: float) -> str:
    """``6.2 ms``."""
    for least, factor, symbol in ((1.0, 1.0, "s"), (1e-3, 1e3, "ms")):
        if abs(seconds) >= least:
            return f"{seconds * factor:.3g} {symbol}"
    return f"{seconds * 1e6:.3g} µs" if seconds else "0 s"
