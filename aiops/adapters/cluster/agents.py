"""The agents as actors: several packed handoffs per call; the graph is shared once per version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from aiops.adapters.cluster.cluster import RayCluster, shared
from aiops.adapters.cluster.serialization import packed, unpacked
from aiops.agents.view import Agent
from aiops.driver.conversation import AgentQuestion, Answer, answer_of
from aiops.model.handoffs import Role
from topology.graph import Graph


class AgentHost:
    """Hosts one agent in its actor. The graph comes by reference and is kept until its version changes."""

    def __init__(self, agent: Agent, fail_point: Callable[[str], None] = lambda _: None) -> None:
        self._agent, self._fail_point = agent, fail_point
        self._graph = Graph.empty()
        self._known: Any = None

    def handle(self, questions: bytes, graph: list[Any]) -> bytes:
        """Packed questions to packed answers. ``graph``: the reference in a list, which Ray does not fetch."""
        (reference,) = graph
        if reference != self._known:
            self._graph, self._known = shared(reference), reference
        return packed([self._answer(question) for question in unpacked(questions)])

    def _answer(self, question: AgentQuestion) -> Answer:
        self._fail_point("agent.handling")
        return answer_of(self._agent, replace(question, view=replace(question.view, graph=self._graph)))


class ClusterAgents:
    """Calls the agents' actors; shares each version of the graph once."""

    def __init__(self, cluster: RayCluster) -> None:
        self._cluster = cluster
        self._empty = Graph.empty()
        self._graph: Graph | None = None
        self._reference: Any = None

    def ask(self, role: Role, questions: Sequence[AgentQuestion]) -> Future[Sequence[Answer]]:
        """Send the handoffs to the agent with the newest of their graphs; a future of its answers."""
        newest = max((question.view.graph for question in questions), key=lambda graph: graph.version)
        if newest is not self._graph:
            self._graph, self._reference = newest, self._cluster.put(newest)
        slim = [replace(question, view=replace(question.view, graph=self._empty)) for question in questions]
        found: Future[Sequence[Answer]] = Future()
        call = self._cluster.call(role.value, 0, "handle", packed(slim), [self._reference])
        call.add_done_callback(lambda done: _settle(found, done))
        return found


def _settle(found: Future[Sequence[Answer]], done: Future[bytes]) -> None:
    try:
        found.set_result(unpacked(done.result()))
    except Exception as error:  # noqa: BLE001 - the effect boundary: the caller gets every error
        found.set_exception(error)
