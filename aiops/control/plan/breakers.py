"""Updates the documents of the circuit breakers: results of plans, and the running trial of a half-open breaker."""

from __future__ import annotations

from collections.abc import Iterable

from aiops.control.state import documents as doc
from aiops.control.state.transaction import Draft
from aiops.model.plans import Action
from aiops.model.refusals import RefusalKind, RefusedError
from remediations.breakers import Breaker, Breakers, Position, Result, admit, names, record
from remediations.saga_state import Saga, StepMark


def admitted(draft: Draft, action: Action) -> None:
    """Record that an action begins; if a breaker is half-open, the action is its trial."""
    held = _held(draft, (action,))
    _keep(draft, held, admit(held, draft.at, action.target, action=action.primitive))


def learn(draft: Draft, saga: Saga, result: Result) -> None:
    """Count the result of a plan for each of its actions that was begun."""
    steps = zip(saga.plan.steps, saga.tracks, strict=True)
    actions = [step.action for step, track in steps if track.mark is not StepMark.PENDING]
    held = after = _held(draft, actions)
    for action in actions:
        after = record(after, draft.at, (action.target, action.primitive, result))
    _keep(draft, held, after)


def reset(draft: Draft, name: str, *, who: str, reason: str) -> None:
    """Close a breaker because a person says so; the journal keeps who it was and why.

    Raises ``RefusedError`` if the breaker is closed or not known, or if no reason is given.
    """
    held = draft.state.breakers.get(name)
    if held is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"no breaker {name!r} is known")
    if held.breaker.position is Position.CLOSED:
        raise RefusedError(RefusalKind.LATE, f"the breaker {name!r} is closed already")
    if not reason.strip():
        raise RefusedError(RefusalKind.MALFORMED, "a reset needs a reason")
    draft.put(doc.BreakerRecord(name, Breaker()))
    draft.note(breaker=name, reset_by=who, reason=reason, was=held.breaker.why)


def _held(draft: Draft, actions: Iterable[Action]) -> Breakers:
    """The breakers of these actions only."""
    passed = {name for action in actions for name in names(action.target, action.primitive)}
    known = draft.state.breakers
    return Breakers({name: known[name].breaker for name in sorted(passed) if name in known})


def _keep(draft: Draft, before: Breakers, after: Breakers) -> None:
    for name, breaker in after.named.items():
        if before.named.get(name) != breaker:
            draft.put(doc.BreakerRecord(name, breaker))
