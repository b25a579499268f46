"""Objections of oversight before it asks the policies: formal errors in a handoff, a plan or a step."""

from __future__ import annotations

import math
from collections.abc import Iterator

from aiops.agents.situation import item_of
from aiops.agents.view import AgentView
from aiops.model.handoffs import (
    Handoff,
    Intent,
    Role,
    StepRequest,
)
from aiops.model.incidents import IncidentState
from aiops.model.plans import Action, BlastRadius, Plan, Step, StepDirection
from aiops.model.prose import Prose

MAY_SEND: dict[Role, frozenset[Intent]] = {
    Role.ANALYSIS: frozenset({Intent.ROUTE, Intent.MERGE}),
    Role.ROUTING: frozenset({Intent.PLAN, Intent.ESCALATE}),
    Role.RESOLUTION: frozenset({Intent.EXECUTE, Intent.CONCLUDE, Intent.ESCALATE}),
    Role.TRIAGE: frozenset({Intent.LINK}),
}
"""Intents that each role may send. The orchestrator checks the channels too; this check does not depend on it."""
MOST_STEPS = 10
"""Most steps of a plan."""
MOST_SECONDS = 3600.0
"""Longest timeout of a step."""
GRAPH = "graph:"
"""Prefix of an evidence id that names an item of the graph."""


def wrong_with_handoff(shown: Handoff, view: AgentView) -> Iterator[Prose]:
    """Yield the formal errors of a handoff from any sender."""
    if shown.intent not in MAY_SEND.get(shown.sender, frozenset()):
        yield Prose(f"{shown.sender} may not send the intent {shown.intent}")
    if not (shown.id and shown.work_item and shown.cause):
        yield Prose("it lacks an id, a work item or a cause")
    if not math.isfinite(shown.confidence) or not 0 <= shown.confidence <= 1:
        yield Prose(f"confidence {shown.confidence} is not within 0 to 1")
    if not shown.reasoning or not all(text.strip() for text in shown.reasoning):
        yield Prose("it gives no reasoning")
    if shown.deadline_at < view.at:
        yield Prose("its deadline has passed")
    if view.incident.state is IncidentState.MERGED:
        yield Prose(f"{shown.work_item} was merged into {view.incident.merged_into}")
    known = _known(shown, view)
    if not shown.evidence:
        yield Prose("it names no evidence")
    if odd := [name for name in shown.evidence if name not in known and not _in_graph(name, view)]:
        yield Prose(f"evidence {odd[0]} does not exist")


def _known(shown: Handoff, view: AgentView) -> set[str]:
    """Ids that the evidence of a handoff may name."""
    ids = {shown.cause, shown.work_item, *(part for part in _ancestors(shown.cause))}
    ids |= {episode.id for episode in view.episodes} | {change.id for change in view.changes}
    ids |= {ticket.id for ticket in view.tickets} | set(view.incident.episodes) | set(view.incident.tickets)
    ids |= {line.ref for line in view.incident.story if line.ref}
    if view.incident.diagnosis is not None:
        found = view.incident.diagnosis
        ids |= {evidence.id for hypothesis in found.hypotheses for evidence in hypothesis.evidence}
        ids |= {change.id for change in found.changes}
    return ids


def _ancestors(handoff: str) -> Iterator[str]:
    """Yield the ids of the handoffs that led to this one; an id is its parent's id with a suffix."""
    while "/" in handoff:
        handoff = handoff.rpartition("/")[0]
        yield handoff


def _in_graph(name: str, view: AgentView) -> bool:
    item = name.removeprefix(GRAPH)
    return item != name and (item in view.graph or any(episode.entity == item for episode in view.episodes))


def wrong_with_plan(plan: Plan, view: AgentView) -> Iterator[Prose]:
    """Yield the formal errors of a plan: its steps, their undo, their timeouts and their blast radius."""
    if plan.work_item != view.incident.id:
        yield Prose(f"the plan belongs to {plan.work_item}, not to {view.incident.id}")
    if not 1 <= len(plan.steps) <= MOST_STEPS:
        yield Prose(f"a plan has 1 to {MOST_STEPS} steps, this one {len(plan.steps)}")
    if len({step.id for step in plan.steps}) != len(plan.steps):
        yield Prose("two steps have one id")
    for step in plan.steps:
        yield from _wrong_with_action(step.action, step.blast, view)
        yield from _wrong_with_bounds(step)


def _wrong_with_bounds(step: Step) -> Iterator[Prose]:
    if step.undo is not None and (step.undo.target, step.undo.primitive) != (step.action.target, step.action.primitive):
        yield Prose(f"step {step.id}: its undo has another target or primitive")
    if step.reverse_after_seconds is not None and step.undo is None:
        yield Prose(f"step {step.id}: a temporary change needs an undo")
    if not 0 < step.timeout_seconds <= MOST_SECONDS:
        yield Prose(f"step {step.id}: its deadline of {step.timeout_seconds} s is not within an hour")


def _wrong_with_action(action: Action, blast: BlastRadius, view: AgentView) -> Iterator[Prose]:
    if action.target not in blast.entities:
        yield Prose(f"the blast radius of {action.primitive} {action.target} is not stated")
    if bad := [account for account, share in blast.shares.items() if not math.isfinite(share) or not 0 <= share <= 1]:
        yield Prose(f"the blast radius on {bad[0]} is not a share")
    if action.target not in view.graph and item_of(view, action.target) is None:
        yield Prose(f"{action.target} is not in the graph: the items that need it are not known")


def wrong_with_step(step: StepRequest, view: AgentView) -> Iterator[Prose]:
    """Yield the formal errors of a step immediately before it runs."""
    yield from _wrong_with_action(step.action, step.blast, view)
    if view.halted:
        yield Prose("all actions are halted")
    if step.direction is StepDirection.DO and view.incident.plan != step.plan:
        yield Prose(f"{step.plan} is not the plan of {view.incident.id} now")
