"""Reads documents that version 0.1.0 wrote: where it kept a sentence, its type is made from the sentence, once.

Each function is given the raw value of a field and returns what the field's present type reads; a present value passes
unchanged. What a function here reads was written by that version alone: none of its sentences are made any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.plans import Verdict
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind

_OUTCOMES: Final = {
    "healed": OutcomeKind.HEALED,
    "cleared by itself": OutcomeKind.CLEARED,
    "cleared while a person had it": OutcomeKind.CLEARED_WITH_PERSON,
    "shadow: would ": OutcomeKind.SHADOW,
    "handed to a person": OutcomeKind.HANDED_OVER,
    "rejected by ": OutcomeKind.REJECTED,
    "closed by ": OutcomeKind.CLOSED_BY_PERSON,
    "left with a person": OutcomeKind.LEFT_WITH_PERSON,
    "not heard of again": OutcomeKind.NOT_HEARD_AGAIN,
    "part of ": OutcomeKind.MERGED,
}
"""Words of 0.1.0; after a space at the end comes the detail."""
_FAULT: Final = "fault: "
_HARMED: Final = "harmed: "
"""How the reason of a saga began that was taken back because of harm."""


def saga(value: Any) -> Any:
    """A saga that was being taken back because of harm had only its reason to say so."""
    if isinstance(value, dict) and "verdict" not in value and str(value.get("why", "")).startswith(_HARMED):
        return value | {"verdict": Verdict.HARMED.value}
    return value


def look(value: Any) -> Any:
    """The newest look was kept as a sentence without figures: the next one is logged again."""
    return None if isinstance(value, str) else value


def refusal(said: Mapping[str, Any]) -> RefusalKind:
    """Kind of a refusal whose entry says no kind: it told duplicates by a flag, and faults by how the reason began."""
    if said.get("old"):
        return RefusalKind.OLD
    return RefusalKind.FAULT if str(said.get("refused", "")).startswith(_FAULT) else RefusalKind.UNSTATED


def outcome(value: Any) -> Any:
    """How an incident ended was kept in words; empty: it had not."""
    if not isinstance(value, str):
        return value
    whole = {words: kind for words, kind in _OUTCOMES.items() if value == words}
    begun = {words: kind for words, kind in _OUTCOMES.items() if words.endswith(" ") and value.startswith(words)}
    for words, kind in (whole | begun).items():
        return IncidentOutcome(kind, Prose(value.removeprefix(words)))
    return IncidentOutcome(OutcomeKind.UNSTATED, Prose(value)) if value else None
