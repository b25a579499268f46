"""Incidents and a story with every field set, as pages show them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from aiops.console.stories import PlanStory, ShownDecision, StepStory, Story
from aiops.control.state.documents import PageRecord
from aiops.model.diagnoses import ChangeSuspect, Diagnosis, Evidence, Hypothesis, Impact
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.incidents import Incident, IncidentState, Line, Priority
from aiops.model.pages import Page, page_reason
from aiops.model.prose import Prose
from remediations.saga_state import SagaState, StepMark

T = TypeVar("T")

SECOND = 1_000_000_000
AT = 1_800_000_000 * SECOND
NOW = AT + 754 * SECOND


def signal(route: str, pod: str = "pay-6b9c5d-x2x7k", metric: str = "http.server.request.errors") -> Signal:
    """One abnormal series of a service whose sender gives ten attributes."""
    text = (
        f"{metric}{{http.request.method=POST,http.route={route},k8s.namespace.name=shop,k8s.pod.name={pod},"
        "network.protocol.version=1.1,otel.scope.name=io.opentelemetry.tomcat-10.0,server.address=pay,"
        "service.instance.id=627cc493-f310-47de-96bd-71410b7dec09,url.scheme=https}"
    )
    return Signal(text, metric, SignalDirection.UP, Source.METRIC, AT, 0.98, 41.7, 0.25)


def episode(*signals: Signal, entity: str = "shop/pay", ended_at: int | None = None) -> Episode:
    """Signals of one entity."""
    return Episode(
        f"{entity}@1", entity, AT, 1, 0.98, signals, len(signals) + 2, NOW, ended_at, domain="main"
    )  # fmt: skip


def diagnosis() -> Diagnosis:
    """Two causes with evidence, impact and a change."""
    rose = Prose("shop/pay: http.server.request.errors rose to 41.7, usual 0.25")
    first = Evidence("shop/pay@1", True, rose, "metric", AT,
                     NOW, 2.1)  # fmt: skip
    second = Evidence(
        "graph:shop/pay", False, Prose("shop/pay became abnormal 12 s after shop/db"), "graph", AT, NOW, 0.4
    )
    return Diagnosis(
        work_item="INC-7",
        context_version=3,
        at=AT + 20 * SECOND,
        onset=AT,
        hypotheses=(
            Hypothesis("shop/pay", 0.71, "bad deploy", (first, second)),
            Hypothesis("shop/db", 0.2, "saturation", (second,)),
        ),
        p_unknown=0.05,
        p_rest=0.04,
        impact=(
            Impact("shop/checkout", Prose("abnormal: needs shop/pay"), 1200.0, business_service=True),
            Impact("shop/cart", Prose("at risk: needs shop/checkout"), 0.0),
        ),
        changes=(ChangeSuspect("CHG-31", "shop/pay", 0.8, Prose("deploy of shop/pay 3 min before the onset")),),
        unknown=False,
    )


def incident(state: IncidentState = IncidentState.AWAITING_APPROVAL, name: str = "INC-7") -> Incident:
    """An incident with a cause, in a state."""
    return Incident(
        id=name,
        state=state,
        opened_at=AT + 5 * SECOND,
        updated_at=AT,
        onset=AT,
        entities=("shop/pay", "shop/checkout"),
        open_entities=("shop/pay",),
        episodes=("shop/pay@1",),
        priority=Priority.P1,
        owner="payments",
        diagnosis=diagnosis(),
        tickets=("INC0012345",),
        shadow=True,
        story=(
            Line(
                AT + 5 * SECOND,
                "monitoring",
                Prose("shop/pay is abnormal: http.server.request.errors up"),
                "shop/pay@1",
            ),
            Line(
                AT + 20 * SECOND, "analysis", Prose("probable cause: bad deploy of shop/pay (71%)"), "INC-7/diagnose/1"
            ),
        ),
        members_total=12,
    )


def story(state: IncidentState = IncidentState.AWAITING_APPROVAL) -> Story:
    """Every part of a story."""
    signals = (signal("/pay"), signal("/refund"), signal("/pay", metric="http.server.request.duration"))
    page = Page(
        key="INC-7/approval/0",
        work_item="INC-7",
        level=0,
        at=AT + 30 * SECOND,
        priority=Priority.P1,
        title=Prose("12 entities are unhealthy: probably bad deploy of shop/pay (71%)"),
        broken=Prose("shop/pay, shop/checkout"),
        matters=Prose("shop/checkout: 1,200 a minute at stake."),
        affected=(Prose("shop/checkout"),),
        causes=(Prose("shop/pay, bad deploy (71%)"),),
        tried=(),
        asks=Prose("Approve or reject the plan: `aiops approve INC-7 --seen INC-7-p1@3`."),
    )
    sent = PageRecord(page, page_reason("approval-1"))
    steps = (
        StepStory("1", "roll-back", "shop/pay", "roll-forward shop/pay", StepMark.DONE.value, "revision 41 is active"),
        StepStory("2", "restart", "shop/checkout", "", "not begun"),
    )
    decision = ShownDecision(AT + 25 * SECOND, "INC-7/plan/execute", True, "one-approver", ("P1 asks for a person",),
                        ("tier-1", "no-night-deploys"), "ab" * 32)  # fmt: skip
    return Story(
        incident=incident(state),
        episodes=(episode(*signals), episode(signal("/cart"), entity="shop/checkout", ended_at=NOW)),
        plans=(
            PlanStory("INC-7-p1", "roll-back-deploy", "a bad deploy is rolled back", "errors below 1%",
                      SagaState.STUCK.value, steps, 0.71),
        ),
        decisions=(decision, replace(decision, permitted=False)),
        pages=(sent, replace(sent, delivered=True, acknowledged_by="ann")),
        approvals=("bob",),
        approvals_needed=2,
        seen="INC-7-p1@3",
    )  # fmt: skip


def hostile(value: T, poison: str) -> T:
    """The same value with ``poison`` behind every text in it; enums, numbers and marks of the program stay."""
    made: Any = value
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        made = value + poison
    elif isinstance(value, tuple):
        made = tuple(hostile(one, poison) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(value, **{f.name: hostile(getattr(value, f.name), poison) for f in fields(value)})
    return made  # type: ignore[no-any-return]
