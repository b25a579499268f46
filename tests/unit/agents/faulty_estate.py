"""A small estate in trouble, for the tests of resolution and oversight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiops.agents.view import AgentView
from aiops.model.diagnoses import ChangeSuspect, Diagnosis, Evidence, Hypothesis
from aiops.model.entities import Criticality, Edge, EdgeKind, Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.handoffs import Handoff, Intent, Payload, Role, Routed
from aiops.model.incidents import Incident, IncidentState, Priority
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from aiops.model.reports import Change
from topology.graph import Graph

S = 1_000_000_000
NOW = 1_700_000_000 * S
ITEMS = (
    Item("shop", "business_service", value_per_minute=100.0),
    Item("web", owner="team-store", criticality=Criticality.CRITICAL, replicas=4, failure_domain="zone-a"),
    Item("cart", owner="team-store", replicas=3, failure_domain="zone-a"),
    Item("search", replicas=12, failure_domain="zone-a"),
    Item("orders-db", "database", criticality=Criticality.CRITICAL, replicas=2, failure_domain="zone-b"),
    Item("cache", "cache", replicas=2, failure_domain="zone-b"),
)
EDGES = (
    Edge("shop", "web", EdgeKind.USES),
    Edge("web", "cart", weight=10.0),
    Edge("web", "search"),
    Edge("cart", "orders-db", EdgeKind.USES),
    Edge("cart", "cache", EdgeKind.USES, weight=30.0),
    Edge("search", "cache", EdgeKind.USES, weight=3.0),
)
GRAPH = Graph.build(ITEMS, EDGES)


def episode(entity: str = "cart", metric: str = "errors", **fields: Any) -> Episode:
    """An open episode with one signal."""
    signal = Signal(metric, metric, SignalDirection.UP, Source.METRIC, NOW - 60 * S, 0.9, 5.0, 1.0)
    values: dict[str, Any] = {"watermark": NOW - 5 * S, "opened_at": NOW - 60 * S} | fields
    return Episode(f"{entity}@1", entity, revision=1, severity=0.9, signals=(signal,), signals_total=1, **values)


def diagnosis(kind: str = "crash", root: str = "cart", probability: float = 0.8, **fields: Any) -> Diagnosis:
    """One clear hypothesis."""
    evidence = (Evidence(f"{root}@1", True, Prose(f"{root}: errors up"), "metric", NOW - 60 * S, NOW, 2.0),)
    first = Hypothesis(root, probability, kind, evidence)
    values: dict[str, Any] = {"changes": (), "unknown": False} | fields
    return Diagnosis(
        "inc-1", 1, NOW, NOW - 60 * S, (first,), 1 - probability, 0.0, impact=(), members=(root,), **values
    )


def view(found: Diagnosis | None = None, episodes: tuple[Episode, ...] | None = None, **fields: Any) -> AgentView:
    """The incident on that estate; ``incident`` in ``fields`` changes the incident's own."""
    found = found or diagnosis()
    episodes = (episode(),) if episodes is None else episodes
    entities = tuple(dict.fromkeys(e.entity for e in episodes))
    incident = Incident(
        "inc-1",
        IncidentState.DECIDING,
        NOW - 50 * S,
        NOW,
        NOW - 60 * S,
        entities,
        entities,
        tuple(e.id for e in episodes),
        diagnosis=found,
    )
    incident = replace(incident, **fields.pop("incident", {}))
    items = {item.id: item for item in ITEMS}
    return AgentView(NOW, incident, episodes, GRAPH, items, evidence_at=NOW - 5 * S, **fields)


def handoff(payload: Payload, intent: Intent, **fields: Any) -> Handoff:
    """A complete handoff."""
    values: dict[str, Any] = {
        "id": "h/route/plan",
        "work_item": "inc-1",
        "sender": Role.ROUTING,
        "to": Role.RESOLUTION,
        "intent": intent,
        "confidence": 0.8,
        "reasoning": ("because [cart@1]",),
        "evidence": ("cart@1",),
        "context_version": 1,
        "at": NOW,
        "deadline_at": NOW + 5 * S,
        "payload": payload,
        "cause": "h/route",
    } | fields
    return Handoff(**values)


def routed(found: Diagnosis, *runbooks: str) -> Handoff:
    """Routing's word with these candidates."""
    payload = Routed(found, Priority.P2, "availability 99 %", "team-store", runbooks, Oversight.UNATTENDED)
    return handoff(payload, Intent.PLAN, evidence=tuple(e.id for h in found.hypotheses for e in h.evidence))


def changed(found: Diagnosis, kind: str = "deploy", **fields: Any) -> tuple[Diagnosis, tuple[Change, ...]]:
    """The same with a suspicious change on the root."""
    root = found.hypotheses[0].entity
    values: dict[str, Any] = {"version": "7"} | fields
    change = Change("c-2", root, NOW - 90 * S, kind, Prose(f"{root} version 8 rolled out"), **values)
    return replace(found, changes=(ChangeSuspect("c-2", root, 0.9, Prose("30 s before")),)), (change,)
