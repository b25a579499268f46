"""What an approval was given for: an approval counts only while all of it is as it was."""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.plans import Oversight


@dataclass(frozen=True, slots=True)
class ApprovalBasis:
    """The facts of the moment at which people were asked to approve a plan."""

    targets: tuple[tuple[str, int], ...]
    """Each target with the version of its item; -1: no source described it."""
    level: Oversight
    policies: tuple[str, ...]
    """Ids of the policies that decided."""
    digest: str
    """SHA-256 of the policy set that was in force."""
    affected: tuple[str, ...]
    """Entities that the plan may affect, by the graph of that moment."""
    given: tuple[int, ...] = ()
    """When each approval was given, ns, in the order of the approvals."""
