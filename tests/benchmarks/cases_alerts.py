"""TVDiag's failures as cases of alerts without times. Needs ``data`` of WHU-AISE/TVDiag, MIT.

A host becomes an entity joined by ``runs_on``; an edge to itself says nothing; a caller named ``-1`` is unknown.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from aiops.model.entities import Edge, EdgeKind
from topology.cases.case import ALERTS, Case

NOBODY = "-1"


def cases(folder: Path) -> Iterator[tuple[Case, frozenset[str]]]:
    """Each failure of one system with its root instance."""
    raw: dict[str, dict[str, Any]] = {
        name: json.loads((folder / "raw" / f"{name}.json").read_text())
        for name in ("nodes", "edges", "metrics", "logs", "traces")
    }
    for label in csv.DictReader((folder / "label.csv").open()):
        index = label["index"]
        if index in raw["nodes"]:
            told = {name: table.get(index, []) for name, table in raw.items()}
            yield _case(f"{folder.name}/{index}/{label['anomaly_type']}", told), frozenset({label["instance"]})


def _case(name: str, told: dict[str, Any]) -> Case:
    nodes = told["nodes"]
    edges = {Edge(nodes[source], nodes[target]) for source, target in told["edges"] if source != target}
    rows = []
    for entity, *middle, way in told["metrics"]:
        host, metric = middle if len(middle) == 2 else (None, middle[0])
        if host:
            edges.add(Edge(entity, host, EdgeKind.RUNS_ON))
        rows.append((None, entity, "metric", f"{metric}:{way}", None))
    rows.extend((None, entity, "log", str(template), None) for entity, template in told["logs"])
    for source, target, operation, wrong in told["traces"]:
        caller = target if source == NOBODY else source
        rows.append((None, caller, "trace", f"{operation}:{wrong}", target))
    return Case(
        id=name,
        from_at=0,
        to_at=0,
        step=60 * 10**9,
        alerts=pl.DataFrame(rows, schema=ALERTS, orient="row"),
        edges=tuple(sorted(edges, key=lambda e: (e.source, e.target, e.kind))),
    )
