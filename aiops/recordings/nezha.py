"""Nezha as a recording: ``python -m aiops.recordings.nezha --data DIR --day 2022-08-22 --out FOLDER``.

Input: ``rca_data`` of IntelligentDDS/Nezha, MIT; Yu et al., ESEC/FSE 2023. Values are as published, all figures are
gauges of a minute with the unit that the column's name has. Times are the column ``Time``: ``TimeStamp`` is wrong for
one pod, ``inject_timestamp`` for one day. Entities are services (figures of their pods are told apart by
``k8s.pod.name``) and nodes. Logs and traces exist in minutes with a fault only: their appearance is no evidence.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aiops.model.durations import MINUTE
from aiops.model.entities import Edge, EdgeKind, Item
from aiops.model.times import nanoseconds, rfc3339
from aiops.recordings.nezha_signals import calls_of_spans, log_requests, nodes_of_logs, span_requests
from aiops.recordings.recording import RecordingError, Stream
from aiops.recordings.recording_writer import Point, RecordingWriter, gauges

LASTS = 3 * MINUTE
_SOURCE = "github.com/IntelligentDDS/Nezha at d8140101fdb4e7dfb60d3ef9f64706f382b68470"
_COLUMN = re.compile(r"(.+?)(?:\((.+)\))?")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_KEYS = frozenset({"Time", "TimeStamp", "PodName", "ServiceName", "time", "timestamp"})
_TABLES = {"source_50": "source.LatencyP50", "destination_50": "destination.LatencyP50"}
Timed = tuple[int, dict[str, Any]]


def service_of(pod: str) -> str:
    """The service of a pod of a deployment: its name without the two last parts."""
    return pod.rsplit("-", 2)[0]


def convert(day: Path, out: Path, *, metrics_only: bool = False) -> None:
    """One day's folder of ``rca_data`` to the recording ``out``."""
    pods = sorted(path.name.removesuffix("_metric.csv") for path in day.glob("metric/*_metric.csv"))
    if not pods:
        raise RecordingError(f"{day / 'metric'}: there is no *_metric.csv")
    calls, nodes = _topology(day, {service_of(pod): pod for pod in pods})
    first: int | None = None
    last = 0
    with RecordingWriter(out) as writer:
        for at, request in _metrics(day, pods, nodes):
            first = at if first is None else first
            last = max(last, at)
            writer.request(Stream.METRICS, request)
        assert first is not None
        writer.items(_items(pods, nodes), [*calls, *_placed(pods, nodes)], first)
        if not metrics_only:
            for request in span_requests(day, service_of):
                writer.request(Stream.TRACES, request)
            for request in log_requests(day, service_of):
                writer.request(Stream.LOGS, request)
        writer.about(
            name=f"nezha-{day.name}",
            source=_SOURCE,
            licence="MIT",
            period={"from": rfc3339(first), "to": rfc3339(last)},
            notes=[
                "logs and traces exist in minutes with a listed fault only: that they appear is no evidence",
                "kinds of spans are derived from who has called whom; severities of logs from their text",
                "figures of a node come from the first pod on it; those of a pod whose node is unknown are the pod's",
            ],
        )
        writer.truth(**_truth(day))


def _truth(day: Path) -> dict[str, Any]:
    """Faults; intervals that are not normal without one; and that appearance is no evidence."""
    listed = json.loads((day / "faults.json").read_text())
    begins = [_at(fault["inject_time"]) for fault in listed]
    unusual = [(_at(a), _at(b)) for a, b in json.loads((day / "not_normal.json").read_text())]
    left_out = [(a, b) for a, b in unusual if not any(a <= begin <= b for begin in begins)]
    return {
        "faults": [
            {
                "entity": fault["inject_pod"],
                "kind": fault["inject_type"],
                "from": rfc3339(begin),
                "to": rfc3339(begin + LASTS),
            }
            for fault, begin in zip(listed, begins, strict=True)
        ],
        "left_out": [{"from": rfc3339(a), "to": rfc3339(b)} for a, b in left_out],
        "appearance_is_evidence": False,
        "step_seconds": 60,
    }


# ------------------------------------------------------------------------------------------------------- topology


def _topology(day: Path, pods: dict[str, str]) -> tuple[list[Edge], dict[str, str]]:
    """Who calls whom, and pod to node: as the data set lists them, else as its spans and logs show."""
    path = day / "metric" / "dependency.csv"
    if not path.exists():
        return [Edge(a, b) for a, b in calls_of_spans(day, service_of)], nodes_of_logs(day)
    with path.open(encoding="utf-8", newline="") as file:
        pairs = [(row["Source"], row["Target"]) for row in csv.DictReader(file)]
    nodes = {pods[a]: b for a, b in pairs if _ADDRESS.fullmatch(b) and a in pods}
    return [Edge(a, b) for a, b in pairs if not _ADDRESS.fullmatch(b)], nodes


