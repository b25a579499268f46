"""A recording: a folder of telemetry and control events in their wire formats, read as one stream in event time.

::

    metrics.jsonl  logs.jsonl  traces.jsonl                   one OTLP/JSON export request per line
    cmdb.jsonl  changes.jsonl  tickets.jsonl  alerts.jsonl    one CloudEvent per line (alerts: or Alertmanager body)
    recording.yaml                                            description; see ``About``
    truth.yaml                                                faults, for the grader only; not read here

Each ``.jsonl`` may be ``.jsonl.gz`` or ``.jsonl.zst``. Only the current line of each file is held in memory.
"""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from aiops.model.errors import PermanentError
from aiops.model.times import LATEST, nanoseconds
from aiops.model.yaml_text import read_yaml

ABOUT, TRUTH = "recording.yaml", "truth.yaml"
MOST_BYTES = 64 * 1024 * 1024
"""Longest line; a longer one is an error."""
_Packing = Literal["gzip", "zstd"]
_SUFFIXES: Mapping[str, _Packing | None] = {"": None, ".gz": "gzip", ".zst": "zstd"}


class RecordingError(PermanentError):
    """A recording cannot be used; the message begins with file and line."""


class Stream(StrEnum):
    """Content of a file. Records of the same time are read in this order."""

    CMDB = "cmdb"
    CHANGES = "changes"
    TICKETS = "tickets"
    METRICS = "metrics"
    TRACES = "traces"
    LOGS = "logs"
    ALERTS = "alerts"


_POINTS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
_SHAPES: Mapping[Stream, tuple[str, str, str]] = {
    Stream.METRICS: ("resourceMetrics", "scopeMetrics", "metrics"),
    Stream.LOGS: ("resourceLogs", "scopeLogs", "logRecords"),
    Stream.TRACES: ("resourceSpans", "scopeSpans", "spans"),
}


class Period(BaseModel):
    """First and last time of the recording, RFC 3339 UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: str = Field(alias="from")
    end: str = Field(alias="to")


class About(BaseModel):
    """``recording.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9._-]+$")
    source: str
    licence: str
    period: Period
    notes: tuple[str, ...] = ()
    """Changes made to the data: shifted times, omitted values."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record. ``at`` (ns UTC) is its newest event time, the earliest time at which it can have been sent."""

    at: int
    stream: Stream
    key: bytes | None
    value: bytes


