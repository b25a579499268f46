"""Binds approvals to what they were given for, and says why they no longer count.

An approval counts for one plan on its targets as they were described, at one level of oversight, under the policies
that decided, for the entities that the plan could affect, and for ``control.approval_lasts_seconds``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from aiops.control.diagnosis.requests import diagnose
from aiops.control.incident.escalation import withdraw
from aiops.control.incident.membership import move
from aiops.control.state import documents as doc
from aiops.control.state.approval_basis import ApprovalBasis
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.transaction import Draft
from aiops.model.durations import SECOND
from aiops.model.pages import EscalationCause
from aiops.model.plans import Oversight, Plan
from aiops.model.prose import Prose
from topology.impact import blast


class VoidCause(StrEnum):
    """Why an approval no longer counts."""

    EXPIRED = "expired"
    TARGET = "target"
    """A target's item has another version, or appeared or disappeared."""
    LEVEL = "level"
    """More people must approve now."""
    POLICIES = "policies"
    """Other policies decide now, or their text changed."""
    AFFECTED = "affected"
    """The plan may affect more entities."""


_TEXTS: Final = {
    VoidCause.EXPIRED: "it was given more than {detail} s ago",
    VoidCause.TARGET: "{detail} is described differently now",
    VoidCause.LEVEL: "{detail} is required now",
    VoidCause.POLICIES: "other policies decide now",
    VoidCause.AFFECTED: "the plan may also affect {detail} now",
}


@dataclass(frozen=True, slots=True)
class Void:
    """One reason for which an approval no longer counts."""

    cause: VoidCause
    detail: str = ""

    @property
    def text(self) -> Prose:
        """The reason for people."""
        return Prose(f"the approval no longer counts: {_TEXTS[self.cause].format(detail=self.detail)}")


def basis_of(draft: Draft, plan: Plan, level: Oversight, *, policies: tuple[str, ...], digest: str) -> ApprovalBasis:
    """What people are asked to approve now."""
    return ApprovalBasis(_targets(draft, plan), level, policies, digest, _affected(draft, plan))


def void(draft: Draft, basis: ApprovalBasis, plan: Plan, *, begun: bool = False) -> Void | None:
    """Why approvals on this basis no longer count, by the facts of now; None: they count.

    Args:
        draft: its state has the facts.
        basis: what was approved.
        plan: the plan that was approved.
        begun: a step was done. The plan itself may have changed its targets, so their versions are not compared.
    """
    lasts = draft.settings.control.approval_lasts_seconds
    if any(at + round(lasts * SECOND) < draft.at for at in basis.given):
        return Void(VoidCause.EXPIRED, f"{lasts:g}")
    changed = [] if begun else sorted(set(_targets(draft, plan)) - set(basis.targets))
    if changed:
        return Void(VoidCause.TARGET, changed[0][0])
    more = sorted(set(_affected(draft, plan)) - set(basis.affected))
    return Void(VoidCause.AFFECTED, more[0]) if more else None


def void_by_ruling(basis: ApprovalBasis, level: Oversight, *, policies: tuple[str, ...], digest: str) -> Void | None:
    """Why approvals on this basis no longer count under a new ruling on a step of the plan; None: they count."""
    rising = list(Oversight)
    if rising.index(level) > rising.index(basis.level):
        return Void(VoidCause.LEVEL, level.value)
    if digest != basis.digest or not set(policies) <= set(basis.policies):
        return Void(VoidCause.POLICIES)
    return None


def void_waiting(draft: Draft, name: str, why: Void) -> None:
    """Drop the plan that waits and all its approvals, and diagnose the incident again."""
    work = draft.state.work[name]
    withdraw(draft, name, EscalationCause.APPROVAL)
    who = f" of {', '.join(work.approvals)}" if work.approvals else ""
    draft.line(name, "orchestrator", f"withdraws {draft.state.incidents[name].plan}{who}: {why.text}")
    draft.put(replace(work, proposed=None, approvals=(), bound=None, voided=work.voided + 1))
    move(draft, name, Trigger.ASKED)
    diagnose(draft, name, why.text)


def given(draft: Draft, work: doc.Work, who: str) -> doc.Work:
    """The work with one more approval, given now."""
    bound = work.bound and replace(work.bound, given=(*work.bound.given, draft.at))
    return replace(work, approvals=(*work.approvals, who), bound=bound)


def _targets(draft: Draft, plan: Plan) -> tuple[tuple[str, int], ...]:
    names = dict.fromkeys(step.action.target for step in plan.steps)
    items = ((name, draft.state.item(name)) for name in names)
    return tuple((name, item.version if item else -1) for name, item in items)


def _affected(draft: Draft, plan: Plan) -> tuple[str, ...]:
    targets = dict.fromkeys(step.action.target for step in plan.steps)
    return tuple(sorted(blast(targets, draft.state.graph(draft.at)).entities))
