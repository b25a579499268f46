"""How long observed edges are kept."""

from __future__ import annotations

import pytest

from aiops.control.orchestrator import Orchestrator
from aiops.model.entities import RESOURCES, Edge, EdgeKind
from aiops.model.events import EdgesObserved, OrchestratorStarted, Tick
from tests.unit.control.fakes import SECOND, START, settings

HOUR = 3600 * SECOND


@pytest.fixture
def orchestrator() -> Orchestrator:
    """One that has started."""
    made = Orchestrator(settings())
    made.handle(OrchestratorStarted(id="started", at=START, epoch=1, halt_generation=0, halted=False))
    return made


def test_edges_that_resources_state_are_kept_for_hours_and_those_of_spans_for_a_day(orchestrator: Orchestrator) -> None:
    """Pods come and go, and their edges are told every hour."""
    stated = Edge("pod", "node", EdgeKind.RUNS_ON, RESOURCES, START)
    called = Edge("web", "pay", EdgeKind.CALLS, "spans", START)
    orchestrator.handle(EdgesObserved(id="edges", at=START, edges=(stated, called)))
    for hours, expected in ((2, ("node", "pay", "pod", "web")), (4, ("pay", "web")), (25, ())):
        orchestrator.handle(Tick(id=f"tick {hours}", at=START + hours * HOUR))
        assert orchestrator.state.graph(START + hours * HOUR).names == expected


def test_new_edges_end_old_ones(orchestrator: Orchestrator) -> None:
    """A fleet whose pods are replaced has the edges of the last hours, also if nobody tells the time."""
    for hour in range(10):
        at = START + hour * HOUR
        edge = Edge(f"pod-{hour}", "node", EdgeKind.RUNS_ON, RESOURCES, at)
        orchestrator.handle(EdgesObserved(id=f"edges {hour}", at=at, edges=(edge,)))
    assert [edge.source for edge in orchestrator.state.edges.values()] == ["pod-6", "pod-7", "pod-8", "pod-9"]