class Recording:
    """A recording's folder, opened for reading.

    Raises:
        RecordingError: it is not a recording; the message says why.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about = _about(folder / ABOUT)
        self.files = _files(folder)
        self.begin, self.end = (self._time(self.about.period.begin, "from"), self._time(self.about.period.end, "to"))
        if self.begin > self.end:
            raise RecordingError(f"{folder / ABOUT}: period: from is after to")

    def records(self, *, metrics_only: bool = False) -> Iterator[Recorded]:
        """All records of all files, oldest first. A line older than an earlier line of its file takes that line's time.

        ``metrics_only`` leaves out logs and traces.

        Raises:
            RecordingError: a line cannot be used.
        """
        out = {Stream.LOGS, Stream.TRACES} if metrics_only else set()
        order = {stream: place for place, stream in enumerate(Stream)}
        parts = [_lines(path, stream) for stream, path in self.files.items() if stream not in out]
        return heapq.merge(*parts, key=lambda record: (record.at, order[record.stream]))

    def _time(self, text: str, which: str) -> int:
        try:
            return nanoseconds(text)
        except ValueError as error:
            raise RecordingError(f"{self.folder / ABOUT}: period.{which}: {text!r} is not an RFC 3339 time") from error


def _about(path: Path) -> About:
    try:
        return About.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecordingError(f"{path}: there is no such file, so this folder is not a recording") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise RecordingError(f"{path}: {where}: {first['msg']}") from error


def _files(folder: Path) -> dict[Stream, Path]:
    found: dict[Stream, Path] = {}
    for stream in Stream:
        there = [path for suffix in _SUFFIXES if (path := folder / f"{stream}.jsonl{suffix}").exists()]
        if len(there) > 1:
            raise RecordingError(f"{there[1]}: {there[0].name} exists too; keep one of them")
        if there:
            found[stream] = there[0]
    if not found:
        raise RecordingError(f"{folder}: there is no metrics.jsonl and no other file of records")
    return found


def _lines(path: Path, stream: Stream) -> Iterator[Recorded]:
    latest, number = 0, 0
    with _opened(path) as file:
        while True:
            number += 1
            try:
                line = file.readline(MOST_BYTES)
            except (OSError, EOFError) as error:
                raise RecordingError(f"{path}:{number}: cannot be read: {error}") from error
            if not line:
                return
            if len(line) == MOST_BYTES:
                raise RecordingError(f"{path}:{number}: longer than {MOST_BYTES} bytes")
            line = line.strip()
            if not line:
                continue
            try:
                at, key = _time_and_key(line, stream)
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                raise RecordingError(f"{path}:{number}: {_why(error)}") from error
            latest = max(latest, at)
            yield Recorded(latest, stream, key, line)


def _opened(path: Path) -> io.BufferedReader:
    how = _SUFFIXES[path.suffix if path.suffix != ".jsonl" else ""]
    raw: Any = pa.OSFile(str(path), "rb")
    stream: Any = raw if how is None else pa.CompressedInputStream(raw, how)
    return io.BufferedReader(stream, 1 << 20)


def _why(error: Exception) -> str:
    """The reason of an unusable line. Errors other than ``ValueError`` mean an unexpected shape."""
    if isinstance(error, ValueError):
        return str(error).splitlines()[0][:300]
    return f"not of the expected shape ({type(error).__name__}: {str(error)[:200]})"


def _time_and_key(line: bytes, stream: Stream) -> tuple[int, bytes | None]:
    document = from_json(line)
    if not isinstance(document, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 (broken input is a value, not a bug)
    if stream in _SHAPES:
        return _newest(document, stream), None
    return _event(document)


def _newest(document: dict[str, Any], stream: Stream) -> int:
    resources, scopes, leaves = _SHAPES[stream]
    if resources not in document:
        raise ValueError(f"expected an OTLP/JSON export request with {resources}")
    newest = 0
    for resource in document[resources]:
        for scope in resource.get(scopes, ()):
            for leaf in scope.get(leaves, ()):
                newest = max(newest, _time_of(leaf, stream))
    if not newest:
        raise ValueError("no record in it has a time")
    if newest > LATEST:
        raise ValueError(f"{newest} ns is later than 2262")
    return newest


def _time_of(leaf: dict[str, Any], stream: Stream) -> int:
    match stream:
        case Stream.METRICS:
            points = [point for kind in _POINTS if kind in leaf for point in leaf[kind].get("dataPoints", ())]
            return max((int(point.get("timeUnixNano", 0)) for point in points), default=0)
        case Stream.TRACES:
            return int(leaf.get("endTimeUnixNano", 0))
        case _:
            return int(leaf.get("timeUnixNano", 0)) or int(leaf.get("observedTimeUnixNano", 0))


def _event(document: dict[str, Any]) -> tuple[int, bytes | None]:
    """Time and key of a CloudEvent, or of an Alertmanager body, whose time is its newest start or end."""
    if "specversion" not in document and "alerts" in document:
        stated = [alert.get(name) for alert in document["alerts"] for name in ("startsAt", "endsAt")]
        # Alertmanager writes an unknown end as the year 1.
        times = [nanoseconds(text) for text in stated if text and not text.startswith("0001-")]
        return max(times), None
    data = document.get("data") or {}
    stated_at = document.get("time", data.get("at"))
    if stated_at is None:
        raise ValueError("a CloudEvent in a recording needs a time")
    subject = document.get("subject") or data.get("id")
    return nanoseconds(stated_at), subject.encode() if subject else None
