"""Grades one run against the truth."""

from __future__ import annotations

import fnmatch
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.model.durations import SECOND
from aiops.model.incidents import Incident, IncidentState
from aiops.model.plans import Oversight
from simulations.running.simulation import Run, Who
from simulations.scenarios.scenario import ExpectedEnding, Scenario
from simulations.scorecards.relations import FaultRelations
from simulations.world.truth import FaultRecord

GRACE = 300
"""An incident that opens up to this many seconds after a fault's end may still belong to the fault."""
KEPT = 300
"""An SLO counts as kept again after this many seconds without a violation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Figures of one run. Times in seconds; None: nothing to measure; inf: it never happened."""

    scenario: str
    who: Who
    seed: int
    light: bool
    faults: int
    found: int
    """Faults with an incident."""
    incidents: int
    """Number of incidents opened, without merged ones."""
    true_incidents: int
    """Incidents that belong to a fault."""
    detect_seconds: float | None
    """From the fault to its first incident, median over faults."""
    top1: int
    """Faults whose incident ranks a correct root first."""
    top3: int
    repair_seconds: float | None
    """From the first fault until every SLO is kept again; None: none was violated."""
    violated_minutes: float
    """Minutes of SLO violations after the history, summed over services."""
    value_lost: float
    actions: int
    """Actions that took effect, including undos."""
    unsafe: int
    pages: int
    ending: ExpectedEnding | None
    """None: an incident is still open, or there is no healer."""
    as_expected: bool
    remarks: tuple[str, ...]
    """Deviations from the scenario's expectations."""


def grade(scenario: Scenario, run: Run, relations: FaultRelations) -> Grade:
    """The grade of a run of a scenario."""
    about = {record_id(fault): matching(fault, run, relations) for fault in run.faults}
    opened = [one for one in run.incidents if one.state is not IncidentState.MERGED]
    true = {one.id for found in about.values() for one in found}
    delays = [(found[0].opened_at - fault.since) / SECOND for fault in run.faults if (found := about[record_id(fault)])]
    ranks = [rank_of_root(fault, about[record_id(fault)], relations) for fault in run.faults]
    ending = ending_of(run, [one for one in opened if one.id in true] or opened)
    remarks = _remarks(scenario, run, ending) if run.who is Who.PRODUCT else ()
    first = (run.graded_from - run.start) // SECOND
    return Grade(
        scenario=scenario.name,
        who=run.who,
        seed=run.seed,
        light=run.light,
        faults=len(run.faults),
        found=len(delays),
        incidents=len(opened),
        true_incidents=sum(one.id in true for one in opened),
        detect_seconds=statistics.median(delays) if delays else None,
        top1=sum(rank == 1 for rank in ranks),
        top3=sum(rank is not None and rank <= 3 for rank in ranks),
        repair_seconds=repair_seconds(run),
        violated_minutes=float(run.truth.violated[first:].sum()) / 60,
        value_lost=float(run.truth.lost[first:].sum()),
        actions=sum(action.effect for action in run.actions),
        unsafe=sum(action.unsafe for action in run.actions),
        pages=len(run.pages),
        ending=ending if run.who is Who.PRODUCT else None,
        as_expected=not remarks,
        remarks=remarks,
    )


def record_id(fault: FaultRecord) -> tuple[str, str, int]:
    """Identity of a fault within a run."""
    return fault.name, fault.entity, fault.since


def matching(fault: FaultRecord, run: Run, relations: FaultRelations) -> list[Incident]:
    """Incidents that belong to a fault, in the order in which they opened.

    They opened while it was there and have or name a right root, or half of their members are in its reach.
    """
    until = run.end if fault.until is None else fault.until + GRACE * SECOND
    # Overload that outlasts a fault (metastable) belongs to the fault as long as an SLO stays violated.
    broken = np.flatnonzero(run.truth.violated.any(axis=1))
    if len(broken):
        until = max(until, min(run.end, run.start + (int(broken[-1]) + GRACE) * SECOND))
    roots = set(fault.entities or (fault.entity,))
    reach = relations.reach(roots)
    return [
        one
        for one in run.incidents
        if one.state is not IncidentState.MERGED
        and fault.since <= one.opened_at <= until
        and (not roots.isdisjoint(named(one)) or 2 * sum(name in reach for name in one.entities) >= len(one.entities))
    ]


def named(incident: Incident) -> set[str]:
    """Members of an incident and entities of its hypotheses."""
    causes = () if incident.diagnosis is None else incident.diagnosis.hypotheses
    return {*incident.entities, *(cause.entity for cause in causes[:3])}


def rank_of_root(fault: FaultRecord, incidents: Sequence[Incident], relations: FaultRelations) -> int | None:
    """Best rank of a correct root over the incidents of a fault; an instance counts as its service."""
    right = {relations.service_of(name) for name in (fault.entities or (fault.entity,))}
    best: int | None = None
    for one in incidents:
        if one.diagnosis is None:
            continue
        named = list(dict.fromkeys(relations.service_of(found.entity) for found in one.diagnosis.hypotheses))
        for rank, name in enumerate(named, start=1):
            if name in right and (best is None or rank < best):
                best = rank
    return best


def repair_seconds(run: Run) -> float | None:
    """Seconds from the first fault until no SLO is violated for five minutes (or to the end); inf: never."""
    if not run.faults:
        return None
    since = (min(fault.since for fault in run.faults) - run.start) // SECOND
    broken = np.flatnonzero(run.truth.violated[since:].any(axis=1))
    if not len(broken):
        return None
    gaps = np.flatnonzero(np.diff(broken) > KEPT)
    last = int(broken[gaps[0]] if len(gaps) else broken[-1])
    length = len(run.truth.violated) - since
    return math.inf if last >= length - 1 else float(last + 1)


def ending_of(run: Run, incidents: Sequence[Incident]) -> ExpectedEnding | None:
    """The worst ending of the run's incidents."""
    if not incidents:
        return ExpectedEnding.NOTHING
    endings = [_ended(run, one) for one in incidents]
    if None in endings:
        return None
    order = (ExpectedEnding.ESCALATED, ExpectedEnding.APPROVED, ExpectedEnding.HEALED, ExpectedEnding.CLEARED)
    return next(ending for ending in order if ending in endings)


def _ended(run: Run, incident: Incident) -> ExpectedEnding | None:
    if incident.state is IncidentState.ESCALATED:
        return ExpectedEnding.ESCALATED
    if incident.state is not IncidentState.RESOLVED:
        return None
    acted = any(action.effect and action.act.plan == incident.plan for action in run.actions)
    if not acted:
        return (
            ExpectedEnding.ESCALATED
            if any(page.work_item == incident.id for page in run.pages)
            else ExpectedEnding.CLEARED
        )
    return ExpectedEnding.HEALED if incident.level is Oversight.UNATTENDED else ExpectedEnding.APPROVED


def _remarks(scenario: Scenario, run: Run, ending: ExpectedEnding | None) -> tuple[str, ...]:
    expected, remarks = scenario.expected, []
    if ending not in expected.endings:
        remarks.append(f"ended {ending or 'open'}, expected {' or '.join(expected.endings)}")
    done = [action.act.action for action in run.actions if action.effect and not action.act.undo]
    for action in done:
        if any(fnmatch.fnmatchcase(action, pattern) for pattern in expected.forbidden):
            remarks.append(f"{action} is forbidden")
        elif action not in expected.actions:
            remarks.append(f"{action} was not expected")
    return tuple(remarks)
