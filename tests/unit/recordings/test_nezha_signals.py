from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aiops.recordings import nezha_signals
from aiops.recordings.nezha_signals import calls_of_spans, log_requests, nodes_of_logs, span_requests

TRACE = ("TraceID", "SpanID", "ParentID", "PodName", "OperationName", "StartTimeUnixNano", "EndTimeUnixNano")
LOG = ("TimeUnixNano", "Node", "PodName", "TraceID", "SpanID", "Log")
ID = "ab" * 16


def service(pod: str) -> str:
    """``web-1`` is an instance of ``web``."""
    return pod.partition("-")[0]


def write(file: Path, head: tuple[str, ...], *rows: tuple[object, ...]) -> None:
    """A table as Nezha has it."""
    file.parent.mkdir(exist_ok=True)
    with gzip.open(file, "wt", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(head)
        writer.writerows(rows)


def spans(day: Path, *rows: tuple[object, ...], minute: str = "00_01") -> list[dict[str, Any]]:
    """Requests of these spans: (span, parent, pod, start, end)."""
    table = [(ID, span, parent, pod, "op", start, end) for span, parent, pod, start, end in rows]
    write(day / "trace" / f"{minute}_trace.csv.gz", TRACE, *table)
    return list(span_requests(day, service))


def flat(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All spans of requests."""
    return [
        span
        for one in requests
        for part in one["resourceSpans"]
        for scope in part["scopeSpans"]
        for span in scope["spans"]
    ]


def records(day: Path, *logs: str, trace: str = ID) -> list[dict[str, Any]]:
    """Log records of these lines."""
    rows = [(n, "node-1", "web-1", trace, "cd" * 8, text) for n, text in enumerate(logs)]
    write(day / "log" / "00_01_log.csv.gz", LOG, *rows)
    (request,) = log_requests(day, service)
    (part,) = request["resourceLogs"]
    found: list[dict[str, Any]] = part["scopeLogs"][0]["logRecords"]
    return found


def test_kinds_follow_the_calls(tmp_path: Path) -> None:
    """From outside or another pod: server (2). Calls another pod: client (3). Otherwise internal (1)."""
    found = flat(
        spans(
            tmp_path,
            ("a", "root", "web-1", 0, 100),
            ("b", "a", "web-1", 10, 90),
            ("c", "b", "cart-1", 20, 80),
            ("d", "c", "cart-1", 30, 40),
            ("e", "gone", "cart-1", 50, 60),
        )
    )
    assert {span["spanId"]: span["kind"] for span in found} == {"a": 2, "b": 3, "c": 2, "d": 1, "e": 1}
    assert {span["spanId"]: span.get("parentSpanId") for span in found}["a"] is None


def test_spans_come_by_their_end(tmp_path: Path) -> None:
    """A recording is in order of time, whatever the order of the file is; times stay texts, as OTLP/JSON has them."""
    found = flat(spans(tmp_path, ("a", "root", "web-1", 0, 300), ("b", "root", "web-1", 5, 40)))
    assert [(span["spanId"], span["endTimeUnixNano"]) for span in found] == [("b", "40"), ("a", "300")]
    assert (found[0]["traceId"], found[0]["name"], found[0]["startTimeUnixNano"]) == (ID, "op", "5")


def test_spans_of_a_pod_share_a_resource(tmp_path: Path) -> None:
    """With the service's name and the pod's."""
    (request,) = spans(
        tmp_path, ("a", "root", "web-1", 0, 1), ("b", "root", "cart-2", 0, 2), ("c", "root", "web-1", 0, 3)
    )
    names = []
    for part in request["resourceSpans"]:
        attributes = {one["key"]: one["value"]["stringValue"] for one in part["resource"]["attributes"]}
        names.append((attributes["service.name"], attributes["k8s.pod.name"], len(part["scopeSpans"][0]["spans"])))
    assert names == [("web", "web-1", 2), ("cart", "cart-2", 1)]


def test_requests_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many spans a request; a kind still looks at the whole minute."""
    monkeypatch.setattr(nezha_signals, "SPANS_A_REQUEST", 2)
    requests = spans(tmp_path, ("c", "b", "cart-1", 0, 1), ("x", "root", "web-1", 0, 2), ("b", "root", "web-1", 0, 3))
    assert [len(flat([one])) for one in requests] == [2, 1]
    assert {span["spanId"]: span["kind"] for span in flat(requests)}["c"] == 2


def test_minutes_come_in_order(tmp_path: Path) -> None:
    """By the names of their files."""
    spans(tmp_path, ("b", "root", "web-1", 0, 9), minute="00_02")
    requests = spans(tmp_path, ("a", "root", "web-1", 0, 5), minute="00_01")
    assert [span["spanId"] for span in flat(requests)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "number", "word"),
    [
        ('{"severity":"ERROR","message":"x"}', 17, "ERROR"),
        ("severity=warning slow", 13, "WARNING"),
        ("2022 INFO started", 9, "INFO"),
        ("FATAL: no disk", 21, "FATAL"),
        ("severity: unheard of", None, None),
        ("information only", None, None),
        ("", None, None),
    ],
)
def test_severity_is_what_the_line_says(tmp_path: Path, text: str, number: int | None, word: str | None) -> None:
    """A field or a word of its own; no guess where there is none."""
    (record,) = records(tmp_path, text)
    assert (record.get("severityNumber"), record.get("severityText")) == (number, word)
    assert record["body"] == {"stringValue": text}


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (json.dumps({"log": "GET /cart 200\n", "stream": "stdout"}), "GET /cart 200"),
        (json.dumps({"log": 5}), "5"),
        (json.dumps({"message": "no log"}), '{"message": "no log"}'),
        ("[1]", "[1]"),
        ("null", "null"),
        ("{broken", "{broken"),
        ("plain\n", "plain\n"),
    ],
)
def test_the_containers_wrapping_is_taken_off(tmp_path: Path, text: str, body: str) -> None:
    """Only a JSON object with ``log`` is a wrapping; everything else is the line itself."""
    assert records(tmp_path, text)[0]["body"] == {"stringValue": body}


