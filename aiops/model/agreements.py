"""The agreed times of one incident, from its objective: time to acknowledge and time to repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiops.model.entities import Objective

LEAST_ANSWER_SECONDS: Final = 60.0
"""Least time to answer that is derived from an objective, seconds; a stated time may be shorter."""
ANSWER_SHARE: Final = 0.1
"""Time to answer as a share of the time to repair, if the objective states no time to answer."""
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreed times of one incident. ``None``: no time is agreed."""

    text: str = "no objective stated"
    answer_seconds: float | None = None
    """From a page to its acknowledgement."""
    repair_seconds: float | None = None
    """From the onset to the end of the incident."""


def agreement_of(stated: Iterable[tuple[str, Objective]]) -> Agreement:
    """The terms of the strictest objective of these entities (highest target); of equal ones, the last by name."""
    pairs = list(stated)
    if not pairs:
        return Agreement()
    entity, strictest = max(pairs, key=lambda pair: (pair[1].target, pair[0]))
    return Agreement(f"{_text(strictest)} of {entity}", answer_seconds(strictest), repair_seconds(strictest))


def repair_seconds(objective: Objective) -> float:
    """The stated time to repair; else the length of a full outage that spends the whole error budget."""
    if objective.repair_minutes is not None:
        return 60.0 * objective.repair_minutes
    return (1.0 - objective.target) * objective.window_days * _DAY


def answer_seconds(objective: Objective) -> float:
    """The stated time to answer; else ``ANSWER_SHARE`` of the time to repair, at least ``LEAST_ANSWER_SECONDS``."""
    if objective.answer_minutes is not None:
        return 60.0 * objective.answer_minutes
    return max(LEAST_ANSWER_SECONDS, ANSWER_SHARE * repair_seconds(objective))


def _text(objective: Objective) -> str:
    tail = f" under {objective.threshold_ms:g} ms" if objective.threshold_ms is not None else ""
    return f"{objective.name}: {objective.target:.3%} {objective.indicator}{tail} in {objective.window_days} days"
