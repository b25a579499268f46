"""Composes pages to on-call engineers, for all agents.

A page states what is broken, why it matters, who is affected, the likely causes with evidence, the plans that were
tried, and the request to the person. It has only facts of the view. ``aiops.control.incident.escalation`` handles
levels and acknowledgements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiops.agents.view import AgentView
from aiops.model.diagnoses import Diagnosis, Hypothesis
from aiops.model.incidents import Priority
from aiops.model.pages import Page, PageReason
from aiops.model.prose import Prose
from aiops.model.series_names import display_name

SHOWN_CAUSES: Final = 3
SHOWN_EVIDENCE: Final = 3
SHOWN_AFFECTED: Final = 20


@dataclass(frozen=True, slots=True)
class Ask:
    """The reason of a page and the request to the person."""

    reason: PageReason
    """One page per incident and reason."""
    because: Prose
    """The sentence that explains the reason."""
    asks: Prose
    """What the person should do, and how to approve or stop."""
    tried: tuple[Prose, ...] = ()
    """What was tried beyond the view's attempts; of a plan that stopped half-way, its exact state."""
    answer_by: int | None = None


def page_key(work_item: str, reason: PageReason, level: int = 0) -> str:
    """Key of a page: pages with the same work item, reason and level are the same page."""
    return f"{work_item}/{reason.slug}/{level}"


def compose(
    view: AgentView, ask: Ask, *, diagnosis: Diagnosis | None = None, priority: Priority | None = None, level: int = 0
) -> Page:
    """The page for the view's incident; ``diagnosis`` and ``priority`` default to the incident's own."""
    incident = view.incident
    known = diagnosis or incident.diagnosis
    abnormal = incident.open_entities or incident.entities
    return Page(
        key=page_key(incident.id, ask.reason, level),
        work_item=incident.id,
        level=level,
        at=view.at,
        priority=priority or incident.priority,
        title=_title(view, known),
        broken=_broken(view, abnormal),
        matters=_matters(known, view),
        affected=_affected(known, abnormal),
        causes=_causes(known),
        tried=_tried(view) + ask.tried,
        asks=Prose(f"{ask.because} {ask.asks}".strip()),
        answer_by=ask.answer_by,
        agreement=incident.agreement,
        repair_by=incident.repair_by,
        domain=incident.domain,
    )


def _title(view: AgentView, diagnosis: Diagnosis | None) -> Prose:
    count = len(view.incident.entities)
    what = f"{count} items abnormal" if count > 1 else f"{_first(view.incident.entities)} is abnormal"
    if diagnosis and not diagnosis.unknown and diagnosis.hypotheses:
        best = diagnosis.hypotheses[0]
        return Prose(f"{what}: probably {best.kind} of {best.entity} ({best.probability:.0%})")
    return Prose(f"{what}, cause unknown")


def _first(names: tuple[str, ...]) -> str:
    return names[0] if names else "something"


def _broken(view: AgentView, abnormal: tuple[str, ...]) -> Prose:
    worst = max((e for e in view.episodes if e.ended_at is None), key=lambda e: e.severity, default=None)
    names = ", ".join(abnormal[:5]) + (f" and {len(abnormal) - 5} more" if len(abnormal) > 5 else "")
    if worst is None or not worst.signals:
        return Prose(names or "nothing that is open now")
    first = worst.signals[0]
    series = display_name(first.series, (signal.series for signal in worst.signals))
    return Prose(
        f"{names}; worst: {series} of {worst.entity} went {first.direction.value} "
        f"to {first.value:.4g} (usual {first.expected:.4g})"
    )


def _matters(diagnosis: Diagnosis | None, view: AgentView) -> Prose:
    hit = [i for i in diagnosis.impact if i.business_service] if diagnosis else []
    value = sum(i.value_per_minute for i in hit) or sum(
        view.items[e].value_per_minute for e in view.incident.entities if e in view.items
    )
    services = ", ".join(sorted(i.entity for i in hit)[:5])
    if not services and not value:
        return Prose("No business service is known to depend on it.")
    cost = f"{value:,.0f} a minute at stake" if value else "value not stated"
    return Prose(f"{services or 'value of the items themselves'}: {cost}.")


def _affected(diagnosis: Diagnosis | None, abnormal: tuple[str, ...]) -> tuple[Prose, ...]:
    impact = () if diagnosis is None else tuple(Prose(f"{i.entity}: {i.how}") for i in diagnosis.impact)
    named = {i.entity for i in diagnosis.impact} if diagnosis else set()
    return (impact + tuple(Prose(f"{e}: abnormal") for e in abnormal if e not in named))[:SHOWN_AFFECTED]


def _causes(diagnosis: Diagnosis | None) -> tuple[Prose, ...]:
    if diagnosis is None:
        return ()
    causes = tuple(_cause(h) for h in diagnosis.hypotheses[:SHOWN_CAUSES])
    unknown = (Prose(f"something not seen ({diagnosis.p_unknown:.0%})"),) if diagnosis.p_unknown >= 0.005 else ()
    return causes + unknown


def _cause(hypothesis: Hypothesis) -> Prose:
    strongest = sorted(hypothesis.evidence, key=lambda e: -abs(e.weight))[:SHOWN_EVIDENCE]
    reasons = "; ".join(f"{'for' if e.supports else 'against'}: {e.what} [{e.id}]" for e in strongest)
    head = f"{hypothesis.entity}, {hypothesis.kind} ({hypothesis.probability:.0%})"
    return Prose(f"{head}: {reasons}" if reasons else head)


def _tried(view: AgentView) -> tuple[Prose, ...]:
    return tuple(
        Prose(f"{a.plan.runbook} ({a.plan.id}): {a.how}" + (f", {a.verdict.value}" if a.verdict else ""))
        for a in view.attempts
    )
