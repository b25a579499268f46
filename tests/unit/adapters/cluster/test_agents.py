from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aiops.adapters.cluster import agents
from aiops.adapters.cluster.agents import AgentHost, ClusterAgents
from aiops.adapters.cluster.serialization import packed, unpacked
from aiops.agents.view import AgentView
from aiops.driver.conversation import AgentQuestion, Answer, Failed
from aiops.model.entities import Edge, Item
from aiops.model.errors import PermanentError
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, Role
from tests.unit.adapters.cluster.fakes import FakeCluster
from tests.unit.agents.faulty_estate import handoff, view
from topology.graph import Graph

GRAPH = Graph.build([Item("web"), Item("cart")], [Edge("web", "cart")])
NEWER = replace(GRAPH, version=GRAPH.version + 1)


class Echo:
    """Answers a handoff with itself; the graph that it was shown is kept."""

    role = Role.ANALYSIS

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.seen = error, list[Graph]()

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        self.seen.append(view.graph)
        if self.error is not None and handoff.id == "bad":
            raise self.error
        return (handoff,)


def question(name: str = "q", graph: Graph = GRAPH) -> AgentQuestion:
    """A question with this handoff, on this graph."""
    asked = handoff(DiagnoseRequest(), Intent.DIAGNOSE, id=name, sender=Role.ORCHESTRATOR, to=Role.ANALYSIS)
    return AgentQuestion(asked, replace(view(), graph=graph))


def answers(host: AgentHost, *questions: AgentQuestion, reference: str = "r") -> list[Answer]:
    """What the host answers."""
    found: list[Answer] = unpacked(host.handle(packed(list(questions)), [reference]))
    return found


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """References that were fetched, in order; each gives a graph of its own."""
    asked: list[Any] = []

    def shared(reference: Any) -> Graph:
        asked.append(reference)
        return GRAPH

    monkeypatch.setattr(agents, "shared", shared)
    return asked


def test_the_agent_sees_the_shared_graph(fetched: list[Any]) -> None:
    """The view comes without a graph and is shown with the one behind the reference."""
    echo = Echo()
    (answer,) = answers(AgentHost(echo), question("q", Graph.empty()))
    assert [one.id for one in answer] == ["q"]  # type: ignore[union-attr]
    assert echo.seen == [GRAPH]


def test_a_graph_is_fetched_once_a_reference(fetched: list[Any]) -> None:
    """Three calls with two references fetch twice."""
    host = AgentHost(Echo())
    for reference in ("r1", "r1", "r2"):
        answers(host, question(), reference=reference)
    assert fetched == ["r1", "r2"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermanentError("no runbook"), "PermanentError: no runbook"),
        (KeyError("cart"), "it failed: KeyError: 'cart'"),
        (ValueError("x" * 900), "it failed: ValueError: " + "x" * 477),
    ],
)
def test_one_failure_leaves_the_other_answers(fetched: list[Any], error: Exception, told: str) -> None:
    """An agent that fails at one handoff answers the rest of the call; the reason is cut to 500 characters."""
    first, second, third = answers(AgentHost(Echo(error)), question("a"), question("bad"), question("c"))
    assert second == Failed(told)
    assert [one[0].id for one in (first, third)] == ["a", "c"]  # type: ignore[index]


def test_the_fail_point_is_before_each_handoff(fetched: list[Any]) -> None:
    """Fault injection reaches every question of a call."""
    named: list[str] = []
    keep: Callable[[str], None] = named.append
    answers(AgentHost(Echo(), keep), question("a"), question("b"))
    assert named == ["agent.handling"] * 2


def test_questions_go_packed_and_without_their_graph(fetched: list[Any]) -> None:
    """The role's actor gets slim views and one reference; answers come back in order."""
    echo = Echo()
    cluster = FakeCluster({("analysis", 0): AgentHost(echo)})
    found = ClusterAgents(cluster).ask(Role.ANALYSIS, [question("a"), question("b")]).result(0)
    assert [one[0].id for one in found] == ["a", "b"]  # type: ignore[index]
    ((role, number, method, (blob, references), _),) = cluster.calls
    assert (role, number, method, references) == ("analysis", 0, "handle", ["reference-1"])
    assert {len(one.view.graph) for one in unpacked(blob)} == {0}


def test_the_newest_graph_is_shared_once(fetched: list[Any]) -> None:
    """The same graph is put once; of several versions in one call the newest is shared."""
    cluster = FakeCluster({("analysis", 0): AgentHost(Echo())})
    asking = ClusterAgents(cluster)
    asking.ask(Role.ANALYSIS, [question()])
    asking.ask(Role.ANALYSIS, [question()])
    asking.ask(Role.ANALYSIS, [question(graph=NEWER), question(graph=GRAPH)])
    assert [graph.version for graph in cluster.shared] == [GRAPH.version, NEWER.version]


def test_an_actor_that_is_gone_is_the_error_of_all() -> None:
    """The future carries the error: nobody waits for ever."""
    found = ClusterAgents(FakeCluster()).ask(Role.ROUTING, [question()])
    assert "routing/0 is not there" in str(found.exception(0))


def test_an_answer_that_cannot_be_read_is_an_error() -> None:
    """Bytes of another build reach whoever waits as an exception, not as silence."""

    class Garbage:
        def handle(self, questions: bytes, graph: list[Any]) -> bytes:
            return b"garbage"

    found = ClusterAgents(FakeCluster({("analysis", 0): Garbage()})).ask(Role.ANALYSIS, [question()])
    assert found.exception(0) is not None
