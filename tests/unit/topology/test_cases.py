from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aiops.adapters.cases import CaseError, read
from aiops.model.entities import Edge
from aiops.model.episodes import SignalDirection
from aiops.model.metric_semantics.table import MetricTable
from tests.unit.topology.estates import SECOND, START
from topology.cases.case import ALERTS, METRICS, Case
from topology.cases.episodes import question
from topology.cases.shifts import find_onset, panel, shifts
from topology.hints import Hints
from topology.rankers.walk import WalkRanker

MINUTE = 60 * SECOND
STEPS = 120
ONSET = START + 100 * MINUTE
HINTS = Hints(MetricTable())


def table(seed: int = 5) -> pl.DataFrame:
    """Two services, calm for 100 minutes; then ``b`` is slow and busy, and ``a`` that calls it slow a minute later."""
    draw = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for at in range(STEPS):
        late = {"a": at >= 101, "b": at >= 100}
        for entity in ("a", "b"):
            rows.append((START + at * MINUTE, entity, "latency_p99", 0.1 + draw.normal(0, 0.01) + late[entity], None))
            rows.append(
                (START + at * MINUTE, entity, "cpu", 20 + draw.normal(0, 2) + 60 * (entity == "b") * late["b"], None)
            )
            rows.append((START + at * MINUTE, entity, "zzz", draw.normal(5, 1), None))
    return pl.DataFrame(rows, schema=METRICS, orient="row")


def case(**given: object) -> Case:
    facts: dict[str, object] = {
        "id": "c", "from_at": START, "to_at": START + (STEPS - 1) * MINUTE, "step": MINUTE, "metrics": table(),
        "edges": (Edge("a", "b"),),
    }  # fmt: skip
    return Case(**{**facts, **given})  # type: ignore[arg-type]


def with_source(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.lit("metric").alias("source"))


def test_shift_is_large_where_something_happened() -> None:
    """Series that moved score near 1, the others low."""
    held = panel(with_source(table()), START, START + (STEPS - 1) * MINUTE, step=MINUTE)
    scores = {(s.entity, s.metric): s.score for s in shifts(held, ONSET, HINTS)}
    assert all(scores[key] > 0.98 for key in [("b", "latency_p99"), ("b", "cpu"), ("a", "latency_p99")])
    assert all(scores[key] < 0.9 for key in [("a", "cpu"), ("a", "zzz"), ("b", "zzz")])


def test_shift_to_the_better_counts_little() -> None:
    """Latency that falls is hardly trouble."""
    frame = table().with_columns(
        pl.when(pl.col("metric") == "latency_p99").then(-pl.col("value")).otherwise("value").alias("value")
    )
    up = {
        (s.entity, s.metric): s.score
        for s in shifts(panel(with_source(table()), START, ONSET + 19 * MINUTE, step=MINUTE), ONSET, HINTS)
    }
    down = {
        (s.entity, s.metric): s
        for s in shifts(panel(with_source(frame), START, ONSET + 19 * MINUTE, step=MINUTE), ONSET, HINTS)
    }
    assert down["b", "latency_p99"].direction is SignalDirection.DOWN
    assert down["b", "latency_p99"].score < up["b", "latency_p99"]


def test_silent_series_is_told() -> None:
    """A series that stops at the onset fell silent."""
    frame = table().filter(~((pl.col("metric") == "zzz") & (pl.col("entity") == "a") & (pl.col("ts") >= ONSET)))
    held = panel(with_source(frame), START, START + (STEPS - 1) * MINUTE, step=MINUTE)
    assert {(s.entity, s.metric) for s in shifts(held, ONSET, HINTS) if s.direction is SignalDirection.SILENT} == {
        ("a", "zzz")
    }


def test_onset_is_found() -> None:
    """Where most series change is the onset, also when nobody says when it was noticed."""
    held = panel(with_source(table()), START, START + (STEPS - 1) * MINUTE, step=MINUTE)
    assert abs(find_onset(held, START + (STEPS - 1) * MINUTE) - ONSET) <= 2 * MINUTE


@pytest.mark.parametrize("seed", range(3))
def test_case_is_diagnosed(seed: int) -> None:
    """The callee that is slow and busy first is the cause, with the onset found."""
    asked = question(case(metrics=table(seed), detected_at=ONSET + 4 * MINUTE))
    found = WalkRanker().rank(asked).candidates[0]
    assert found.entity == "b"
    assert abs(asked.onset - ONSET) <= 2 * MINUTE


def test_given_onset_is_used() -> None:
    """What the case says is not searched for."""
    assert question(case(onset=ONSET)).onset == ONSET


