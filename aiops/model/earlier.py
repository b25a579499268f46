"""Reads documents of version 0.1.0: it stored sentences where the present version stores typed values.

Each function converts the raw value of a field into the input of the field's present type. A value of the present
version passes unchanged. No other version writes these sentences.
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
"""Sentences of version 0.1.0. A detail follows each one that ends in a space."""
_FAULT: Final = "fault: "
_HARMED: Final = "harmed: "
"""Start of the reason of a saga that was undone because of harm."""


def saga(value: Any) -> Any:
    """A saga: version 0.1.0 recorded harm only in the saga's reason."""
    if isinstance(value, dict) and "verdict" not in value and str(value.get("why", "")).startswith(_HARMED):
        return value | {"verdict": Verdict.HARMED.value}
    return value


def newest_check(value: Any) -> Any:
    """The newest check of verification: version 0.1.0 stored a sentence, so the next check is logged again."""
    return None if isinstance(value, str) else value


def refusal(fields: Mapping[str, Any]) -> RefusalKind:
    """Kind of a refusal whose entry has none: version 0.1.0 marked duplicates by a flag and faults by a prefix."""
    if fields.get("old"):
        return RefusalKind.OLD
    return RefusalKind.FAULT if str(fields.get("refused", "")).startswith(_FAULT) else RefusalKind.UNSTATED


def outcome(value: Any) -> Any:
    """The outcome of an incident, which version 0.1.0 stored as text; empty text: the incident had not ended."""
    if not isinstance(value, str):
        return value
    whole = {words: kind for words, kind in _OUTCOMES.items() if value == words}
    begun = {words: kind for words, kind in _OUTCOMES.items() if words.endswith(" ") and value.startswith(words)}
    for words, kind in (whole | begun).items():
        return IncidentOutcome(kind, Prose(value.removeprefix(words)))
    return IncidentOutcome(OutcomeKind.UNSTATED, Prose(value)) if value else None
