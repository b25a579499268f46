"""Nezha's spans and log lines as OTLP/JSON export requests, and what they show of the topology."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aiops.recordings.recording_writer import attributes

SPANS_A_REQUEST, LINES_A_REQUEST = 1000, 1000
_INTERNAL, _SERVER, _CLIENT = 1, 2, 3
_ROOT = "root"
_SEVERITY = re.compile(r"severity\W{1,12}(\w+)|\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)\b")
_NUMBERS = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "warning": 13, "error": 17, "fatal": 21}
ServiceOf = Callable[[str], str]


def span_requests(day: Path, service_of: ServiceOf) -> Iterator[dict[str, Any]]:
    """Spans of all minutes, by their end; a minute's file is held at a time, as kinds need a trace's other spans."""
    for path in sorted(day.glob("trace/*_trace.csv.gz")):
        rows = sorted(_table(path), key=lambda row: int(row["EndTimeUnixNano"]))
        kinds = _kinds(rows)
        for begin in range(0, len(rows), SPANS_A_REQUEST):
            by_pod: dict[str, list[dict[str, Any]]] = {}
            for row in rows[begin : begin + SPANS_A_REQUEST]:
                by_pod.setdefault(row["PodName"], []).append(_span(row, kinds[row["SpanID"]]))
            yield {
                "resourceSpans": [
                    {"resource": _resource(pod, service_of), "scopeSpans": [{"spans": spans}]}
                    for pod, spans in by_pod.items()
                ]
            }


def _span(row: dict[str, str], kind: int) -> dict[str, Any]:
    parent = {} if row["ParentID"] == _ROOT else {"parentSpanId": row["ParentID"]}
    return {
        "traceId": row["TraceID"],
        "spanId": row["SpanID"],
        **parent,
        "name": row["OperationName"],
        "kind": kind,
        "startTimeUnixNano": row["StartTimeUnixNano"],
        "endTimeUnixNano": row["EndTimeUnixNano"],
    }


def _kinds(rows: list[dict[str, str]]) -> dict[str, int]:
    """Kind of each span: called from another pod or from outside is a server, calling another pod a client."""
    pod = {row["SpanID"]: row["PodName"] for row in rows}
    kinds = dict.fromkeys(pod, _INTERNAL)
    for row in rows:
        above = pod.get(row["ParentID"])
        if above is not None and above != row["PodName"]:
            kinds[row["ParentID"]] = _CLIENT
    for row in rows:
        if row["ParentID"] == _ROOT or pod.get(row["ParentID"], row["PodName"]) != row["PodName"]:
            kinds[row["SpanID"]] = _SERVER
    return kinds


def log_requests(day: Path, service_of: ServiceOf) -> Iterator[dict[str, Any]]:
    """Lines of all minutes in order of time."""
    for path in sorted(day.glob("log/*_log.csv.gz")):
        rows = sorted(_table(path), key=lambda row: int(row["TimeUnixNano"]))
        for begin in range(0, len(rows), LINES_A_REQUEST):
            by_pod: dict[str, list[dict[str, Any]]] = {}
            for row in rows[begin : begin + LINES_A_REQUEST]:
                by_pod.setdefault(row["PodName"], []).append(_line(row))
            yield {
                "resourceLogs": [
                    {"resource": _resource(pod, service_of), "scopeLogs": [{"logRecords": lines}]}
                    for pod, lines in by_pod.items()
                ]
            }


def _line(row: dict[str, str]) -> dict[str, Any]:
    text = _unwrapped(row["Log"])
    found = _SEVERITY.search(text)
    word = ((found[1] or found[2]) if found else "").lower()
    severity = {"severityNumber": _NUMBERS[word], "severityText": word.upper()} if word in _NUMBERS else {}
    ids = {"traceId": row["TraceID"], "spanId": row["SpanID"]} if len(row["TraceID"]) == 32 else {}
    return {"timeUnixNano": row["TimeUnixNano"], **severity, "body": {"stringValue": text}, **ids}


def _unwrapped(text: str) -> str:
    """What the program wrote; the container's runtime wraps it in JSON."""
    try:
        return str(json.loads(text)["log"]).rstrip("\n")
    except (ValueError, KeyError, TypeError):
        return text


def calls_of_spans(day: Path, service_of: ServiceOf) -> list[tuple[str, str]]:
    """Pairs of services of which one called the other."""
    pairs: set[tuple[str, str]] = set()
    for path in sorted(day.glob("trace/*_trace.csv.gz")):
        rows = [(row["SpanID"], row["ParentID"], service_of(row["PodName"])) for row in _table(path)]
        service = {span: name for span, _, name in rows}
        pairs.update((service[up], name) for _, up, name in rows if up in service and service[up] != name)
    return sorted(pairs)


def nodes_of_logs(day: Path) -> dict[str, str]:
    """Pod to the node that its lines name."""
    return {
        row["PodName"]: row["Node"]
        for path in sorted(day.glob("log/*_log.csv.gz"))
        for row in _table(path)
        if row["Node"]
    }


def _resource(pod: str, service_of: ServiceOf) -> dict[str, Any]:
    return {"attributes": attributes({"service.name": service_of(pod), "k8s.pod.name": pod})}


def _table(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
