"""The controls of the replay benchmark: three sigma on every series, and chance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from aiops.recordings.recording import Recording, Stream
from tests.benchmarks.replay_grades import HOUR, SECOND, Found, Grade, Truth, Verdict

WARM_UP = 30
SIGMAS = 3.0
QUIET = 300 * SECOND
"""Alarms that are at most so far apart (or one step, where that is longer) are one incident."""
_ENTITY = ("service.name", "host.name")


def three_sigma(recording: Path, truth: Truth) -> list[Found]:
    """Each series alarms beyond three standard deviations of its own past; the most deviating entity is blamed.

    Causes are ranked by their largest deviation within the incident.
    """
    quiet = max(QUIET, truth.step)
    past: dict[tuple[str, str, str], tuple[int, float, float]] = {}
    incidents: list[Found] = []
    last = -quiet - 1
    alarms: dict[int, None] = {}
    worst: dict[str, float] = {}

    def close() -> None:
        if worst:
            ranked = tuple(sorted(worst.items(), key=lambda pair: -pair[1]))
            incidents.append(Found(min(alarms), last, ranked, tuple(alarms)))

    for at, entity, series, value in _points(recording):
        key = (entity, *series)
        count, mean, square = past.get(key, (0, 0.0, 0.0))
        sigma = math.sqrt(square / count) if count else 0.0
        if count >= WARM_UP and abs(value - mean) > SIGMAS * sigma and sigma > 0:
            if at > last + quiet:
                close()
                alarms, worst = {}, {}
            last = at
            alarms[at] = None
            worst[entity] = max(worst.get(entity, 0.0), abs(value - mean) / sigma)
        count += 1
        step = value - mean
        mean += step / count
        past[key] = (count, mean, square + step * (value - mean))
    close()
    return incidents


def _points(recording: Path) -> Iterator[tuple[int, str, tuple[str, str], float]]:
    for record in Recording(recording).records(metrics_only=True):
        if record.stream is not Stream.METRICS:
            continue
        for resource in from_json(record.value)["resourceMetrics"]:
            marks = {one["key"]: one["value"].get("stringValue", "") for one in resource["resource"]["attributes"]}
            entity = next((marks[name] for name in _ENTITY if name in marks), "")
            for scope in resource["scopeMetrics"]:
                for metric in scope["metrics"]:
                    yield from _of_metric(entity, metric)


def _of_metric(entity: str, metric: dict[str, Any]) -> Iterator[tuple[int, str, tuple[str, str], float]]:
    for kind in ("gauge", "sum"):
        for point in metric.get(kind, {}).get("dataPoints", ()):
            value = float(point.get("asDouble", point.get("asInt", "nan")))
            if math.isfinite(value):
                yield int(point["timeUnixNano"]), entity, (metric["name"], str(point.get("attributes"))), value


def chance(truth: Truth, graded: Grade, incidents: int) -> dict[str, float]:
    """Expected figures of opening as many incidents at any time and blaming any entity."""
    length = max(1, truth.end - truth.begin)
    hit = [
        1 - (1 - min(1.0, (one.fault.end + truth.step - one.fault.begin) / length)) ** incidents
        for one in graded.verdicts
    ]
    entities = max(1, len(truth.entities))
    return {
        "opened": sum(hit),
        "top1": sum(hit) / entities,
        "top3": sum(hit) * min(3, entities) / entities,
        "false": incidents * graded.hours * HOUR / length,
    }


def hits(verdicts: tuple[Verdict, ...], top: int) -> int:
    """Faults whose first incident has the true root among the first ``top``."""
    return sum(one.rank is not None and one.rank <= top for one in verdicts)
