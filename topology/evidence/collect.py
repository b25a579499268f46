"""From a case's tables to evidence: all series, spans, log lines and alerts, around one onset."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from aiops.model.durations import MINUTE
from aiops.model.entities import EdgeKind
from aiops.model.episodes import Signal, SignalDirection
from aiops.model.metric_semantics.semantics import MetricRole
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.series_evidence import (
    EvidenceColumns,
    EvidenceKind,
    Floats,
    SeriesEvidence,
    assemble,
)
from topology.cases.case import Case
from topology.cases.shifts import Panel
from topology.evidence.logs import of_logs
from topology.evidence.measure import Matrix, Measured, correlations, measure
from topology.evidence.onset import Onset, find_onset
from topology.evidence.spans import of_spans

LONGEST = 10 * MINUTE
"""What happens later than this after the onset, ns, is consequence and repair rather than cause …"""
LONGEST_STEPS = 4
"""… but so many steps count in any case."""
GUARD = 2
"""Steps before an estimated onset that are no reference."""
WINDOW = 3
"""The correlation with the symptom is over this many times the steps after the onset, before it …"""
LEAST_WINDOW = 12
"""… and at least so many."""
LEAST_ROWS = 200
"""Spans or log lines before the onset's interval that are enough to compare with."""
_FELT = frozenset({MetricRole.LATENCY, MetricRole.ERRORS, MetricRole.AVAILABILITY})


def collect(
    case: Case, held: Panel | None, *, alerts: Iterable[tuple[str, Signal]], metrics: MetricTable
) -> SeriesEvidence:
    """The evidence of one case.

    Args:
        case: what was recorded.
        held: its metrics, counts and durations on one grid of steps; None: there are none.
        alerts: (entity, signal) of each alert.
        metrics: what metrics mean.
    """
    onset = _onset(case, held)
    parts = [*_of_panel(case, held, onset, metrics=metrics)] if held is not None else []
    parts += of_spans(_split(case.spans, onset), onset.at)
    parts += of_logs(_split(case.logs, onset), onset.at)
    parts += _of_alerts(alerts)
    return assemble(
        parts,
        onset=onset.at,
        onset_interval=(onset.earliest, onset.latest),
        resolution=case.step,
        symptom=case.symptom,
    )


def _split(table: pl.DataFrame, onset: Onset) -> pl.DataFrame:
    """The rows outside of the onset's interval; where that leaves little to compare with, all rows."""
    clean = table.filter((pl.col("ts") < onset.earliest) | (pl.col("ts") >= onset.at))
    return clean if int((clean["ts"] < onset.earliest).sum()) >= LEAST_ROWS else table


def _onset(case: Case, held: Panel | None) -> Onset:
    if case.onset:
        return Onset(case.onset, case.onset, case.onset)
    if case.detected_at is None or held is None:
        at = case.detected_at or 0
        return Onset(at, at, at)
    return find_onset(held.times, held.values, case.detected_at)


def _of_panel(case: Case, held: Panel, onset: Onset, *, metrics: MetricTable) -> Iterable[EvidenceColumns]:
    if not onset.at or held.values.shape[1] == 0:
        return
    guard = 0 if case.onset else GUARD
    longest = max(LONGEST // case.step, LONGEST_STEPS)
    clean = onset.earliest - guard * case.step
    found = measure(held.times, held.values, onset.at, clean_until=clean, longest=longest)
    symptom = _symptom(_noticed(case), held, found, metrics=metrics)
    yield EvidenceColumns(
        entity=held.entities,
        kind=EvidenceKind.METRIC,
        series=[f"{m} to {p}" if p else m for m, p in zip(held.metrics, held.peers, strict=True)],
        metric=held.metrics,
        usual=found.reference.usual,
        spread=found.reference.spread,
        level=found.level,
        deviation=found.deviation,
        peer=held.peers,
        changed_at=found.changed_at,
        sharpness=found.sharpness,
        correlation=_correlated(held, onset, symptom, longest=longest) if symptom is not None else None,
        silent=found.silent,
    )


def _noticed(case: Case) -> frozenset[str]:
    """Where the trouble is noticed: the stated symptom, or else whoever calls others and is called by nobody."""
    if case.symptom:
        return frozenset({case.symptom})
    calls = [edge for edge in case.edges if edge.kind is EdgeKind.CALLS]
    return frozenset(edge.source for edge in calls) - {edge.target for edge in calls}


def _symptom(noticed: frozenset[str], held: Panel, found: Measured, *, metrics: MetricTable) -> int | None:
    """The series in which the trouble is felt: of those entities' latency, errors and availability the worst."""
    best: tuple[float, int] | None = None
    for at, (entity, metric, peer) in enumerate(zip(held.entities, held.metrics, held.peers, strict=True)):
        if entity not in noticed or peer is not None:
            continue
        meaning = metrics.of(metric)
        harm = float(found.deviation[at]) * int(meaning.worse)
        if meaning.role in _FELT and harm > 0 and (best is None or harm > best[0]):
            best = harm, at
    return None if best is None else best[1]


def _correlated(held: Panel, onset: Onset, symptom: int, *, longest: int) -> Floats:
    begin = int(np.searchsorted(held.times, onset.at))
    after = min(len(held.times) - begin, longest)
    first = max(begin - max(WINDOW * after, LEAST_WINDOW), 0)
    window: Matrix = held.values[first : begin + after]
    return correlations(window, window[:, symptom])


def _of_alerts(alerts: Iterable[tuple[str, Signal]]) -> list[EvidenceColumns]:
    held = sorted(alerts, key=lambda pair: (pair[0], pair[1].series, pair[1].peer or "", str(pair[1].direction)))
    if not held:
        return []
    unknown = np.full(len(held), np.nan)
    down = [signal.direction is SignalDirection.DOWN for _, signal in held]
    return [
        EvidenceColumns(
            entity=[entity for entity, _ in held],
            kind=EvidenceKind.ALERT,
            series=[signal.series for _, signal in held],
            metric=[signal.metric for _, signal in held],
            usual=unknown,
            spread=unknown,
            level=unknown,
            deviation=np.where(down, -1.0, 1.0),
            peer=[signal.peer for _, signal in held],
            changed_at=np.array([signal.since for _, signal in held], np.int64),
        )
    ]
