"""Circuit breakers per target, per action and global. They stop actions that repeatedly fail, recur or do harm.

An open breaker closes only through a trial: after a rest it is half-open and lets one action through. ``TABLE`` is the
whole state machine; ``record`` reads it. Values are immutable and have plain fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aiops.model.durations import SECOND
from aiops.model.prose import NOTHING, Prose

GLOBAL = "global"


class Result(StrEnum):
    """How an action on a target ended."""

    HEALED = "healed"
    FAILED = "failed"
    """The action failed, or its goal was not verified."""
    RECURRED = "recurred"
    """The incident came back soon after "healed"."""
    HARMED = "harmed"
    """Verification found harm."""
    UNCHANGED = "unchanged"
    """The plan changed nothing: it was refused, halted, or its effect did not happen. A trial ends without a result."""


class Position(StrEnum):
    """State of a breaker: it lets actions through, refuses them, or lets one trial through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Numbers of bad results within the window at which a breaker opens."""

    failures: int
    """Failures and harms together; they must also be at least the share ``rate`` of all results."""
    recurrences: int
    harms: int
    rate: float = 0.5
    window_seconds: float = 3600.0
    rest_seconds: float = 900.0
    """An open breaker becomes half-open after this time."""


TOLERANCES: Mapping[str, Tolerance] = {
    "target": Tolerance(failures=2, recurrences=2, harms=1),
    "action": Tolerance(failures=4, recurrences=4, harms=2),
    GLOBAL: Tolerance(failures=8, recurrences=8, harms=3),
}
"""Tolerance by the part of a breaker's name before the colon."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker: its position and the results within its window."""

    position: Position = Position.CLOSED
    endings: tuple[tuple[int, Result], ...] = ()
    """(at, result), oldest first."""
    opened_at: int = 0
    trial: bool = False
    """The breaker is half-open and its trial is running."""
    why: Prose = NOTHING
    """Why it opened."""


@dataclass(frozen=True, slots=True)
class Breakers:
    """All breakers with a history, by name: ``target:NAME``, ``action:PRIMITIVE``, ``global``."""

    named: Mapping[str, Breaker] = field(default_factory=dict)


def names(target: str, action: str) -> tuple[str, str, str]:
    """Names of the three breakers that apply to an action on a target."""
    return f"target:{target}", f"action:{action}", GLOBAL


def _rested(name: str, breaker: Breaker, at: int) -> Breaker:
    rest = round(_tolerance(name).rest_seconds * SECOND)
    if breaker.position is Position.OPEN and at >= breaker.opened_at + rest:
        return replace(breaker, position=Position.HALF_OPEN, trial=False)
    return breaker


def _tolerance(name: str) -> Tolerance:
    return TOLERANCES[name.split(":", 1)[0]]


def open_now(breakers: Breakers, at: int) -> frozenset[str]:
    """Names of the breakers that refuse at time ``at``, ns: open ones, and half-open ones whose trial is running."""
    rested = {name: _rested(name, breaker, at) for name, breaker in breakers.named.items()}
    return frozenset(name for name, b in rested.items() if b.position is Position.OPEN or b.trial)


def admit(breakers: Breakers, at: int, target: str, *, action: str) -> Breakers:
    """The breakers after an action begins: it is the trial of half-open ones. Check ``open_now`` first."""
    changed = dict(breakers.named)
    for name in names(target, action):
        breaker = _rested(name, changed.get(name, Breaker()), at)
        if breaker.position is Position.HALF_OPEN:
            changed[name] = replace(breaker, trial=True)
    return Breakers(changed)


def record(breakers: Breakers, at: int, ended: tuple[str, str, Result]) -> Breakers:
    """The breakers after an action ended at ``at``, ns; ``ended`` is (target, primitive, result).

    A trial ends with its plan, whatever the result; after ``UNCHANGED`` the next action is the trial.
    """
    target, action, result = ended
    if result is Result.UNCHANGED:
        return _trial_over(breakers, names(target, action))
    changed = dict(breakers.named)
    for name in names(target, action):
        breaker = _rested(name, changed.get(name, Breaker()), at)
        since = at - round(_tolerance(name).window_seconds * SECOND)
        endings = (*(ending for ending in breaker.endings if ending[0] > since), (at, result))
        breaker = replace(breaker, endings=endings)
        why = _too_much(name, endings)
        position = TABLE[breaker.position, result is Result.HEALED, bool(why)]
        if position is Position.OPEN:
            why = Prose(why or f"the trial {result}")
            again = breaker.position is Position.OPEN
            breaker = replace(
                breaker, opened_at=breaker.opened_at if again else at, why=Prose(breaker.why if again else why)
            )
        if position is Position.CLOSED and breaker.position is Position.HALF_OPEN:
            breaker = Breaker()
        changed[name] = replace(breaker, position=position, trial=False)
    return Breakers(changed)


def _trial_over(breakers: Breakers, of: tuple[str, ...]) -> Breakers:
    held = {name: breakers.named[name] for name in of if name in breakers.named}
    return Breakers({**breakers.named, **{name: replace(breaker, trial=False) for name, breaker in held.items()}})


def _too_much(name: str, endings: tuple[tuple[int, Result], ...]) -> Prose:
    """The reason to open; empty: there is none."""
    bears = _tolerance(name)
    count = {result: sum(1 for _, ended in endings if ended is result) for result in Result}
    if count[Result.HARMED] >= bears.harms:
        return Prose(f"did harm {_times(count[Result.HARMED])}")
    if count[Result.RECURRED] >= bears.recurrences:
        return Prose(f"the incident came back {_times(count[Result.RECURRED])}")
    failed = count[Result.FAILED] + count[Result.HARMED]
    if failed >= bears.failures and failed >= bears.rate * len(endings):
        return Prose(f"{failed} of {len(endings)} failed")
    return NOTHING


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


TABLE: Mapping[tuple[Position, bool, bool], Position] = {
    (Position.CLOSED, True, False): Position.CLOSED,
    (Position.CLOSED, True, True): Position.OPEN,
    (Position.CLOSED, False, False): Position.CLOSED,
    (Position.CLOSED, False, True): Position.OPEN,
    (Position.HALF_OPEN, True, False): Position.CLOSED,
    (Position.HALF_OPEN, True, True): Position.CLOSED,
    (Position.HALF_OPEN, False, False): Position.OPEN,
    (Position.HALF_OPEN, False, True): Position.OPEN,
    (Position.OPEN, True, False): Position.OPEN,
    (Position.OPEN, True, True): Position.OPEN,
    (Position.OPEN, False, False): Position.OPEN,
    (Position.OPEN, False, True): Position.OPEN,
}
"""(position, healed, tolerance exceeded) → next position. An open breaker leaves this state only by its rest time."""
