"""What looks after a world: the product (monitoring agent and control plane in one process), or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import remediations
from aiops.agents.analysis import AnalysisAgent
from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.agents.oversight import OversightAgent
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.routing import RoutingAgent
from aiops.agents.triage import TriageAgent
from aiops.agents.view import Agent
from aiops.driver.gate import ANY
from aiops.driver.in_process import InProcessRuntime
from aiops.driver.in_process import World as Outside
from aiops.driver.memory_journal import MemoryJournal
from aiops.model import cloudevents
from aiops.model.cloudevents import Receipt, Refused
from aiops.model.errors import PermanentError
from aiops.model.events import EdgesObserved, EpisodeReported
from aiops.model.handoffs import Role
from aiops.settings import DataPlane, Kafka, Settings
from remediations.budget import MemoryBudget
from remediations.policy import PolicySet
from remediations.runbooks import Catalogue
from remediations.windows import Windows
from simulations.running.feeds import SLOT, FullFeed, LightFeed
from simulations.running.outside import Act, AgentFleet, OnCall, PageRecorder, WorldExecutor
from simulations.world.reporter import items
from simulations.world.world import World

BINDER = Path(remediations.__file__).parent / "binder"
"""Runbooks, policies and windows that ship."""


def settings_for(*, light: bool) -> Settings:
    """One slot, and room for the estate's series; light runs do without models, which learn for two hours first."""
    data = DataPlane(series_limit=50_000, model_series=0) if light else DataPlane(series_limit=50_000)
    return Settings(kafka=Kafka(partitions=1), data=data)


def agents_of(settings: Settings, folder: Path = BINDER) -> dict[Role, Agent]:
    """The product's agents of the control plane."""
    catalogue = Catalogue.load(folder / "runbooks")
    return {
        Role.ANALYSIS: AnalysisAgent(settings),
        Role.ROUTING: RoutingAgent(catalogue, settings.control),
        Role.RESOLUTION: ResolutionAgent(settings, catalogue),
        Role.OVERSIGHT: OversightAgent(
            PolicySet.load(folder / "policies"),
            Windows.load(folder / "windows"),
            settings.control.evidence_age_seconds,
        ),
        Role.TRIAGE: TriageAgent(),
    }


class Healer(Protocol):
    """Looks at a world after each tick, and may act on it."""

    acts: list[Act]

    def tick(self) -> None:
        """A second has passed."""
        ...


@dataclass(slots=True)
class Nobody:
    """No healing."""

    acts: list[Act]

    def tick(self) -> None:
        """Nothing is done."""


class Product:
    """Monitoring agent and control plane over a world.

    Args:
        world: which.
        light: metrics only.
        approval_seconds: how long people take to approve; None: nobody does.
        settings: the runtime's; None: the simulator's.
    """

    def __init__(
        self, world: World, *, light: bool, approval_seconds: float | None, settings: Settings | None = None
    ) -> None:
        self.world = world
        self.settings = settings or settings_for(light=light)
        objectives = {item.id: item.objectives for item in items(world.layout) if item.objectives}
        self.monitoring = MonitoringAgent(self.settings, objectives=objectives)
        self.monitoring.adopt(SLOT, 1)
        feed = LightFeed if light else FullFeed
        self._feed = feed(world, self.monitoring, self.settings.topics)
        self._executor = WorldExecutor(world)
        self.acts = self._executor.acts
        self.notifier = PageRecorder()
        self.on_call = OnCall(approval_seconds)
        self.journal = MemoryJournal()
        outside = Outside(
            agents=agents_of(self.settings),
            fleet=AgentFleet(self.monitoring, lambda: self.runtime.now),
            budget=MemoryBudget(),
            executors={ANY: self._executor},
            notifier=self.notifier,
        )
        self.runtime = InProcessRuntime(self.settings, outside, self.journal, at=world.now)
        self._numbers = {"episode": 0, "edges": 0}

    def tick(self) -> None:
        """Telemetry, control topics, time, outcomes, people."""
        now, runtime = self.world.now, self.runtime
        self._offer_events()
        produced = self._feed.pump()
        if produced is not None:
            self._offer(produced)
            self._offer(self.monitoring.tick(now, lag_is_small=True))
        self._executor.settle()
        runtime.run_until(now)
        self.on_call.look(runtime, self.notifier.pages)

    def _offer_events(self) -> None:
        """What CMDB, pipelines, users and alert rules say."""
        now = self.world.now
        for event in self.world.drain_events():
            found = cloudevents.decode(cloudevents.encode(event), Receipt(now))
            if isinstance(found, Refused):
                raise PermanentError(f"the world wrote an event that nobody can read: {found.reason} {found.detail}")
            for one in found:
                self.runtime.offer(one)

    def _offer(self, produced: Produced) -> None:
        now, domain = self.world.now, self.settings.domain
        for episode in produced.episodes:
            name = f"{episode.id}/{episode.revision}"
            self.runtime.offer(EpisodeReported(id=name, at=now, episode=episode, domain=domain))
        if produced.edges:
            self._numbers["edges"] += 1
            name = f"edges/{self._numbers['edges']}"
            self.runtime.offer(EdgesObserved(id=name, at=now, edges=tuple(produced.edges), domain=domain))
