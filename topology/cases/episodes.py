"""From a case to a question: figures of metrics, spans and logs become shifts, shifts and alerts become episodes."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from aiops.model.durations import MINUTE
from aiops.model.entities import Edge
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.metric_semantics.table import MetricTable
from topology.cases.case import METRICS, Case
from topology.cases.shifts import Panel, Shift, find_onset, panel, shifts
from topology.evidence.collect import collect
from topology.graph import Graph
from topology.hints import Hints
from topology.rankers.protocol import RankingQuestion

LEAST_SCORE = 0.7
"""Shifts below say nothing: about 1.5 times what is usual."""
SEARCH_STEPS = 12
"""Where only the detection is known, the onset lies at most this many steps before it …"""
SEARCH = 15 * MINUTE
"""… or this long, ns, whichever is more."""
MOST_SIGNALS = 16
ALERT_SCORE = 0.8
"""Somebody else's detector found it worth an alert; nothing says how much."""
_SOURCES = {"metric": Source.METRIC, "log": Source.LOG, "trace": Source.SPAN}


def question(case: Case, metrics: MetricTable | None = None) -> RankingQuestion:
    """What the rankers are asked about a case.

    Args:
        case: what was recorded.
        metrics: what its metrics mean; None: the shipped table.
    """
    metrics = metrics or MetricTable()
    table = _figures(case)
    signals = _alerts(case)
    found = collect(case, _series(table, case), alerts=signals, metrics=metrics)
    onset = case.onset or 0
    if len(table):
        held = panel(table, case.from_at, case.to_at, step=case.step)
        onset = case.onset or _onset(case, held)
        signals.extend(_signals(shifts(held, onset, Hints(metrics))))
    if not onset:
        onset = min((signal.since for _, signal in signals if signal.since), default=0)
    return RankingQuestion(
        episodes=_episodes(signals, case),
        graph=Graph.build(case.items, (*case.edges, *edges_of_spans(case.spans))),
        onset=onset,
        changes=case.changes,
        resolution=case.step,
        metrics=metrics,
        evidence=found if len(found) else None,
    )


def _series(table: pl.DataFrame, case: Case) -> Panel | None:
    """Metrics on the grid of steps; what spans and lines amount to is measured by row and not by step."""
    metrics = table.filter(pl.col("source") == str(Source.METRIC))
    return panel(metrics, case.from_at, case.to_at, step=case.step) if len(metrics) else None


def _onset(case: Case, held: Panel) -> int:
    if case.detected_at is None:
        return find_onset(held, case.to_at)
    back = max(SEARCH_STEPS * case.step, SEARCH)
    found = find_onset(held, case.detected_at)
    return found if found >= case.detected_at - back else case.detected_at - case.detected_at % case.step


def _signals(found: Iterable[Shift]) -> list[tuple[str, Signal]]:
    return [
        (
            shift.entity,
            Signal(
                series=f"{shift.metric} to {shift.peer}" if shift.peer else shift.metric,
                metric=shift.metric,
                direction=shift.direction,
                source=shift.source,
                since=shift.since,
                score=shift.score,
                value=shift.value,
                expected=shift.expected,
                peer=shift.peer,
                detector="shift",
            ),
        )
        for shift in found
        if shift.score >= LEAST_SCORE
    ]


def _alerts(case: Case) -> list[tuple[str, Signal]]:
    found = []
    for row in case.alerts.unique(maintain_order=True).iter_rows(named=True):
        name, _, way = row["name"].rpartition(":")
        direction = {"up": SignalDirection.UP, "down": SignalDirection.DOWN}.get(way.lower(), SignalDirection.NEW)
        # a call's alert says in its last part what is wrong with it: slow (PD) or an error
        slow = row["source"] == "trace" and way == "PD"
        metric = f"{name} {'latency' if slow else 'error'}" if row["source"] == "trace" else name or way
        peer = row["peer"] if row["peer"] != row["entity"] else None
        signal = Signal(
            series=row["name"],
            metric=metric,
            direction=direction,
            source=_SOURCES.get(row["source"], Source.ALERT),
            since=row["ts"] or 0,
            score=ALERT_SCORE,
            value=1.0,
            expected=0.0,
            peer=peer,
            detector="alert",
        )
        found.append((row["entity"], signal))
    return found


