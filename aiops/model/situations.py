"""What runbooks are chosen by: routing builds it once from the diagnosis and the typed evidence, and hands it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.plans import Parameter


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a trouble, as plain data."""

    kind: str
    """Kind of fault of the first hypothesis."""
    item_kind: str
    metrics: tuple[str, ...] = ()
    """Names of the cause's abnormal metrics, each once."""
    change: bool = False
    """A change that can be taken back is suspected."""
    others: bool = False
    """Others than the cause are unwell."""
    bindings: Mapping[str, Parameter] = field(default_factory=dict)
    """What ``{places}`` stand for; one that is missing makes a runbook that needs it not apply."""
