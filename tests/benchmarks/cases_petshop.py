"""PetShop issues as cases: the normal period, followed at once by the issue, which was recorded months before it.

Needs the folder of one scenario (``low_traffic``) of amazon-science/petshop-root-cause-analysis, CC-BY-4.0.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from aiops.model.entities import Edge
from topology.cases.case import METRICS, Case

STEP = 300 * 10**9


def cases(folder: Path) -> Iterator[tuple[Case, frozenset[str]]]:
    """Each issue with its true root."""
    edges = _edges(folder / "graph.csv")
    normal = _metrics(folder / "noissue" / "metrics.csv")
    last = normal["ts"].max()
    assert isinstance(last, int)
    for target in sorted(folder.glob("*/issue_*/target.json"), key=str):
        told = json.loads(target.read_text())
        issue = _metrics(target.parent / "metrics.csv")
        first = issue["ts"].min()
        assert isinstance(first, int)
        moved = last + STEP - first
        table = pl.concat([normal, issue.with_columns(pl.col("ts") + moved)])
        begin, end = table["ts"].min(), table["ts"].max()
        assert isinstance(begin, int)
        assert isinstance(end, int)
        yield (
            Case(
                id=f"petshop/{target.parent.parent.name}/{target.parent.name}",
                from_at=begin,
                to_at=end,
                step=STEP,
                detected_at=int(told["target"]["timestamp"]) * 10**9 + moved,
                symptom=told["target"]["node"],
                metrics=table,
                edges=edges,
            ),
            frozenset({told["root_cause"]["node"]}),
        )


def _edges(path: Path) -> tuple[Edge, ...]:
    rows = list(csv.reader(path.open()))
    callees = rows[0][1:]
    return tuple(
        Edge(row[0], callee)
        for row in rows[1:]
        for callee, weight in zip(callees, row[1:], strict=True)
        if float(weight) > 0
    )


def _metrics(path: Path) -> pl.DataFrame:
    rows = list(csv.reader(path.open()))
    nodes, metrics, statistics = rows[0][1:], rows[1][1:], rows[2][1:]
    start = next(at for at, row in enumerate(rows) if row[0] == "unix_timestamp") + 1
    long = [
        (round(float(row[0])) * 10**9, node, f"{metric}_{statistic}", float(value), None)
        for row in rows[start:]
        for node, metric, statistic, value in zip(nodes, metrics, statistics, row[1:], strict=True)
        if value
    ]
    return pl.DataFrame(long, schema=METRICS, orient="row")
