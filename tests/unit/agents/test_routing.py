"""Routing: priority, owner, agreement, runbooks; what waits and what goes to a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.agents.routing import RoutingAgent
from aiops.agents.view import AgentView
from aiops.model.codec import decode, encode
from aiops.model.diagnoses import Diagnosis, Evidence, Hypothesis, Impact
from aiops.model.entities import Criticality, Item, Objective
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Diagnosed, DiagnoseRequest, Escalated, Handoff, Intent, Role, Routed
from aiops.model.incidents import Incident, IncidentState, Priority
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from aiops.settings import Control
from remediations.runbooks import Catalogue, Runbook, RunbookStep, When
from topology.graph import Graph

SECOND = 10**9
ITEMS = {
    "db": Item("db", owner="dba", criticality=Criticality.HIGH),
    "web": Item("web", owner="shop", objectives=(Objective("orders", 0.999),)),
    "shop": Item("shop", "business_service", criticality=Criticality.MEDIUM),
}


def diagnosis(probability: float = 0.9, kind: str = "crash", *, unknown: bool = False, value: float = 0.0) -> Diagnosis:
    """The database is the cause."""
    evidence = Evidence("db@1", True, Prose("db was first"), "metric", 0, 1, 2.0)
    return Diagnosis(
        work_item="INC-1",
        context_version=1,
        at=0,
        onset=0,
        hypotheses=(Hypothesis("db", probability, kind, (evidence,)), Hypothesis("web", 0.05, kind, ())),
        p_unknown=0.0,
        p_rest=0.95 - probability,
        impact=(Impact("shop", Prose("at risk"), value, business_service=True),),
        changes=(),
        unknown=unknown,
    )


def view(age: float = 60.0, source: Source = Source.METRIC, items: dict[str, Item] | None = None) -> AgentView:
    """An incident that opened ``age`` seconds ago with one member."""
    signal = Signal("errors", "errors", SignalDirection.UP, source, 0, 0.9, 9.0, 1.0)
    episode = Episode("web@0", "web", 0, 1, 0.9, (signal,), 1, 0, source=source)
    incident = Incident("INC-1", IncidentState.DECIDING, 0, 0, 0, ("web",), ("web",), ("web@0",))
    return AgentView(round(age * SECOND), incident, (episode,), Graph.empty(), ITEMS if items is None else items)


def catalogue(by_kind: dict[str, tuple[str, ...]]) -> Catalogue:
    """Runbooks that restart the cause of these kinds of faults."""
    step = RunbookStep(id="restart", primitive="restart")
    return Catalogue(
        {
            name: Runbook(id=name, title=name, when=When(kinds=(kind,)), steps=(step,), expected="it is well")
            for kind, names in by_kind.items()
            for name in names
        }
    )


def route(found: Diagnosis, shown: AgentView) -> tuple[Handoff, ...]:
    """What routing says."""
    handoff = Handoff(
        "h/route",
        "INC-1",
        Role.ANALYSIS,
        Role.ROUTING,
        Intent.ROUTE,
        0.9,
        (Prose("r"),),
        (),
        1,
        1,
        9,
        Diagnosed(found),
        "c",
    )
    return RoutingAgent(catalogue({"crash": ("restart-service",)}), Control()).handle(handoff, shown)


def routed(found: Diagnosis, shown: AgentView) -> Routed:
    """The one answer, to resolution."""
    (answer,) = route(found, shown)
    assert (answer.to, answer.intent) == (Role.RESOLUTION, Intent.PLAN)
    assert isinstance(answer.payload, Routed)
    return answer.payload


def escalated(found: Diagnosis, shown: AgentView) -> Escalated:
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
    runbooks = catalogue({"silence": ("restart-service",)})
    agent = RoutingAgent(runbooks, Control())
    handoff = Handoff(
        "h/route", "INC-1", Role.ANALYSIS, Role.ROUTING, Intent.ROUTE, 0.9, (Prose("r"),), (), 1, 1, 9,
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
    assert "No approved runbook" in escalated(diagnosis(kind="fire"), view()).reason


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
        "h", "INC-1", Role.ANALYSIS, Role.ROUTING, Intent.ROUTE, 0.9, (Prose("r"),), (), 1, 1, 9, DiagnoseRequest(), "c"
    )
    with pytest.raises(PermanentError):
        RoutingAgent(catalogue({}), Control()).handle(handoff, view())


def on_metrics(*patterns: str) -> Catalogue:
    """One runbook that looks at metrics alone."""
    step = RunbookStep(id="restart", primitive="restart")
    when = When(metrics=patterns)
    return Catalogue({"restart": Runbook(id="restart", title="r", when=when, steps=(step,), expected="it is well")})


def signals(entity: str, *metrics: str) -> Episode:
    """An episode of these metrics."""
    made = tuple(Signal(m, m, SignalDirection.UP, Source.METRIC, 0, 0.9, 9.0, 1.0) for m in metrics)
    return Episode(f"{entity}@0", entity, 0, 1, 0.9, made, len(made), 0)


@pytest.mark.parametrize(
    ("pattern", "episodes", "applies"),
    [
        ("*heap*", (signals("db", "errors", "jvm.heap.used"),), True),
        ("*heap*", (signals("db", "errors"), signals("web", "jvm.heap.used")), False),
        ("*was first*", (signals("db", "errors"),), False),
        ("*db*", (signals("db", "errors"),), False),
        ("*rate", (signals("db", "error.rate"),), True),
    ],
    ids=["own", "of another", "of the evidence's sentence", "of the entity's name", "at the end"],
)
def test_runbooks_are_matched_against_the_causes_own_metrics(
    pattern: str, episodes: tuple[Episode, ...], *, applies: bool
) -> None:
    """By the names of its signals; what the evidence's sentences say does not count."""
    handoff = Handoff(
        "h/route", "INC-1", Role.ANALYSIS, Role.ROUTING, Intent.ROUTE, 0.9, (Prose("r"),), (), 1, 1, 9,
        Diagnosed(diagnosis()), "c",
    )  # fmt: skip
    shown = replace(view(), episodes=episodes)
    (answer,) = RoutingAgent(on_metrics(pattern), Control()).handle(handoff, shown)
    assert (answer.intent is Intent.PLAN) is applies


def test_the_situation_is_handed_on() -> None:
    """Resolution need not build it again; it survives the journal byte for byte."""
    answer = routed(diagnosis(), view())
    assert answer.situation is not None
    assert (answer.situation.kind, answer.situation.bindings["root"]) == ("crash", "db")
    assert encode(decode(Routed, encode(answer))) == encode(answer)
    assert decode(Routed, encode(answer)) == answer


def test_a_cause_with_a_bracket_in_its_name_still_cites_its_evidence() -> None:
    """Every sentence of the reasoning ends in the handoff that it rests on."""
    named = replace(diagnosis(kind="fire"), hypotheses=(Hypothesis("db[0]", 0.9, "fire", ()),))
    (answer,) = route(named, view())
    assert answer.reasoning[0].endswith("[h/route]")
