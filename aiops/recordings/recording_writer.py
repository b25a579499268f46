"""Writes a recording line by line, for converters."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from aiops.model.cloudevents import encode, of_item
from aiops.model.entities import Edge, Item
from aiops.recordings.recording import ABOUT, TRUTH, Stream

Point = tuple[str, str, float, Mapping[str, str]]
"""Metric, unit, value, attributes."""


class RecordingWriter:
    """Writer of one recording. Lines of a file must come oldest first.

    The folder is created, and streams in it are replaced.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Stream, gzip.GzipFile] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for stream in Stream:
            for old in folder.glob(f"{stream}.jsonl*"):
                old.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()

    def line(self, stream: Stream, value: bytes) -> None:
        """Write one record."""
        if stream not in self._files:
            # No time in the header: the same data gives the same bytes.
            path = self._folder / f"{stream}.jsonl.gz"
            self._files[stream] = gzip.GzipFile(path, "wb", compresslevel=1, mtime=0)
        self._files[stream].write(value + b"\n")

    def request(self, stream: Stream, document: Mapping[str, Any]) -> None:
        """Write one OTLP/JSON export request."""
        self.line(stream, json.dumps(document, separators=(",", ":")).encode())

    def items(self, items: Iterable[Item], edges: Iterable[Edge], at: int) -> None:
        """Write items with their outgoing edges as CMDB records at ``at`` (ns UTC)."""
        outgoing: dict[str, list[Edge]] = {}
        for edge in edges:
            outgoing.setdefault(edge.source, []).append(edge)
        for item in items:
            self.line(Stream.CMDB, encode(of_item(item, tuple(outgoing.get(item.id, ())), at)))

    def about(self, **fields: Any) -> None:
        """Write ``recording.yaml``."""
        (self._folder / ABOUT).write_text(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=120))

    def truth(self, **fields: Any) -> None:
        """Write ``truth.yaml``: ``faults`` and further facts for the grader."""
        (self._folder / TRUTH).write_text(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=120))


def attributes(pairs: Mapping[str, str]) -> list[dict[str, Any]]:
    """OTLP/JSON attributes."""
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs.items()]


def gauges(resource: Mapping[str, str], at: int, points: Iterable[Point]) -> dict[str, Any]:
    """One entry of ``resourceMetrics``: gauges of one resource at one time."""
    metrics = [
        {
            "name": name,
            "unit": unit,
            "gauge": {"dataPoints": [{"timeUnixNano": str(at), "asDouble": value, "attributes": attributes(marks)}]},
        }
        for name, unit, value, marks in points
    ]
    return {"resource": {"attributes": attributes(resource)}, "scopeMetrics": [{"metrics": metrics}]}
