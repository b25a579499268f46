"""Routing: priority, owner, agreement, runbooks; what waits and what goes to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from aiops.agents.routing import RoutingAgent
from aiops.agents.view import View
from aiops.model.diagnoses import Diagnosis, Evidence, Hypothesis, Impact
from aiops.model.entities import Criticality, Item, Objective
from aiops.model.episodes import Direction, Episode, Signal, Source
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Diagnosed, DiagnoseRequest, Escalated, Handoff, Intent, Role, Routed
from aiops.model.incidents import Incident, IncidentState, Priority
from aiops.model.plans import Oversight
from aiops.settings import Control
from topology.graph import Graph

SECOND = 10**9
ITEMS = {
    "db": Item("db", owner="dba", criticality=Criticality.HIGH),
    "web": Item("web", owner="shop", objectives=(Objective("orders", 0.999),)),
    "shop": Item("shop", "business_service", criticality=Criticality.MEDIUM),
}


@dataclass(frozen=True)
class ByKind:
    """A catalogue that knows kinds of fault only."""

    runbooks: Mapping[str, tuple[str, ...]]

    def candidates(self, diagnosis: Diagnosis, item: Item | None) -> tuple[str, ...]:
        """Those of the first hypothesis' kind."""
        return tuple(name for first in diagnosis.hypotheses[:1] for name in self.runbooks.get(first.kind, ()))


def diagnosis(probability: float = 0.9, kind: str = "crash", *, unknown: bool = False, value: float = 0.0) -> Diagnosis:
    """The database is the cause."""
    evidence = Evidence("db@1", True, "db was first", "metric", 0, 1, 2.0)
    return Diagnosis(
        work_item="INC-1",
        context_version=1,
        at=0,
        onset=0,
        hypotheses=(Hypothesis("db", probability, kind, (evidence,)), Hypothesis("web", 0.05, kind, ())),
        p_unknown=0.0,
        p_rest=0.95 - probability,
        impact=(Impact("shop", "at risk", value, business_service=True),),
        changes=(),
        unknown=unknown,
    )


def view(age: float = 60.0, source: Source = Source.METRIC, items: dict[str, Item] | None = None) -> View:
    """An incident that opened ``age`` seconds ago with one member."""
    signal = Signal("errors", "errors", Direction.UP, source, 0, 0.9, 9.0, 1.0)
    episode = Episode("web@0", "web", 0, 1, 0.9, (signal,), 1, 0, source=source)
    incident = Incident("INC-1", IncidentState.DECIDING, 0, 0, 0, ("web",), ("web",), ("web@0",))
    return View(round(age * SECOND), incident, (episode,), Graph.empty(), ITEMS if items is None else items)


def route(found: Diagnosis, shown: View) -> tuple[Handoff, ...]:
    """What routing says."""
    handoff = Handoff(
        "h/route", "INC-1", Role.ANALYSIS, Role.ROUTING, Intent.ROUTE, 0.9, ("r",), (), 1, 1, 9, Diagnosed(found), "c"
    )
    return RoutingAgent(ByKind({"crash": ("restart-service",)}), Control()).handle(handoff, shown)


def routed(found: Diagnosis, shown: View) -> Routed:
    """The one answer, to resolution."""
    (answer,) = route(found, shown)
    assert (answer.to, answer.intent) == (Role.RESOLUTION, Intent.PLAN)
    assert isinstance(answer.payload, Routed)
    return answer.payload


def escalated(found: Diagnosis, shown: View) -> Escalated:
    """The one answer, to a person."""
    (answer,) = route(found, shown)
    assert (answer.to, answer.intent) == (Role.ORCHESTRATOR, Intent.ESCALATE)
    assert isinstance(answer.payload, Escalated)
    return answer.payload


def test_a_clear_cause_with_a_runbook_is_handed_on() -> None:
    """Owner of the cause, the strictest objective of what is touched, the runbook of its kind."""
    answer = routed(diagnosis(), view())
    assert (answer.owner, answer.runbooks, answer.level) == ("dba", ("restart-service",), Oversight.UNATTENDED)
    assert answer.agreement == "orders: 99.900% availability in 30 days of web"


