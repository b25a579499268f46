"""Circuit breakers: per target, per action and for everything; they stop healing that does not heal, or harms.

A breaker closes again only through a trial: after a rest it is half-open and lets one action through. The table
below is the whole machine; ``record`` and ``admit`` read it. Values are immutable and of plain fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aiops.model.prose import NOTHING, Prose

NANOSECONDS = 1_000_000_000
GLOBAL = "global"


class Result(StrEnum):
    """How an action on a target ended."""

    HEALED = "healed"
    FAILED = "failed"
    """It failed, or the goal was not verified."""
    RECURRED = "recurred"
    """The trouble came back soon after "healed"."""
    HARMED = "harmed"


class Position(StrEnum):
    """A breaker lets through, refuses, or lets one trial through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a breaker bears within its window before it opens."""

    failures: int
    """So many failures, when they are also at least ``rate`` of all endings."""
    recurrences: int
    harms: int
    rate: float = 0.5
    window_seconds: float = 3600.0
    rest_seconds: float = 900.0


TOLERANCES: Mapping[str, Tolerance] = {
    "target": Tolerance(failures=2, recurrences=2, harms=1),
    "action": Tolerance(failures=4, recurrences=4, harms=2),
    GLOBAL: Tolerance(failures=8, recurrences=8, harms=3),
}
"""By the word before the colon of a breaker's name."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker: its position and the endings that its window still holds."""

    position: Position = Position.CLOSED
    endings: tuple[tuple[int, Result], ...] = ()
    """(at, result), oldest first."""
    opened_at: int = 0
    trial: bool = False
    """Half-open, and the trial is under way."""
    why: Prose = NOTHING


@dataclass(frozen=True, slots=True)
class Breakers:
    """All breakers that are not as new, by name: ``target:NAME``, ``action:PRIMITIVE``, ``global``."""

    named: Mapping[str, Breaker] = field(default_factory=dict)


def names(target: str, action: str) -> tuple[str, str, str]:
    """The breakers that one action on one target passes."""
    return f"target:{target}", f"action:{action}", GLOBAL


def _rested(name: str, breaker: Breaker, at: int) -> Breaker:
    rest = round(_tolerance(name).rest_seconds * NANOSECONDS)
    if breaker.position is Position.OPEN and at >= breaker.opened_at + rest:
        return replace(breaker, position=Position.HALF_OPEN, trial=False)
    return breaker


def _tolerance(name: str) -> Tolerance:
    return TOLERANCES[name.split(":", 1)[0]]


def open_now(breakers: Breakers, at: int) -> frozenset[str]:
    """Names of breakers that refuse at this moment."""
    rested = {name: _rested(name, breaker, at) for name, breaker in breakers.named.items()}
    return frozenset(name for name, b in rested.items() if b.position is Position.OPEN or b.trial)


def admit(breakers: Breakers, at: int, target: str, *, action: str) -> Breakers:
    """An action begins: where a breaker is half-open, it is the trial. Ask ``open_now`` before."""
    changed = dict(breakers.named)
    for name in names(target, action):
        breaker = _rested(name, changed.get(name, Breaker()), at)
        if breaker.position is Position.HALF_OPEN:
            changed[name] = replace(breaker, trial=True)
    return Breakers(changed)


def record(breakers: Breakers, at: int, ended: tuple[str, str, Result]) -> Breakers:
    """An action ended: ``ended`` is (target, primitive, result)."""
    target, action, result = ended
    changed = dict(breakers.named)
    for name in names(target, action):
        breaker = _rested(name, changed.get(name, Breaker()), at)
        since = at - round(_tolerance(name).window_seconds * NANOSECONDS)
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


def _too_much(name: str, endings: tuple[tuple[int, Result], ...]) -> Prose:
    """The reason to open, or nothing."""
    bears = _tolerance(name)
    count = {result: sum(1 for _, ended in endings if ended is result) for result in Result}
    if count[Result.HARMED] >= bears.harms:
        return Prose(f"did harm {count[Result.HARMED]} times")
    if count[Result.RECURRED] >= bears.recurrences:
        return Prose(f"the trouble came back {count[Result.RECURRED]} times")
    failed = count[Result.FAILED] + count[Result.HARMED]
    if failed >= bears.failures and failed >= bears.rate * len(endings):
        return Prose(f"{failed} of {len(endings)} failed")
    return NOTHING


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
"""(position, healed, more than it bears) → position. Open, only the rest leads on."""
