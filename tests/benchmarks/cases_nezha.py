"""Nezha's faults as cases of metrics and graph; a fault lasts from its injection to three minutes later.

Logs and traces exist only in minutes with a fault, so they are no evidence here; who calls whom is taken from them.
Minutes that ``not_normal.json`` lists for other faults are left out. Needs ``rca_data`` of IntelligentDDS/Nezha, MIT.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from aiops.model.entities import Edge
from topology.cases.case import METRICS, Case

MINUTE = 60 * 10**9
BEFORE = 180 * MINUTE
LASTS = 3 * MINUTE
DETECTED = 2 * MINUTE
_OWN = ("Time", "TimeStamp", "PodName")


def cases(folder: Path) -> Iterator[tuple[Case, frozenset[str]]]:
    """Each fault of each day with the pod that it was injected into."""
    for day in sorted(folder.glob("rca_data/*")):
        table = pl.concat([_metrics(path) for path in sorted(day.glob("metric/*_metric.csv"))]).sort("ts")
        edges = _edges(day)
        unusual = [(_at(a), _at(b)) for a, b in json.loads((day / "not_normal.json").read_text())]
        for number, fault in enumerate(json.loads((day / "faults.json").read_text())):
            injected = _at(fault["inject_time"])
            end = injected + LASTS
            held = table.filter(pl.col("ts").is_between(injected - BEFORE, end))
            for begin, until in unusual:
                if not begin <= injected <= until:
                    held = held.filter(~pl.col("ts").is_between(begin, until))
            yield (
                Case(
                    id=f"nezha/{day.name}/{number}/{fault['inject_type']}",
                    from_at=injected - BEFORE,
                    to_at=end,
                    step=MINUTE,
                    detected_at=injected + DETECTED,
                    metrics=held,
                    edges=edges,
                ),
                frozenset({fault["inject_pod"]}),
            )


def _metrics(path: Path) -> pl.DataFrame:
    long: list[tuple[int, str, str, float, None]] = []
    with path.open() as lines:
        for row in csv.DictReader(lines):
            at = _at(row["Time"][:19])
            figures = ((name, value) for name, value in row.items() if name not in _OWN and value)
            long.extend((at, row["PodName"], name, float(value), None) for name, value in figures)
    return pl.DataFrame(long, schema=METRICS, orient="row")


def _edges(day: Path) -> tuple[Edge, ...]:
    pairs: set[tuple[str, str]] = set()
    for path in sorted(day.glob("trace/*.csv.gz")):
        with gzip.open(path, "rt") as lines:
            spans = [(row["SpanID"], row["ParentID"], row["PodName"]) for row in csv.DictReader(lines)]
        pod = {span: name for span, _, name in spans}
        pairs.update((pod[parent], name) for _, parent, name in spans if parent in pod and pod[parent] != name)
    return tuple(Edge(caller, callee) for caller, callee in sorted(pairs))


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9
