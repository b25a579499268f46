"""The agents together under the real orchestrator: from an episode to a verified healing, or to a person."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.bundle.loading import load_policies, load_runbooks, load_windows
from aiops.agents.analysis import AnalysisAgent
from aiops.agents.oversight import OversightAgent
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.routing import RoutingAgent
from aiops.agents.triage import TriageAgent
from aiops.driver.in_process import InProcessRuntime, Surroundings
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.episodes import Signal, Source
from aiops.model.episodes import SignalDirection as Way
from aiops.model.events import EpisodeReported, ItemReported
from aiops.model.plans import Reservation, ReservationAnswer, StepDirection, StepOrder, StepOutcome
from aiops.model.telemetry import EntityReading, FleetAnswer, FleetQuestion, SeriesReading
from remediations.budget import MemoryBudget
from tests.unit.agents.faulty_estate import EDGES, ITEMS
from tests.unit.control.fakes import SECOND, START, FakeTarget, episode, settings

DEFAULT_BUNDLE = Path(__file__).parents[3] / "remediations" / "default_bundle"
STEADY = (
    SeriesReading("errors", "errors", 1.0, 1.0, 1.0, 0.1, 9, 0.0, None, 1),
    SeriesReading("restarts", "restart_count", 0.0, 0.0, 0.0, 1e-9, 9, 0.0, None, 1),
)


@dataclass
class Target(FakeTarget):
    """A target that sends figures, spends a real budget, and may harm a neighbour."""

    budget: MemoryBudget = field(default_factory=MemoryBudget)
    harms: str = ""

    def run(self, order: StepOrder) -> StepOutcome | Future[StepOutcome]:
        """Do it, and perhaps harm somebody."""
        if self.harms and order.capability.direction is StepDirection.DO:
            self.abnormal.add(self.harms)
        return super().run(order)

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """Every entity sends steady figures; who is abnormal says so."""
        readings = tuple(EntityReading(e, question.to_at, e in self.abnormal, STEADY) for e in question.entities)
        return FleetAnswer(question.id, question.to_at, readings)

    def reserve(self, reservation: Reservation, limits: Any) -> ReservationAnswer:
        return self.budget.reserve(reservation, limits)

    def release(self, key: str) -> None:
        self.budget.release(key)

    def spent(self, domain: str | None = None) -> dict[str, float]:
        return self.budget.spent(domain)


class Estate:
    """The runtime with its real agents over the small estate."""

    def __init__(self) -> None:
        tree = settings()
        catalogue = load_runbooks(DEFAULT_BUNDLE / "runbooks")
        agents = (
            AnalysisAgent(tree),
            RoutingAgent(catalogue, tree.control),
            ResolutionAgent(tree, catalogue),
            OversightAgent(load_policies(DEFAULT_BUNDLE / "policies"), load_windows(DEFAULT_BUNDLE / "windows")),
            TriageAgent(),
        )
        self.target = Target()
        world = Surroundings(
            {agent.role: agent for agent in agents}, self.target, self.target, {"*": self.target}, self.target
        )
        self.runtime = InProcessRuntime(tree, world, MemoryJournal(), at=START)
        for item in ITEMS:
            edges = tuple(edge for edge in EDGES if edge.source == item.id)
            self.runtime.offer(ItemReported(id=f"item/{item.id}", at=START, item=item, edges=edges))

    def crash(self, entity: str, seconds: int = 300) -> None:
        """The entity falls silent and stays in sight for ``seconds``, its watermark following the time."""
        self.target.abnormal.add(entity)
        signal = Signal("requests", "requests", Way.SILENT, Source.METRIC, START, 0.95, 0.0, 50.0)
        restarts = Signal("restarts", "restart_count", Way.UP, Source.METRIC, START, 0.95, 3.0, 0.0)
        for revision in range(1, seconds // 10):
            at = START + (revision - 1) * 10 * SECOND
            made = replace(episode(entity, START, revision=revision), signals=(restarts, signal), watermark=at)
            ended = entity not in self.target.abnormal
            made = replace(made, ended_at=at if ended else None)
            self.runtime.offer(EpisodeReported(id=f"{made.id}/{revision}", at=at, episode=made))
            self.runtime.run_until(at + 9 * SECOND)
            if ended:
                break

    @property
    def story(self) -> str:
        incident = self.runtime.orchestrator.state.incidents["INC-1"]
        return "\n".join(f"{line.who}: {line.what}" for line in incident.story)

    @property
    def state(self) -> str:
        return self.runtime.orchestrator.state.incidents["INC-1"].state.value


@pytest.fixture
def estate() -> Estate:
    """A calm estate."""
    return Estate()


def test_crash_is_healed_unattended(estate: Estate) -> None:
    """A crash of a lesser service: diagnosed, planned, permitted, restarted once, verified, budget given back."""
    estate.crash("cart")
    estate.runtime.run_until(START + 200 * SECOND)
    assert estate.state == "resolved", estate.story
    assert list(estate.target.effects.values()) == [1]
    assert estate.target.spent() == {}
    assert estate.target.pages == []


def test_critical_target_waits_for_a_person(estate: Estate) -> None:
    """The same on a critical service asks for an approval and does nothing before it."""
    estate.crash("web", seconds=100)
    assert estate.state == "awaiting-approval", estate.story
    assert estate.target.effects == {}
    assert "aiops approve INC-1" in estate.target.pages[0].asks


def test_harm_ends_with_a_person(estate: Estate) -> None:
    """A restart that makes a neighbour abnormal is harm: nobody repeats it, and a person is paged."""
    estate.target.harms = "web"
    estate.target.heals = False
    estate.crash("cart", seconds=600)
    assert "verification: harmed: web was normal and is abnormal now" in estate.story
    assert estate.state == "escalated", estate.story
    assert list(estate.target.effects.values()) == [1]
    assert estate.target.pages
