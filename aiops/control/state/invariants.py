"""Invariants of the whole state: they hold after every event, in any order of events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aiops.control.state.combinations import possible
from aiops.control.state.lifecycle import BUSY, LAST
from aiops.control.state.store import ControlState
from aiops.model.incidents import IncidentState
from remediations.saga_messages import SagaOutcome
from remediations.saga_phase import phase_of
from remediations.saga_state import SagaState

UNCHANGED: Final = frozenset({SagaOutcome.UNDONE, SagaOutcome.REVERSED, SagaOutcome.REFUSED})
"""Outcomes after which no change of a plan remains in effect."""


def membership_difference(state: ControlState) -> int:
    """Number of episodes that belong to no incident or to more than one; not 0 means a bug."""
    account = state.account
    held = sum(member.episodes for members in state.members.values() for member in members.values())
    missing = account.seen - account.folded - account.archived - held
    astray = sum(record.incident not in state.incidents for record in state.episodes.values())
    return abs(missing) + abs(held - len(state.episodes)) + astray


def broken(state: ControlState) -> list[str]:
    """One sentence for each invariant that does not hold."""
    return [*_incidents(state), *_members(state), *_work(state), *_plans(state)]


def _incidents(state: ControlState) -> Iterator[str]:
    for name, incident in state.incidents.items():
        if name not in state.work:
            yield f"{name} has no work document"
        last = incident.state in LAST
        if last == (name in state.live):
            yield f"{name} is {incident.state} and {'' if name in state.live else 'not '}among the live ones"
        timer = f"{'settle' if last else 'deadline'}/{name}"
        if incident.state is not IncidentState.MERGED and timer not in state.timers:
            yield f"{name} is {incident.state} without a timed way out"
        if incident.shadow and incident.state in BUSY:
            yield f"{name} acts in shadow mode"


def _members(state: ControlState) -> Iterator[str]:
    if membership_difference(state):
        yield f"membership differs by {membership_difference(state)}"
    for name, members in state.members.items():
        if name not in state.incidents:
            yield f"members of {name}, which does not exist"
        for entity, member in members.items():
            if member.open < 0 or member.open > member.episodes:
                yield f"{name}/{entity}: {member.open} of {member.episodes} episodes open"
        if state.open_members.get(name, 0) != sum(m.open > 0 for m in members.values()):
            yield f"{name}: open members miscounted"


def _work(state: ControlState) -> Iterator[str]:
    chains: dict[str, int] = {}
    for key, record in state.handoffs.items():
        if f"handoff/{key}" not in state.timers:
            yield f"handoff {key} waits for ever"
        if record.handoff.intent.value == "diagnose":
            chains[record.handoff.work_item] = chains.get(record.handoff.work_item, 0) + 1
    for name, count in chains.items():
        if count > 1:
            yield f"{count} diagnoses of {name} are pending"
    for name, work in state.work.items():
        if work.chain and work.chain not in state.handoffs:
            yield f"{name} waits for {work.chain}, which nobody was asked"
        if len(set(work.approvals)) != len(work.approvals):
            yield f"{name}: somebody approved twice"


def _plans(state: ControlState) -> Iterator[str]:
    for plan, record in state.sagas.items():
        saga = record.saga
        if record.incident not in state.incidents:
            yield f"plan {plan} belongs to {record.incident}, which does not exist"
            continue
        if not possible(state, record.incident, saga):
            here = state.incidents[record.incident].state.value
            yield f"{record.incident} is {here} and its plan {plan} is {phase_of(saga).value}"
        if not saga.over and saga.timer not in state.timers:
            yield f"plan {plan} is {saga.state} without a timer"
        if saga.state is SagaState.FINISHED and saga.begun and saga.ended in UNCHANGED:
            yield f"plan {plan} says it was undone, but {saga.describe()}"
    for name, incident in state.incidents.items():
        if incident.state in BUSY:
            record_ = state.sagas.get(incident.plan or "")
            if record_ is None or record_.saga.over:
                yield f"{name} is {incident.state} without a plan under way"