def _items(pods: Sequence[str], nodes: dict[str, str]) -> list[Item]:
    services = [Item(name) for name in sorted({service_of(pod) for pod in pods})]
    hosts = [Item(name, kind="host") for name in sorted(set(nodes.values()))]
    return [*services, *(Item(pod, kind="pod") for pod in pods), *hosts]


def _placed(pods: Sequence[str], nodes: dict[str, str]) -> list[Edge]:
    parts = [Edge(pod, service_of(pod), EdgeKind.PART_OF) for pod in pods]
    return [*parts, *(Edge(pod, node, EdgeKind.RUNS_ON) for pod, node in sorted(nodes.items()))]


# -------------------------------------------------------------------------------------------------------- metrics


def _metrics(day: Path, pods: Sequence[str], nodes: dict[str, str]) -> Iterator[Timed]:
    """One request a row of each file, oldest first."""
    speaker = {node: pod for pod, node in sorted(nodes.items(), reverse=True)}
    parts = [_pod(day, pod, nodes.get(pod), speaks=speaker.get(nodes.get(pod, "")) == pod) for pod in pods]
    parts += [_edges(path, name) for table, name in _TABLES.items() if (path := _metric_file(day, table)).exists()]
    front = _metric_file(day, "front_service")
    parts += [_front(front, {service_of(pod) for pod in pods})] if front.exists() else []
    return heapq.merge(*parts, key=lambda found: found[0])


def _metric_file(day: Path, table: str) -> Path:
    return day / "metric" / f"{table}.csv"


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield _at(row.get("Time") or row["time"]), row


def _point(column: str, cell: str, prefix: str = "") -> Point:
    match = _COLUMN.fullmatch(column)
    assert match is not None
    return prefix + match[1], match[2] or "", float(cell), {}


def _pod(day: Path, pod: str, node: str | None, *, speaks: bool) -> Iterator[Timed]:
    """A pod's own figures; those of its node are the node's, told by one pod on it."""
    resource = {"service.name": service_of(pod), "k8s.pod.name": pod}
    for at, row in _rows(_metric_file(day, f"{pod}_metric")):
        points = [_point(name, cell) for name, cell in row.items() if name not in _KEYS and cell]
        own = [point for point in points if node is None or not point[0].startswith("Node")]
        groups = [gauges(resource, at, own)]
        if node is not None and speaks:
            groups.append(gauges({"host.name": node}, at, [p for p in points if p[0].startswith("Node")]))
        yield at, {"resourceMetrics": groups}


def _edges(path: Path, metric: str) -> Iterator[Timed]:
    """Latencies of calls, columns ``caller_callee``: figures of the caller about its peer, or of the callee."""
    for at, row in _rows(path):
        by_entity: dict[str, list[Point]] = {}
        for column, cell in row.items():
            if column in _KEYS or not cell or "_" not in column:
                continue
            caller, _, callee = column.partition("_")
            if metric.startswith("source"):
                by_entity.setdefault(caller, []).append((metric, "s", float(cell), {"peer.service": callee}))
            else:
                by_entity.setdefault(callee, []).append((metric, "s", float(cell), {"caller": caller}))
        groups = [gauges({"service.name": name}, at, points) for name, points in by_entity.items()]
        if groups:
            yield at, {"resourceMetrics": groups}


def _front(path: Path, services: set[str]) -> Iterator[Timed]:
    """What users see at the front door; it is the figure of the service of that name, where there is one."""
    for at, row in _rows(path):
        name = row["ServiceName"]
        known = name.lower() if name.lower() in services else name
        points = [_point(column, cell, "front.") for column, cell in row.items() if column not in _KEYS and cell]
        yield at, {"resourceMetrics": [gauges({"service.name": known}, at, points)]}


def _at(text: str) -> int:
    """``2022-08-22 03:51:19.79 +0000 UTC m=+0.3``, or without all after the seconds; UTC."""
    return nanoseconds(text.split(" +", 1)[0].replace(" ", "T") + "Z")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nezha/rca_data, or rca_data itself")
    parser.add_argument("--day", required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the recording")
    parser.add_argument("--metrics-only", action="store_true", help="leave out logs and traces")
    given = parser.parse_args(arguments)
    inner = given.data / "nezha" / "rca_data"
    day = (inner if inner.is_dir() else given.data) / given.day
    convert(day, given.out, metrics_only=given.metrics_only)
    sys.stdout.write(f"{given.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