def test_lines_carry_their_trace_where_they_have_one(tmp_path: Path) -> None:
    """An id of another length is none."""
    assert records(tmp_path, "x")[0]["traceId"] == ID
    assert "traceId" not in records(tmp_path, "x", trace="")[0]
    assert "spanId" not in records(tmp_path, "x", trace="ab")[0]


def test_calls_are_pairs_of_services(tmp_path: Path) -> None:
    """Each pair once; a call within a service and one from an unknown span are none."""
    spans(
        tmp_path,
        ("a", "root", "web-1", 0, 1),
        ("b", "a", "cart-1", 0, 1),
        ("c", "a", "cart-2", 0, 1),
        ("d", "b", "cart-2", 0, 1),
        ("e", "gone", "db-1", 0, 1),
    )
    assert calls_of_spans(tmp_path, service) == [("web", "cart")]


def test_pods_are_placed_by_their_lines(tmp_path: Path) -> None:
    """The node that a line names; one that names none says nothing."""
    rows = [(1, "node-1", "web-1", "", "", "x"), (2, "", "web-1", "", "", "x"), (3, "", "cart-1", "", "", "x")]
    write(tmp_path / "log" / "00_01_log.csv.gz", LOG, *rows)
    assert nodes_of_logs(tmp_path) == {"web-1": "node-1"}


def test_an_empty_day_has_nothing(tmp_path: Path) -> None:
    """No files, no requests."""
    assert list(span_requests(tmp_path, service)) == list(log_requests(tmp_path, service)) == []
    assert (calls_of_spans(tmp_path, service), nodes_of_logs(tmp_path)) == ([], {})