@pytest.mark.parametrize(
    ("value", "criticality", "priority"),
    [
        (0.0, Criticality.LOW, Priority.P3),
        (5000.0, Criticality.LOW, Priority.P1),
        (150.0, Criticality.LOW, Priority.P2),
        (0.0, Criticality.CRITICAL, Priority.P1),
        (150.0, Criticality.CRITICAL, Priority.P1),
    ],
)
def test_the_more_urgent_of_value_and_tier_counts(value: float, criticality: Criticality, priority: Priority) -> None:
    """The member web is of medium tier; the business service varies."""
    items = ITEMS | {"shop": replace(ITEMS["shop"], criticality=criticality)}
    assert routed(diagnosis(value=value), view(items=items)).priority is priority


def test_a_less_probable_cause_needs_an_approver() -> None:
    """55 % is enough for a plan, not for acting alone."""
    assert routed(diagnosis(0.55), view()).level is Oversight.ONE_APPROVER


def test_who_is_accused_by_others_only_is_waited_for() -> None:
    """What shows no trouble of its own may be well: more callers may speak, or something else."""
    runbooks = ByKind({"silence": ("restart-service",)})
    agent = RoutingAgent(runbooks, Control())
    handoff = Handoff(
        "h/route", "INC-1", Role.ANALYSIS, Role.ROUTING, Intent.ROUTE, 0.9, ("r",), (), 1, 1, 9,
        Diagnosed(diagnosis(kind="silence")), "c",
    )  # fmt: skip
    assert agent.handle(handoff, view(age=10.0)) == ()
    assert agent.handle(handoff, view(age=21.0))[0].intent is Intent.PLAN


def test_a_doubtful_cause_waits_for_evidence() -> None:
    """While the gathering time lasts: no answer."""
    assert route(diagnosis(0.3), view(age=10.0)) == ()
    assert route(diagnosis(unknown=True), view(age=10.0)) == ()


def test_a_trouble_that_opened_just_now_waits_for_its_neighbours() -> None:
    """Also with a sure cause: the true one may speak a moment later."""
    assert route(diagnosis(), view(age=1.0)) == ()
    assert len(route(diagnosis(), view(age=6.0))) == 1


def test_a_cause_that_stays_doubtful_goes_to_a_person() -> None:
    """The page says how sure it is."""
    assert "30%" in escalated(diagnosis(0.3), view()).reason


def test_an_unknown_cause_goes_to_a_person_with_the_whole_story() -> None:
    """The page says what is broken, why it matters, who is affected, and what the candidates are."""
    page = escalated(diagnosis(unknown=True, value=2000.0), view()).page
    assert "web" in page.broken
    assert "2,000 a minute" in page.matters
    assert "shop: at risk" in page.affected
    assert page.causes[0].startswith("db, crash (90%): for: db was first [db@1]")
    assert page.priority is Priority.P1


def test_a_cause_without_a_runbook_goes_to_a_person() -> None:
    """Nothing is tried that nobody wrote down."""
    assert "No runbook" in escalated(diagnosis(kind="fire"), view()).reason


def test_tickets_alone_never_lead_to_a_plan() -> None:
    """Users' words open incidents for people only."""
    assert "tickets" in escalated(diagnosis(), view(source=Source.TICKET)).reason


def test_no_items_known_is_no_error() -> None:
    """Without a CMDB: lowest priority, nobody's, no agreement."""
    answer = routed(diagnosis(), view(items={}))
    assert (answer.priority, answer.owner, answer.agreement) == (Priority.P4, "", "no objective stated")


def test_another_intent_is_refused() -> None:
    """Routing routes."""
    handoff = Handoff(
        "h", "INC-1", Role.ANALYSIS, Role.ROUTING, Intent.ROUTE, 0.9, ("r",), (), 1, 1, 9, DiagnoseRequest(), "c"
    )
    with pytest.raises(PermanentError):
        RoutingAgent(ByKind({}), Control()).handle(handoff, view())