def test_alerts_without_times_are_enough() -> None:
    """Alerts alone make episodes; a trace alert blames the callee."""
    rows = [(None, "a", "trace", "GET:PD", "b"), (None, "b", "metric", "cpu_usage:up", None)]
    empty = pl.DataFrame(schema=METRICS)
    asked = question(case(metrics=empty, alerts=pl.DataFrame(rows, schema=ALERTS, orient="row")))
    assert WalkRanker().rank(asked).candidates[0].entity == "b"
    assert asked.episodes[0].signals[0].peer == "b"


def test_spans_become_figures_and_edges() -> None:
    """Spans alone tell who calls whom, and that calls became slow."""
    rows: list[tuple[object, ...]] = []
    for at in range(STEPS):
        slow = 50 if at >= 100 else 1
        stamp = START + at * MINUTE
        rows.append((stamp, "a", "GET", "SERVER", f"t{at}", f"p{at}", None, (slow + at % 3) * 10**6, "OK"))
        rows.append((stamp, "b", "GET", "SERVER", f"t{at}", f"c{at}", f"p{at}", (slow + at % 2) * 10**6, "OK"))
    names = ["ts", "entity", "operation", "kind", "trace_id", "span_id", "parent_id", "duration_ns", "status"]
    spans = pl.DataFrame(rows, schema=names, orient="row")
    asked = question(case(metrics=pl.DataFrame(schema=METRICS), spans=spans, edges=(), onset=ONSET))
    assert [end for end, _ in asked.graph.needs_of("a")] == ["b"]
    assert WalkRanker().rank(asked).candidates[0].entity == "b"


def write(folder: Path, **changed: object) -> Path:
    head = {"id": "c", "from": "2023-11-14T22:13:20Z", "to": "2023-11-15T00:13:20Z", "step_seconds": 60}
    (folder / "case.json").write_text(json.dumps(head | changed))
    frame = table().with_columns(pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC"))
    frame.write_parquet(folder / "metrics.parquet")
    (folder / "edges.csv").write_text("source,target,kind\na,b,calls\n")
    return folder


def test_folder_is_read(tmp_path: Path) -> None:
    """What was written is read, with optional files missing."""
    found = read(write(tmp_path, onset="2023-11-14T23:53:20Z"))
    assert (found.id, found.from_at, found.onset, found.edges) == ("c", START, ONSET, (Edge("a", "b"),))
    assert found.metrics.sort("ts", "entity", "metric").equals(table().sort("ts", "entity", "metric"))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("case.json", '{"id": "c"}', "case.json: column from"),
        ("case.json", "{", "case.json: Invalid JSON"),
        ("edges.csv", "source,target,kind\na,b,calls\na,,calls\n", "edges.csv: row 3, column target: missing"),
        ("edges.csv", "source,target,kind\na,b,loves\n", "edges.csv: row 2, column kind: 'loves'"),
        ("entities.json", '[{"id": "a"}, {"kind": "x"}]', "entities.json: row 2, column id"),
        ("changes.json", '[{"id": "x", "entity": "a", "at": "noon"}]', "changes.json: row 1, column at"),
        ("metrics.parquet", "no parquet", "metrics.parquet: not a Parquet file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, file: str, content: str, message: str) -> None:
    """Errors name file, row and column."""
    (write(tmp_path) / file).write_text(content)
    with pytest.raises(CaseError, match=message.replace("'", ".")):
        read(tmp_path)


def test_missing_column_and_row_are_named(tmp_path: Path) -> None:
    """A table without a column, or with a hole in one, says which."""
    folder = write(tmp_path)
    pl.read_parquet(folder / "metrics.parquet").drop("metric").write_parquet(folder / "metrics.parquet")
    with pytest.raises(CaseError, match=r"metrics.parquet: column metric: missing"):
        read(folder)
    holes = pl.DataFrame({"ts": [1, 2], "entity": ["a", None], "metric": ["m", "m"], "value": [1.0, 2.0]})
    holes.with_columns(pl.from_epoch("ts", time_unit="s")).write_parquet(folder / "metrics.parquet")
    with pytest.raises(CaseError, match=r"metrics.parquet: row 2, column entity: missing"):
        read(folder)


def test_case_needs_some_evidence(tmp_path: Path) -> None:
    """One of metrics, spans or alerts must be there."""
    (write(tmp_path) / "metrics.parquet").unlink()
    with pytest.raises(CaseError, match="one of"):
        read(tmp_path)


def test_onset_outside_the_case_is_refused(tmp_path: Path) -> None:
    """An onset that the case does not cover cannot be used."""
    with pytest.raises(CaseError, match="column onset"):
        read(write(tmp_path), START - SECOND)