def _episodes(signals: Iterable[tuple[str, Signal]], case: Case) -> tuple[Episode, ...]:
    grouped: dict[str, list[Signal]] = {}
    for entity, signal in signals:
        grouped.setdefault(entity, []).append(signal)
    if case.symptom and case.symptom not in grouped:
        grouped[case.symptom] = []
    return tuple(_episode(entity, grouped[entity], case) for entity in sorted(grouped))


def _episode(entity: str, signals: list[Signal], case: Case) -> Episode:
    worst = sorted(signals, key=lambda s: (-s.score, s.since, s.series))
    # a weak early wobble is not when it began
    clear = [s.since for s in worst if s.since and s.score >= 0.9 * worst[0].score]
    opened = min(clear, default=0)
    return Episode(
        id=f"{entity}@{opened}",
        entity=entity,
        opened_at=opened,
        revision=1,
        severity=worst[0].score if worst else 0.5,
        signals=tuple(worst[:MOST_SIGNALS]),
        signals_total=len(worst),
        watermark=case.to_at,
    )


def _figures(case: Case) -> pl.DataFrame:
    """Everything that is a series: metrics, what spans amount to, lines a step."""
    metrics = case.metrics.select(list(METRICS)).with_columns(pl.lit(str(Source.METRIC)).alias("source"))
    return pl.concat([metrics, *_spans(case), *_logs(case)])


def _spans(case: Case) -> list[pl.DataFrame]:
    """Calls, errors and mean duration a step of each entity, and of each call between two."""
    if case.spans.is_empty():
        return []
    spans = case.spans.with_columns(((pl.col("ts") - case.from_at) // case.step * case.step + case.from_at).alias("ts"))
    parents = spans.select(pl.col("span_id").alias("parent_id"), pl.col("entity").alias("caller"), "trace_id")
    joined = spans.join(parents.unique(["trace_id", "parent_id"]), on=["trace_id", "parent_id"], how="left")
    failed = pl.col("status").str.to_uppercase().str.contains("ERROR").fill_null(value=False)
    counted = [
        pl.len().alias("span count"),
        failed.sum().alias("span errors"),
        pl.col("duration_ns").mean().alias("span duration"),
    ]
    own = spans.group_by("ts", "entity").agg(counted).with_columns(pl.lit(None, pl.String).alias("peer"))
    calls = (
        joined.filter(pl.col("caller").is_not_null() & (pl.col("caller") != pl.col("entity")))
        .group_by("ts", pl.col("caller"), pl.col("entity").alias("peer"))
        .agg(counted)
        .rename({"caller": "entity"})
    )
    return [_long(own), _long(calls)]


def _long(wide: pl.DataFrame) -> pl.DataFrame:
    figures = [name for name in wide.columns if name.startswith("span ")]
    return (
        wide.with_columns(pl.col(figures).cast(pl.Float64))
        .unpivot(figures, index=["ts", "entity", "peer"], variable_name="metric", value_name="value")
        .with_columns(pl.lit(str(Source.SPAN)).alias("source"))
        .select(*METRICS, "source")
    )


def _logs(case: Case) -> list[pl.DataFrame]:
    """Lines a step of each entity and severity; a step without lines has none, not zero."""
    if case.logs.is_empty():
        return []
    severity = pl.col("severity").fill_null("").str.to_lowercase()
    bad = severity.str.contains("err|fatal|crit|sever")
    counted = (
        case.logs.with_columns(
            ((pl.col("ts") - case.from_at) // case.step * case.step + case.from_at).alias("ts"),
            pl.when(bad).then(pl.lit("log errors")).otherwise(pl.lit("log lines")).alias("metric"),
        )
        .group_by("ts", "entity", "metric")
        .agg(pl.len().cast(pl.Float64).alias("value"))
    )
    return [
        counted.with_columns(pl.lit(None, pl.String).alias("peer"), pl.lit(str(Source.LOG)).alias("source")).select(
            *METRICS, "source"
        )
    ]


def edges_of_spans(spans: pl.DataFrame) -> tuple[Edge, ...]:
    """Who calls whom, from parents and children of different entities."""
    if spans.is_empty():
        return ()
    parents = spans.select(pl.col("span_id").alias("parent_id"), pl.col("entity").alias("caller"), "trace_id")
    pairs = (
        spans.join(parents.unique(["trace_id", "parent_id"]), on=["trace_id", "parent_id"])
        .filter(pl.col("caller") != pl.col("entity"))
        .select("caller", "entity")
        .unique()
        .sort("caller", "entity")
    )
    return tuple(Edge(caller, callee, origin="spans") for caller, callee in pairs.iter_rows())
