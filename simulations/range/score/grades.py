"""Grades one run of an estate: each fault, the calm between them, and the controls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiops.model.durations import SECOND
from aiops.model.incidents import Incident
from simulations.range.faults.kind import Harm
from simulations.range.faults.truth import FaultEnd, FaultTruth
from simulations.range.score.controls import Control, ControlAlert
from simulations.range.score.evidence import DoneAction, Evidence
from simulations.range.score.names import EntityNames
from simulations.range.score.remedies import MILD, REMEDIES
from simulations.range.score.requests import Requests
from simulations.range.score.service_level import suffering

GRACE = 60 * SECOND
"""What begins up to this long after a fault's end may still belong to it, ns."""


class Acted(StrEnum):
    """How the product acted on a fault; the worst of its actions, undos left out."""

    NOTHING = "nothing"
    RIGHT = "right"
    """It removes the cause: `simulations.range.score.remedies`."""
    WRONG = "wrong"
    UNSAFE = "unsafe"
    """It takes something from a target that has no fault."""


class Repair(StrEnum):
    """Whether users were served as usual again before the fault was undone."""

    NOT_FELT = "not felt"
    REPAIRED = "repaired"
    NOT = "not repaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultGrade:
    """Figures of one fault. Times in seconds from its onset; None: it did not happen."""

    id: str
    fault: str
    target: str
    harmless: bool
    onset: int
    """ns."""
    ended: int
    """When it was undone, or what was measured ended; ns."""
    detected: float | None
    """To its first incident."""
    incidents: tuple[str, ...]
    """Ids; one is expected of a fault, none of a harmless event."""
    rank: int | None
    """Place of a right root among the causes of its first incident, from 1."""
    probability: float | None
    """That this incident's diagnosis gave the right root."""
    kind_right: bool | None
    """Whether its first cause has the fault's kind; None: there is no diagnosis."""
    runbook_right: bool | None
    """Whether a runbook for the fault was proposed; None: none was proposed, or none is shipped for it."""
    acted: Acted
    repair: Repair
    repair_seconds: float | None
    """Until users were served as usual again, by the repair or by the end of the fault."""
    failed: dict[str, int]
    """Failed requests from the onset to the end of what belongs to it, by kind of users."""
    controls: dict[Control, float | None]
    """To each control's first alert on an entity that the fault can reach."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one run is graded by. Times in ns."""

    since: int
    """Begin of the run after its history."""
    until: int
    faults: Sequence[FaultTruth]
    ends: dict[str, FaultEnd]
    requests: Requests
    evidence: Evidence
    control_alerts: Sequence[ControlAlert] | None
    """None: the metrics of the run were not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunGrade:
    """Figures of one run."""

    faults: tuple[FaultGrade, ...]
    calm_hours: float
    """Time without a real fault; harmless events count as calm."""
    false_incidents: int
    """Incidents that belong to no real fault."""
    false_control_alerts: dict[Control, int]
    unsafe_actions: int
    failed: dict[str, int]
    """Failed requests of the whole run by kind of users."""

    @property
    def false_an_hour(self) -> float:
        """False incidents an hour of calm; inf: there was no calm, and there were some."""
        if self.calm_hours > 0:
            return self.false_incidents / self.calm_hours
        return math.inf if self.false_incidents else 0.0


def grade(run: Measured, names: EntityNames) -> RunGrade:
    """The grade of a run."""
    faults = sorted(run.faults, key=lambda fault: fault.onset)
    spans = {fault.id: _span(run, faults, place) for place, fault in enumerate(faults)}
    owned = {fault.id: _incidents(fault, spans[fault.id], run, names=names) for fault in faults}
    real = [fault for fault in faults if fault.kind is not Harm.NONE]
    true = {one.id for fault in real for one in owned[fault.id]}
    busy = sum(spans[fault.id][1] - fault.onset for fault in real)
    return RunGrade(
        faults=tuple(_grade(fault, spans[fault.id], run, names=names, own=owned[fault.id]) for fault in faults),
        calm_hours=max(0, run.until - run.since - busy) / (3600 * SECOND),
        false_incidents=sum(one.id not in true and run.since <= one.opened_at for one in run.evidence.incidents),
        false_control_alerts=_false_alerts(run, [(fault, spans[fault.id]) for fault in real], names),
        unsafe_actions=sum(acted(one, _present(one.at, faults, spans), names) is Acted.UNSAFE for one in _done(run)),
        failed=run.requests.failures(run.since, run.until),
    )


def acted(action: DoneAction, present: Sequence[FaultTruth], names: EntityNames) -> Acted:
    """How right an action was, given the faults that were present when it was done."""
    target = names.of(action.target)
    hit = [fault for fault in present if target in names.roots(fault)]
    if any(action.primitive in REMEDIES[fault.fault].primitives for fault in hit):
        return Acted.RIGHT
    if action.primitive in MILD or any(fault.kind is not Harm.NONE for fault in hit):
        return Acted.WRONG
    return Acted.UNSAFE


def _grade(
    fault: FaultTruth, span: tuple[int, int], run: Measured, *, names: EntityNames, own: Sequence[Incident]
) -> FaultGrade:
    ended = run.ends[fault.id].at if fault.id in run.ends else span[1]
    rank, probability, kind_right = _cause(fault, own, names)
    hurt = suffering(run.requests, fault.onset, felt_by=ended, until=span[1])
    healed = hurt is not None and hurt.ended is not None and hurt.ended <= ended
    harmless = fault.kind is Harm.NONE
    done = [acted(one, (fault,), names) for one in _done(run) if fault.onset <= one.at < span[1]]
    return FaultGrade(
        id=fault.id,
        fault=fault.fault,
        target=fault.target,
        harmless=harmless,
        onset=fault.onset,
        ended=ended,
        detected=None if harmless or not own else (own[0].opened_at - fault.onset) / SECOND,
        incidents=tuple(one.id for one in own),
        rank=rank,
        probability=probability,
        kind_right=kind_right,
        runbook_right=_runbook(fault, own, run.evidence),
        acted=max(done, key=list(Acted).index, default=Acted.NOTHING),
        repair=Repair.NOT_FELT if hurt is None else Repair.REPAIRED if healed else Repair.NOT,
        repair_seconds=None if hurt is None or hurt.ended is None else (hurt.ended - fault.onset) / SECOND,
        failed=run.requests.failures(fault.onset, span[1]),
        controls={} if run.control_alerts is None else _controls(fault, span, run.control_alerts, names=names),
    )


def _span(run: Measured, faults: Sequence[FaultTruth], place: int) -> tuple[int, int]:
    """From a fault's onset to the next one's, at most ``GRACE`` after its end or the time that users suffer of it."""
    fault = faults[place]
    following = faults[place + 1].onset if place + 1 < len(faults) else run.until
    ended = run.ends[fault.id].at if fault.id in run.ends else following
    hurt = suffering(run.requests, fault.onset, felt_by=ended, until=following)
    over = ended if hurt is None else max(ended, hurt.ended or following)
    return fault.onset, max(fault.onset, min(following, over + GRACE))


def _incidents(fault: FaultTruth, span: tuple[int, int], run: Measured, *, names: EntityNames) -> list[Incident]:
    """Incidents that opened in a fault's span and name a right root, or half of whose members it can reach."""
    roots, reach = names.roots(fault), names.reach(fault)
    harmless = fault.kind is Harm.NONE
    found = []
    for one in run.evidence.incidents:
        members = [names.of(entity) for entity in one.entities]
        causes = () if one.diagnosis is None else one.diagnosis.hypotheses[:3]
        named = {*members, *(names.of(cause.entity) for cause in causes)}
        near = bool(roots & named) or 2 * sum(member in reach for member in members) >= max(1, len(members))
        if span[0] <= one.opened_at < span[1] and (harmless or near):
            found.append(one)
    return found


