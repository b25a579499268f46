"""Keeps the circuit breakers' documents: what they learn of each plan's end, and which trial is under way."""

from __future__ import annotations

from aiops.control import documents as doc
from aiops.control.draft import Draft
from aiops.model.plans import Action
from remediations.breakers import Breakers, Result, admit, record
from remediations.saga_state import Mark, Saga


def admitted(draft: Draft, action: Action) -> None:
    """An action begins; where a breaker is half-open, it is the trial."""
    held = _held(draft)
    _keep(draft, held, admit(held, draft.at, action.target, action.primitive))


def learn(draft: Draft, saga: Saga, result: Result) -> None:
    """A plan ended so; each action that was begun counts."""
    held = _held(draft)
    after = held
    for step, track in zip(saga.plan.steps, saga.tracks, strict=True):
        if track.mark is not Mark.PENDING:
            after = record(after, draft.at, (step.action.target, step.action.primitive, result))
    _keep(draft, held, after)


def _held(draft: Draft) -> Breakers:
    return Breakers({name: kept.breaker for name, kept in draft.state.breakers.items()})


def _keep(draft: Draft, before: Breakers, after: Breakers) -> None:
    for name, breaker in after.named.items():
        if before.named.get(name) != breaker:
            draft.put(doc.BreakerRecord(name, breaker))
