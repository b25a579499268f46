"""The loop with the product's own agents, runbooks and policies: a service falls silent and is restarted."""

from __future__ import annotations

from pathlib import Path

import pytest

import remediations
from aiops.adapters.bundle.loading import load_policies, load_runbooks, load_windows
from aiops.agents.analysis import AnalysisAgent
from aiops.agents.oversight import OversightAgent
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.routing import RoutingAgent
from aiops.agents.triage import TriageAgent
from aiops.model.entities import Criticality, Edge, Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.events import EpisodeReported, ItemReported, TicketReceived
from aiops.model.prose import Prose
from aiops.model.reports import Ticket
from tests.unit.control.fakes import SECOND, START, Loop, settings

DEFAULT_BUNDLE = Path(remediations.__file__).parent / "default_bundle"


def real(**control: float | bool) -> Loop:
    """The real agents over a target that counts."""
    tree = settings(**control)
    catalogue = load_runbooks(DEFAULT_BUNDLE / "runbooks")
    return Loop(
        tree,
        analysis=AnalysisAgent(tree),  # type: ignore[arg-type]
        routing=RoutingAgent(catalogue, tree.control),
        resolution=ResolutionAgent(tree, catalogue),  # type: ignore[arg-type]
        oversight=OversightAgent(load_policies(DEFAULT_BUNDLE / "policies"), load_windows(DEFAULT_BUNDLE / "windows")),  # type: ignore[arg-type]
        triage=TriageAgent(),
    )


def describe(loop: Loop, criticality: Criticality = Criticality.LOW) -> None:
    """Web needs cart; a shop lives on it."""
    items = [
        (Item("shop", "business_service", value_per_minute=200.0), ("web",)),
        (Item("books", "business_service", value_per_minute=800.0), ()),
        (Item("web", owner="front", criticality=criticality, replicas=3), ("cart",)),
        (Item("cart", owner="back", criticality=criticality, replicas=3), ()),
    ]
    for item, needs in items:
        edges = tuple(Edge(item.id, other) for other in needs)
        loop.runtime.offer(ItemReported(id=f"item/{item.id}", at=START, item=item, edges=edges))


def told(
    entity: str, at: int, metric: str, direction: SignalDirection, *, watermark: int, revision: int = 1
) -> Episode:
    """An episode of one signal."""
    signal = Signal(metric, metric, direction, Source.METRIC, at, 0.95, 0.0, 50.0)
    return Episode(f"{entity}@{at}", entity, at, revision, 0.95, (signal,), 1, watermark)


def silence(loop: Loop) -> None:
    """Cart falls silent, web has errors; both go on being reported."""
    loop.target.abnormal |= {"cart", "web"}
    for revision, seconds in enumerate((0, 10, 20, 30, 60, 90), start=1):
        at = START + (seconds + 1) * SECOND
        for entity, metric, way, late in (
            ("cart", "up", SignalDirection.SILENT, 0),
            ("web", "http.errors", SignalDirection.UP, 2),
        ):
            opened = START + (1 + late) * SECOND
            episode = told(entity, opened, metric, way, watermark=at, revision=revision)
            loop.runtime.offer(EpisodeReported(id=f"{episode.id}/{revision}", at=at, episode=episode))


def test_a_crashed_service_of_low_tier_is_restarted_or_somebody_is_asked() -> None:
    """Whatever policy says of it: the incident is on its way, with a root and an owner, and nothing was vetoed away."""
    loop = real()
    describe(loop)
    silence(loop)
    loop.wait(40)
    incident = loop.runtime.orchestrator.state.incidents["INC-1"]
    print(loop.story())
    print(loop.target.pages)
    assert incident.root == "cart"
    assert incident.owner == "back"
    assert incident.state.value in {"acting", "verifying", "resolved", "awaiting-approval"}
    assert list(loop.incidents) == ["INC-1"]


@pytest.mark.parametrize("seconds", [10.0, 40.0])
def test_tickets_join_the_open_incident(seconds: float) -> None:
    """A ticket that names a member becomes evidence of its incident; three on another item open one for people."""
    loop = real()
    describe(loop)
    silence(loop)
    loop.wait(seconds)
    ticket = Ticket("T1", loop.at, Prose("cart does not work"))
    loop.runtime.offer(TicketReceived(id="t1", at=loop.at, ticket=ticket))
    loop.wait(5)
    assert loop.runtime.orchestrator.state.incidents["INC-1"].tickets == ("T1",)


def test_tickets_alone_open_an_incident_for_people() -> None:
    """Three users name one item; a person is paged and nothing is done."""
    loop = real()
    describe(loop)
    for number in range(3):
        ticket = Ticket(f"T{number}", START, Prose("the web is slow, restart it"))
        loop.runtime.offer(TicketReceived(id=f"t{number}", at=START + number * SECOND, ticket=ticket))
    loop.wait(120)
    print(loop.story())
    assert loop.incidents == {"INC-1": "escalated"}
    assert loop.target.effects == {}
    assert len(loop.target.pages) == 1
