"""Recorded cases for tests: a few series around an onset, with a little noise that does not depend on a seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from aiops.model.durations import MINUTE, SECOND
from aiops.model.entities import Edge
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.reports import Change
from topology.cases.case import METRICS, SPANS, Case
from topology.cases.episodes import question
from topology.rankers.protocol import RankingQuestion
from topology.testimony.inquiry import Inquiry

START = 1_700_000_000 * SECOND
BEFORE = 60
"""Steps before the onset."""
AFTER = 8
"""Steps from the onset on."""
ONSET = START + BEFORE * MINUTE

Levels = Mapping[tuple[str, str], tuple[float, float]]
"""(entity, metric) to its level before and after the onset; NaN: no value."""


def table(levels: Levels, *, step: int = MINUTE, noise: float = 0.02) -> pl.DataFrame:
    """Metrics with a sawtooth of ``noise`` times the level, a different one for each series."""
    rows = []
    for place, ((entity, metric), (before, after)) in enumerate(sorted(levels.items())):
        for at in range(BEFORE + AFTER):
            level = before if at < BEFORE else after
            value = level * (1.0 + noise * ((at * (7 + place) % 11) / 5.0 - 1.0))
            if np.isfinite(value):
                rows.append((START + at * step, entity, metric, value, None))
    return pl.DataFrame(rows, schema=METRICS, orient="row")


def recorded(
    levels: Levels,
    calls: Iterable[tuple[str, str]] = (),
    *,
    symptom: str | None = None,
    changes: tuple[Change, ...] = (),
) -> Case:
    """A case by the minute with the onset given."""
    return Case(
        id="case",
        from_at=START,
        to_at=START + (BEFORE + AFTER - 1) * MINUTE,
        step=MINUTE,
        onset=ONSET,
        symptom=symptom,
        metrics=table(levels),
        edges=tuple(Edge(caller, callee) for caller, callee in calls),
        changes=changes,
    )


def asked(case: Case) -> RankingQuestion:
    """The question of a case, with its evidence."""
    return question(case, MetricTable())


def inquiry(case: Case) -> Inquiry:
    """A case prepared for the witnesses."""
    made = asked(case)
    assert made.evidence is not None
    return Inquiry(made, made.evidence)


def spans(rows: Iterable[tuple[object, ...]]) -> pl.DataFrame:
    """The table of spans."""
    return pl.DataFrame(list(rows), schema=SPANS, orient="row")
