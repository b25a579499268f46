"""Healers of a world: the product (monitoring agent and control plane in one process), or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aiops.agents.composition import control_agents
from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.driver.gate import ANY
from aiops.driver.in_process import InProcessRuntime
from aiops.driver.in_process import Surroundings as Outside
from aiops.driver.memory_journal import MemoryJournal
from aiops.model import cloudevents
from aiops.model.cloudevents_reader import Receipt, UnusableMessage, decode
from aiops.model.errors import PermanentError
from aiops.model.events import EdgesObserved, EpisodeReported
from aiops.plugins import BUILT_INS, Plugins
from aiops.settings import DataPlane, Kafka, Settings
from remediations.budget import MemoryBudget
from remediations.bundle import Bundle
from simulations.running.feeds import SLOT, FullFeed, LightFeed
from simulations.running.outside import AgentFleet, OnCall, PageRecorder, RecordedAction, WorldExecutor
from simulations.world.reporter import items
from simulations.world.world import World


def settings_for(*, light: bool, chosen: Settings | None = None) -> Settings:
    """Settings with one slot and capacity for the estate's series.

    Light runs use no models, because models learn for two hours first. Of ``chosen`` only the extensions are used:
    detectors, views and the ranker.
    """
    chosen = chosen or Settings()
    data = DataPlane(series_limit=50_000, detectors=chosen.data.detectors, views=chosen.data.views)
    if light:
        data = data.model_copy(update={"model_series": 0})
    return Settings(kafka=Kafka(partitions=1), data=data, analysis=chosen.analysis)


class Healer(Protocol):
    """Observes a world after each tick and may act on it."""

    acts: list[RecordedAction]

    def tick(self) -> None:
        """Called after each second."""
        ...


@dataclass(slots=True)
class NoHealer:
    """A healer that does nothing."""

    acts: list[RecordedAction]

    def tick(self) -> None:
        """Does nothing."""


class Product:
    """Monitoring agent and control plane over a world.

    Args:
        world: the simulated world.
        bundle: runbooks, policies and windows of the product.
        light: send metrics only.
        approval_seconds: seconds until approvers answer; None: they never answer.
        settings: of the runtime; None: the simulator's defaults.
        plugins: source of the ranker, detectors and views.
    """

    def __init__(
        self,
        world: World,
        bundle: Bundle,
        *,
        light: bool,
        approval_seconds: float | None,
        settings: Settings | None = None,
        plugins: Plugins = BUILT_INS,
    ) -> None:
        self.world = world
        self.settings = settings or settings_for(light=light)
        objectives = {item.id: item.objectives for item in items(world.layout) if item.objectives}
        self.monitoring = MonitoringAgent(self.settings, metrics=bundle.metrics, objectives=objectives, plugins=plugins)
        self.monitoring.adopt(SLOT, 1)
        feed = LightFeed if light else FullFeed
        self._feed = feed(world, self.monitoring, self.settings.topics)
        world.operations.others |= bundle.catalogue.primitives.keys()
        self._executor = WorldExecutor(world)
        self.acts = self._executor.acts
        self.notifier = PageRecorder()
        self.on_call = OnCall(approval_seconds)
        self.journal = MemoryJournal()
        outside = Outside(
            agents=control_agents(self.settings, bundle, plugins),
            fleet=AgentFleet(self.monitoring, lambda: self.runtime.now),
            budget=MemoryBudget(),
            executors={ANY: self._executor},
            notifier=self.notifier,
        )
        self.runtime = InProcessRuntime(self.settings, outside, self.journal, at=world.now)
        self._numbers = {"episode": 0, "edges": 0}

    def tick(self) -> None:
        """Passes on events, telemetry, outcomes of actions, time and answers of people, in this order."""
        now, runtime = self.world.now, self.runtime
        self._offer_events()
        produced = self._feed.pump()
        if produced is not None:
            self._offer(produced)
            self._offer(self.monitoring.tick(now, lag_is_small=True))
        self._executor.settle()
        runtime.run_until(now)
        self.on_call.check(runtime, self.notifier.pages)

    def _offer_events(self) -> None:
        """Passes on the events of CMDB, pipelines, users and alert rules."""
        now = self.world.now
        for event in self.world.drain_events():
            found = decode(cloudevents.encode(event), Receipt(now))
            if isinstance(found, UnusableMessage):
                raise PermanentError(f"the simulated world wrote an unreadable event: {found.reason} {found.detail}")
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
