"""The dispatcher's view of the cluster: agents, the executors' gate and the shards as plain ports."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import replace
from typing import Any

from aiops.agents.view import Agent, View
from aiops.model.errors import AiopsError
from aiops.model.handoffs import Handoff, Role
from aiops.model.plans import Observed, StepOrder, StepOutcome
from aiops.model.telemetry import EntityReading, FleetAnswer, FleetQuestion
from aiops.ports import Clock
from aiops.shell.cluster.cluster import Cluster, shared
from topology.graph import Graph

_ASK_SECONDS = 3.0


class AgentHost:
    """Wraps one agent in its actor. The graph comes by reference and is kept until its version changes."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._graph = Graph.empty()
        self._known: Any = None

    def handle(self, handoff: Handoff, view: View, graph: list[Any]) -> tuple[Handoff, ...]:
        """One handoff. ``graph``: a list with the reference, so that Ray does not fetch it unasked."""
        (reference,) = graph
        if reference != self._known:
            self._graph, self._known = shared(reference), reference
        return self._agent.handle(handoff, replace(view, graph=self._graph))


class ClusterAgents:
    """Asks agents as actors; shares each version of the graph once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._empty = Graph.empty()
        self._graph: Graph | None = None
        self._reference: Any = None

    def ask(self, role: Role, handoff: Handoff, view: View) -> Future[tuple[Handoff, ...]]:
        """Give the handoff to the agent; its answers, or its error."""
        if view.graph is not self._graph:
            self._graph, self._reference = view.graph, self._cluster.put(view.graph)
        slim = replace(view, graph=self._empty)
        return self._cluster.call(role.value, 0, "handle", handoff, slim, [self._reference])


class ClusterSteps:
    """The gate as an actor of its own, outside the orchestrator's process."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """Carry it out."""
        return self._cluster.call("executor", 0, "run", order, group="ask")

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        """Look whether it happened."""
        return self._cluster.call("executor", 0, "observe", order, group="ask")


class ClusterFleet:
    """Asks all shards and puts their answers together; who is silent is missing."""

    def __init__(self, cluster: Cluster, shards: Sequence[int] | None, clock: Clock) -> None:
        self._cluster, self._shards, self._clock = cluster, shards, clock

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """Of an entity that several shards know, the readings of all; its watermark is the lowest."""
        calls = [self._cluster.call("shard", n, "ask", question, group="ask") for n in self._numbers()]
        done, _ = wait_for(calls, timeout=_ASK_SECONDS)
        found: dict[str, EntityReading] = {}
        for call in done:
            try:
                answer: FleetAnswer = call.result()
            except AiopsError:
                continue
            for reading in answer.readings:
                known = found.get(reading.entity)
                found[reading.entity] = reading if known is None else _joined(known, reading)
        return FleetAnswer(question.id, self._clock.now(), tuple(found.values()), question.domain)

    def _numbers(self) -> Sequence[int]:
        return self._shards if self._shards is not None else self._cluster.numbers("shard")


def _joined(one: EntityReading, other: EntityReading) -> EntityReading:
    series = sorted((*one.series, *other.series), key=lambda s: -s.score)[:32]
    known = [at for at in (one.watermark, other.watermark) if at]
    return EntityReading(one.entity, min(known, default=0), one.unwell or other.unwell, tuple(series))
