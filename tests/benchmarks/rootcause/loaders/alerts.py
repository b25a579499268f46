"""TVDiag's failures as cases of alerts without times. Needs ``data`` of WHU-AISE/TVDiag, MIT.

A host becomes an entity joined by ``runs_on``; an edge to itself says nothing; a caller named ``-1`` is unknown. The
set has no times, so that only one protocol is left, and no windows without a failure.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from aiops.model.durations import MINUTE
from aiops.model.entities import Edge, EdgeKind
from tests.benchmarks.rootcause.labelled import GIVEN, CaseSet, LabelledCase
from topology.cases.case import ALERTS, Case

NOBODY = "-1"


def load(folder: Path) -> CaseSet:
    """The failures of one system."""
    return CaseSet(f"alerts-{folder.name}", lambda: _cases(folder), (GIVEN,), alerts_only=True)


def _cases(folder: Path) -> Iterator[LabelledCase]:
    raw: dict[str, dict[str, Any]] = {
        name: json.loads((folder / "raw" / f"{name}.json").read_text())
        for name in ("nodes", "edges", "metrics", "logs", "traces")
    }
    for label in csv.DictReader((folder / "label.csv").open()):
        index, kind = label["index"], label["anomaly_type"]
        if index in raw["nodes"]:
            told = {name: table.get(index, []) for name, table in raw.items()}
            case = _case(f"{folder.name}/{index}/{kind}", told)
            yield LabelledCase(case, truth=frozenset({label["instance"]}), onset=None, kind=kind)


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
        step=MINUTE,
        alerts=pl.DataFrame(rows, schema=ALERTS, orient="row"),
        edges=tuple(sorted(edges, key=lambda e: (e.source, e.target, e.kind))),
    )
