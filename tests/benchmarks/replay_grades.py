"""Judges what a replay found against ``truth.yaml``. Pure but for reading the two folders.

An incident is of a fault when it opened between the fault's begin and one step of the recording's figures after its
end. Where a recording says that appearance is no evidence (logs and traces exist in fault minutes only), signals that
only say so are not counted: new templates, silence, and the volume of logs and spans; an incident with nothing else is
neither found nor false.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aiops.model.times import nanoseconds

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
_VOLUMES = ("log.count", "log.new", "span.rate")


@dataclass(frozen=True, slots=True)
class Fault:
    """What really happened."""

    entity: str
    kind: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Truth:
    """``truth.yaml`` with what the CMDB says of parts."""

    faults: tuple[Fault, ...]
    left_out: tuple[tuple[int, int], ...]
    begin: int
    end: int
    step: int
    appearance: bool
    """Whether a signal that something appeared, or its volume, is evidence."""
    service: Mapping[str, str]
    """Instance to its service."""
    entities: tuple[str, ...]

    def of(self, entity: str) -> str:
        """The service of an entity, or itself."""
        return self.service.get(entity, entity)


@dataclass(frozen=True, slots=True)
class Found:
    """One incident as the grader sees it, whoever opened it."""

    opened_at: int
    closed_at: int | None
    ranked: tuple[tuple[str, float], ...]
    """Causes with their weight, heaviest first."""
    evidence: tuple[int, ...]
    """Onsets of the signals that count."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one fault."""

    fault: Fault
    how: str
    """``opened``, ``joined`` (an older incident took it in) or ``missed``."""
    delay: int | None = None
    rank: float | None = None
    """Of the true root in the first incident, ties by their mean; None: not among its causes."""
    best: float | None = None
    """The same, best over all incidents of the fault."""
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class Grade:
    """A whole replay."""

    verdicts: tuple[Verdict, ...]
    false: tuple[int, ...]
    """Times at which incidents opened that match no fault."""
    hours: float
    """Without faults and intervals that are left out."""
    uncounted: int
    """Incidents of appearance alone, or inside intervals that are left out."""


def truth_of(recording: Path) -> Truth:
    """Reads truth, period and parts of a recording."""
    told = yaml.safe_load((recording / "truth.yaml").read_text())
    period = yaml.safe_load((recording / "recording.yaml").read_text())["period"]
    service, entities = _parts(recording)
    return Truth(
        faults=tuple(
            Fault(one["entity"], one["kind"], nanoseconds(one["from"]), nanoseconds(one["to"]))
            for one in told["faults"]
        ),
        left_out=tuple((nanoseconds(one["from"]), nanoseconds(one["to"])) for one in told.get("left_out", ())),
        begin=nanoseconds(period["from"]),
        end=nanoseconds(period["to"]),
        step=int(told.get("step_seconds", 0)) * SECOND,
        appearance=bool(told.get("appearance_is_evidence", True)),
        service=service,
        entities=entities,
    )


def _parts(recording: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    parts: dict[str, str] = {}
    entities: dict[str, None] = {}
    for path in recording.glob("cmdb.jsonl*"):
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            for line in file:
                item = json.loads(line)["data"]
                entities[item["id"]] = None
                for edge in item.get("edges", ()):
                    if edge.get("kind") == "part_of":
                        parts[item["id"]] = edge["target"]
    return parts, tuple(dict.fromkeys(parts.get(name, name) for name in entities))


def found_by_runtime(results: Path, truth: Truth) -> list[Found]:
    """Incidents of a replay, without merged ones and those about the runtime itself."""
    incidents = [json.loads(line) for line in (results / "incidents.jsonl").read_text().splitlines()]
    return [
        Found(
            opened_at=nanoseconds(one["opened_at"]),
            closed_at=None if one["closed_at"] is None else nanoseconds(one["closed_at"]),
            ranked=tuple((cause["entity"], cause["probability"]) for cause in one["causes"]),
            evidence=tuple(
                nanoseconds(signal["since"])
                for episode in one["episodes"]
                for signal in episode["signals"]
                if counts(signal, truth)
            ),
        )
        for one in incidents
        if not one["merged_into"] and not one["of_runtime"]
    ]


def counts(signal: Mapping[str, Any], truth: Truth) -> bool:
    """Whether a signal is evidence in this recording."""
    if truth.appearance or signal["source"] not in ("log", "span"):
        return True
    return signal["direction"] not in ("new", "silent") and not signal["series"].startswith(_VOLUMES)


def grade(truth: Truth, incidents: Sequence[Found]) -> Grade:
    """Faults to verdicts, and what is false."""
    real = [one for one in incidents if one.evidence]
    verdicts = tuple(_verdict(fault, truth, real) for fault in truth.faults)
    rest = [one for one in real if not any(_of(one, fault, truth) for fault in truth.faults)]
    false = [one for one in rest if not _inside(one.opened_at, truth.left_out)]
    spared = [*truth.left_out, *((fault.begin, fault.end + truth.step) for fault in truth.faults)]
    hours = (truth.end - truth.begin - _covered(spared, truth.begin, truth.end)) / HOUR
    uncounted = len(incidents) - len(real) + len(rest) - len(false)
    return Grade(verdicts, tuple(one.opened_at for one in false), hours, uncounted)


def _of(one: Found, fault: Fault, truth: Truth) -> bool:
    return fault.begin <= one.opened_at <= fault.end + truth.step


def _verdict(fault: Fault, truth: Truth, incidents: Sequence[Found]) -> Verdict:
    mine = sorted((one for one in incidents if _of(one, fault, truth)), key=lambda one: one.opened_at)
    how = "opened"
    if not mine:
        how = "joined"
        window = range(fault.begin, fault.end + truth.step + 1)
        mine = [
            one
            for one in incidents
            if one.opened_at < fault.begin
            and (one.closed_at is None or one.closed_at >= fault.begin)
            and any(since in window for since in one.evidence)
        ]
    if not mine:
        return Verdict(fault, "missed")
    ranks = [rank(one.ranked, fault.entity, truth) for one in mine]
    known = [found for found in ranks if found is not None]
    delay = mine[0].opened_at - fault.begin if how == "opened" else None
    return Verdict(fault, how, delay, ranks[0], min(known, default=None), len(mine))


def rank(ranked: Sequence[tuple[str, float]], entity: str, truth: Truth) -> float | None:
    """Place of the true root among the services of the causes, each by its best; ties share their mean place."""
    best: dict[str, float] = {}
    for name, weight in ranked:
        best[truth.of(name)] = max(weight, best.get(truth.of(name), weight))
    right = best.get(truth.of(entity))
    if right is None:
        return None
    above = sum(weight > right for weight in best.values())
    tied = sum(weight == right for weight in best.values())
    return above + (tied + 1) / 2


def _inside(at: int, intervals: Sequence[tuple[int, int]]) -> bool:
    return any(begin <= at <= end for begin, end in intervals)


def _covered(intervals: Sequence[tuple[int, int]], begin: int, end: int) -> int:
    """Length of the union of intervals within [begin, end]."""
    covered, reached = 0, begin
    for first, last in sorted(intervals):
        first, last = max(first, reached), min(last, end)  # noqa: PLW2901 (clipped to what is not counted yet)
        if last > first:
            covered += last - first
            reached = last
    return covered
