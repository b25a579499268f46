"""The facts by which runbooks are chosen. Routing builds them once from the diagnosis and the typed evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.plans import Parameter


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts of an incident that runbooks match, as plain data."""

    kind: str
    """Kind of fault of the first hypothesis."""
    item_kind: str
    metrics: tuple[str, ...] = ()
    """Names of the cause's abnormal metrics, each once."""
    change: bool = False
    """A change that can be taken back is suspected."""
    others: bool = False
    """Entities other than the cause are abnormal."""
    bindings: Mapping[str, Parameter] = field(default_factory=dict)
    """Values of ``{placeholders}``. A runbook with a placeholder that is missing here does not apply."""
