"""All sagas that can come about, by a breadth-first walk over the events of the state machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from aiops.model.errors import NoTransitionError
from aiops.model.plans import Observed, Plan, StepOutcome, StepStatus, Verdict
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga import advance
from remediations.saga_state import Saga, begin
from tests.unit.remediations.conftest import make_plan, make_step

WHY = Prose("why")
LATE = 10**15
"""After every deadline of the plan, ns."""
HOUR = 3600 * 10**9
"""Longer than any step may run, ns."""


def events(saga: Saga, at: int = LATE) -> Iterator[say.Event]:
    """Every event that the saga may get at ``at`` (ns), also those that its state refuses."""
    step, direction, key = saga.step.id, saga.direction, saga.key
    yield say.Started(at)
    yield say.Reserved(at, saga.tracks[saga.cursor].reservation)
    yield say.BudgetRefused(at, saga.tracks[saga.cursor].reservation, WHY)
    yield say.Authorised(at, step, direction)
    yield say.Vetoed(at, step, direction, WHY)
    yield say.Held(at, step, direction, at + 1, WHY)
    yield from (say.Reported(at, StepOutcome(key, status, at)) for status in StepStatus)
    yield from (say.EffectObserved(when, key, seen) for seen in Observed for when in (at, at + HOUR))
    yield from (say.VerificationEnded(at, verdict) for verdict in Verdict)
    yield say.Halted(at)
    yield say.Resumed(at)
    yield say.Withdrawn(at, WHY)
    yield say.Restarted(at)
    yield say.SagaTimerFired(at, saga.timer)
    yield say.TakenOver(at, "ann")


def _plans() -> tuple[Plan, ...]:
    return (
        make_plan(make_step("a", postcondition="it is ready"), make_step("b", reverse_after_seconds=30.0)),  # type: ignore[arg-type]
        make_plan(make_step("a", undo=False)),
    )


def _kind(saga: Saga) -> tuple[object, ...]:
    marks = tuple(track.mark for track in saga.tracks)
    flags = saga.halted, saga.withdrawn, saga.reversing
    return len(saga.tracks), saga.state, saga.direction, saga.cursor, marks, flags, saga.tracks[saga.cursor].runs


@cache
def reachable() -> tuple[Saga, ...]:
    """One saga of each kind: state, direction, step, marks and flags."""
    found = {_kind(saga): saga for saga in map(begin, _plans())}
    edge = list(found.values())
    while edge:
        saga = edge.pop()
        for event in events(saga):
            try:
                after, _ = advance(saga, event)
            except NoTransitionError:
                continue
            if _kind(after) not in found:
                found[_kind(after)] = after
                edge.append(after)
    return tuple(found.values())