def _cause(
    fault: FaultTruth, own: Sequence[Incident], names: EntityNames
) -> tuple[int | None, float | None, bool | None]:
    """Rank and probability of a right root in the first incident with a diagnosis, and whether its kind is right."""
    diagnosis = next((one.diagnosis for one in own if one.diagnosis is not None), None)
    if diagnosis is None or fault.kind is Harm.NONE:
        return None, None, None
    roots = names.roots(fault)
    ranked: dict[str, float] = {}
    for cause in diagnosis.hypotheses:
        name = names.of(cause.entity)
        ranked[name] = ranked.get(name, 0.0) + cause.probability
    rank = next((rank for rank, name in enumerate(ranked, 1) if name in roots), None)
    first = diagnosis.hypotheses[0].kind if diagnosis.hypotheses else ""
    return rank, sum(share for name, share in ranked.items() if name in roots), first == fault.kind


def _runbook(fault: FaultTruth, own: Sequence[Incident], evidence: Evidence) -> bool | None:
    right = REMEDIES[fault.fault].runbooks
    proposed = {name for one in own for name in evidence.runbooks.get(one.id, ())}
    return bool(right & proposed) if right and proposed else None


def _done(run: Measured) -> list[DoneAction]:
    return [one for one in run.evidence.actions if not one.undo and one.at >= run.since]


def _present(at: int, faults: Sequence[FaultTruth], spans: dict[str, tuple[int, int]]) -> list[FaultTruth]:
    return [fault for fault in faults if spans[fault.id][0] <= at < spans[fault.id][1]]


def _controls(
    fault: FaultTruth, span: tuple[int, int], alerts: Sequence[ControlAlert], *, names: EntityNames
) -> dict[Control, float | None]:
    reach = names.reach(fault)
    first: dict[Control, float | None] = dict.fromkeys(Control)
    for alert in alerts:
        if span[0] <= alert.at < span[1] and names.of(alert.entity) in reach and first[alert.control] is None:
            first[alert.control] = (alert.at - fault.onset) / SECOND
    return first


def _false_alerts(
    run: Measured, real: Sequence[tuple[FaultTruth, tuple[int, int]]], names: EntityNames
) -> dict[Control, int]:
    """Alerts of each control that no real fault explains."""
    reach = {fault.id: names.reach(fault) for fault, _ in real}
    counts: dict[Control, int] = {} if run.control_alerts is None else dict.fromkeys(Control, 0)
    for alert in run.control_alerts or ():
        about = (names.of(alert.entity) in reach[f.id] and span[0] <= alert.at < span[1] for f, span in real)
        if run.since <= alert.at and not any(about):
            counts[alert.control] += 1
    return counts
