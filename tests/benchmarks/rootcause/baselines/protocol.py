"""What a baseline is asked, and how it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from topology.cases.case import Case


@dataclass(frozen=True, slots=True, eq=False)
class BaselineQuestion:
    """A case as the protocol states it."""

    case: Case
    split: int | None
    """The stated onset, or the stated detection where none is given, ns. None: the case has no times."""
    symptom_metric: str | None = None
    alert_kinds: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """In how many cases of the set each (source, name) of an alert occurs."""
    cases: int = 0
    """Cases of the set, where their alerts were counted."""


class Baseline(Protocol):
    """A published method, or a control."""

    @property
    def name(self) -> str:
        """The name in tables."""
        ...

    def scores(self, question: BaselineQuestion) -> Mapping[str, float] | None:
        """Entity to score, higher is likelier; None: the method does not apply to what the case holds."""
        ...
