"""What an objective promises for one incident: by when somebody answers, and by when it is repaired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiops.model.entities import Objective

LEAST_ANSWER_SECONDS: Final = 60.0
"""Nobody is asked to answer sooner."""
ANSWER_SHARE: Final = 0.1
"""Where no time to answer is stated, this share of the time to repair."""
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """The terms of one incident. ``None``: nothing is promised."""

    text: str = "no objective stated"
    answer_seconds: float | None = None
    """From a page to somebody's acknowledgement."""
    repair_seconds: float | None = None
    """From the onset to the end of the trouble."""


def agreement_of(stated: Iterable[tuple[str, Objective]]) -> Agreement:
    """The terms of the strictest objective of these entities; of equals the last entity by name."""
    pairs = list(stated)
    if not pairs:
        return Agreement()
    entity, strictest = max(pairs, key=lambda pair: (pair[1].target, pair[0]))
    return Agreement(f"{_text(strictest)} of {entity}", answer_seconds(strictest), repair_seconds(strictest))


def repair_seconds(objective: Objective) -> float:
    """As stated; else the error budget as time: an outage this long spends all of it."""
    if objective.repair_minutes is not None:
        return 60.0 * objective.repair_minutes
    return (1.0 - objective.target) * objective.window_days * _DAY


def answer_seconds(objective: Objective) -> float:
    """As stated; else a tenth of the time to repair, and a minute at least."""
    if objective.answer_minutes is not None:
        return 60.0 * objective.answer_minutes
    return max(LEAST_ANSWER_SECONDS, ANSWER_SHARE * repair_seconds(objective))


def _text(objective: Objective) -> str:
    tail = f" under {objective.threshold_ms:g} ms" if objective.threshold_ms is not None else ""
    return f"{objective.name}: {objective.target:.3%} {objective.indicator}{tail} in {objective.window_days} days"
