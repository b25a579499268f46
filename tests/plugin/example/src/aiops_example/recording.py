"""A converter: a file ``metrics.txt`` of the lines of ``format`` to a recording."""

from __future__ import annotations

from pathlib import Path

from aiops.model.entities import Item
from aiops.model.times import rfc3339
from aiops.recordings.recording import Stream
from aiops.recordings.recording_writer import RecordingWriter, gauges

SECOND = 1_000_000_000


def convert(source: Path, out: Path) -> None:
    """Every line is one gauge of one entity."""
    lines = [line.split() for line in (source / "metrics.txt").read_text(encoding="utf-8").splitlines() if line]
    points = sorted((int(seconds) * SECOND, entity, metric, float(value)) for seconds, entity, metric, value in lines)
    with RecordingWriter(out) as writer:
        writer.items([Item(entity) for entity in sorted({point[1] for point in points})], (), points[0][0])
        for at, entity, metric, value in points:
            request = {"resourceMetrics": [gauges({"service.name": entity}, at, [(metric, "1", value, {})])]}
            writer.request(Stream.METRICS, request)
        writer.about(
            name=source.name,
            source="the example package",
            licence="CC0-1.0",
            period={"from": rfc3339(points[0][0]), "to": rfc3339(points[-1][0])},
            notes=[],
        )
