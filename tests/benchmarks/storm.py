"""One cause, 100,000 series: ``python -m tests.benchmarks.storm [--entities 5000] [--series 20] [--journal sqlite]``.

A store that everything needs breaks. Forty services call it, about five thousand others call those, and within ten
seconds all their series turn bad, in an order that is not quite that of the calls. The points go through the real
monitoring agent (one slot, a point a series every ten seconds) and its episodes through the real orchestrator and
agents in one process under a virtual clock, over a journal in memory or in SQLite (synchronous=FULL).

Told at the end: how many incidents are open (goal: one), whether its first cause is the store, and how much processing
there was from the first bad point to the first decision (an incident acts, waits for approval, is held or handed to a
person; goal: under 5 s), in CPU and wall time, beside the virtual time since the onset, in which the runtime
deliberately waits for evidence. As a control the same with the same number of series that stay well.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.adapters.bundle.loading import bundle_folder, load_bundle
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.agents.composition import control_agents
from aiops.agents.monitoring import MonitoringAgent
from aiops.control.state.transaction import Decision
from aiops.driver.gate import ANY
from aiops.driver.in_process import InProcessRuntime, Surroundings
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.entities import Criticality, Edge, EdgeKind, Item
from aiops.model.events import EpisodeReported, Event, ItemReported
from aiops.model.incidents import Incident, IncidentState
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import NOTHING
from aiops.model.records import TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from aiops.ports import Journal
from aiops.settings import DataPlane, Kafka, Settings
from detectors.wire.batch import PointBatch
from detectors.wire.identity import SeriesIdentity
from remediations.budget import MemoryBudget

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
INTERVAL = 10
WARM = 48
"""Points of each series before the storm."""
AFTER = 120
"""Seconds of virtual time after the onset; incidents that act at once are merged only when both are done."""
CAUSE = "store"
MIDDLE = 40
METRICS = (
    "http.server.errors", "http.server.latency.p99", "http.server.queue", "process.cpu.utilization", "http.timeouts",
)  # fmt: skip
_DECIDED = {IncidentState.ACTING, IncidentState.AWAITING_APPROVAL, IncidentState.HELD, IncidentState.ESCALATED}


@dataclass(slots=True)
class Outside:
    """Fleet, executor and notifier: the fleet is the agent, steps work, pages arrive."""

    agent: MonitoringAgent
    name: str = "storm"
    pages: list[Page] = field(default_factory=list)

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        return FleetAnswer(question.id, question.to_at, self.agent.answer(question), question.domain)

    def run(self, order: StepOrder) -> StepOutcome:
        return StepOutcome(order.capability.key, StepStatus.DONE, 0, NOTHING, order.domain)

    def observe(self, order: StepOrder) -> Observed:
        del order
        return Observed.UNKNOWN

    def send(self, page: Page) -> Delivery:
        self.pages.append(page)
        return Delivery(page.key, self.name, delivered=True, at=page.at, domain=page.domain)


@dataclass(slots=True)
class Storm:
    """The estate, its series and how they turn bad."""

    entities: int
    series: int
    """Of each entity."""
    bad: bool
    names: list[str] = field(init=False)
    layer: npt.NDArray[np.int64] = field(init=False)
    onset: npt.NDArray[np.float64] = field(init=False)
    """Seconds after the storm's begin, of each series."""
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(7)
        leaves = self.entities - MIDDLE - 1
        self.names = [CAUSE, *(f"core-{n}" for n in range(MIDDLE)), *(f"service-{n}" for n in range(leaves))]
        self.layer = np.array([0] + [1] * MIDDLE + [2] * leaves)
        # Detection sees the cause first only on average: what is downstream may show it sooner.
        begins = 1.5 * self.layer + self.rng.uniform(0.0, 4.0, self.entities)
        onset = np.repeat(begins, self.series) + self.rng.uniform(0.0, 3.0, self.entities * self.series)
        self.onset = np.minimum(onset, 10.0)

    def items(self) -> list[tuple[Item, tuple[Edge, ...]]]:
        """Items with what they need."""
        found = [(Item(CAUSE, "database", owner="team-data", criticality=Criticality.CRITICAL, replicas=3), ())]
        told: list[tuple[Item, tuple[Edge, ...]]] = list(found)
        for place, name in enumerate(self.names[1:], 1):
            needs = CAUSE if self.layer[place] == 1 else f"core-{place % MIDDLE}"
            kind = EdgeKind.USES if needs == CAUSE else EdgeKind.CALLS
            told.append((Item(name, owner=f"team-{place % 50}", replicas=3), (Edge(name, needs, kind),)))
        return told

    def identities(self) -> list[SeriesIdentity]:
        """All series, entity by entity."""
        return [
            SeriesIdentity(name, METRICS[number % len(METRICS)], (("part", str(number // len(METRICS))),))
            for name in self.names
            for number in range(self.series)
        ]

    def points(self, second: int, begin: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Series that speak in this second, and their values; the storm begins at second ``begin``."""
        numbers = np.arange(second % INTERVAL, len(self.onset), INTERVAL, dtype=np.int32)
        values = 50.0 + self.rng.normal(0.0, 2.0, len(numbers))
        if self.bad:
            values += np.where(second - begin >= self.onset[numbers], 120.0, 0.0)
        return numbers, values


@dataclass(slots=True)
class Told:
    """What was seen while it ran."""

    begun: tuple[float, float] = (0.0, 0.0)
    onset: int = 0
    first: dict[str, float] = field(default_factory=dict)
    """Processing until the first decision."""
    root: dict[str, float] = field(default_factory=dict)
    """Processing until an incident was decided whose first cause is the right one."""
    open: dict[int, int] = field(default_factory=dict)
    """Open incidents at each second."""
    episodes: int = 0

    def decided(self, runtime: InProcessRuntime, event: Event, decision: Decision) -> None:
        """After each commit: is anything decided?"""
        del decision
        state = runtime.orchestrator.state
        if self.root:
            return
        decided = [state.incidents[name] for name in state.live if state.incidents[name].state in _DECIDED]
        now = {
            "cpu_seconds": time.process_time() - self.begun[0],
            "wall_seconds": time.perf_counter() - self.begun[1],
            "virtual_seconds": (event.at - self.onset) / SECOND,
        }
        if decided and not self.first:
            self.first = now
        if any(incident.root == CAUSE for incident in decided):
            self.root = now


def run(storm: Storm, journal: Journal) -> dict[str, Any]:
    """One storm."""
    settings = Settings(kafka=Kafka(partitions=1), data=DataPlane(series_limit=storm.entities * storm.series + 1000))
    agent = MonitoringAgent(settings)
    agent.adopt(0, 1)
    source = TopicPartition(settings.topics.metrics_arrow, 0)
    agent.table(0).add(storm.identities())
    outside, bundle = Outside(agent), load_bundle(bundle_folder(settings))
    world = Surroundings(
        control_agents(settings, bundle), outside, MemoryBudget(), executors={ANY: outside}, notifier=outside
    )
    runtime = InProcessRuntime(settings, world, journal, at=START)
    for number, (item, edges) in enumerate(storm.items()):
        runtime.offer(ItemReported(id=f"item/{number}", at=START, item=item, edges=edges))
    runtime.run_until(START)
    told = Told()
    begin = WARM * INTERVAL
    slowest = 0.0
    for second in range(begin + AFTER):
        if second == begin:
            told.begun, told.onset = (time.process_time(), time.perf_counter()), START + second * SECOND
            runtime.on_decision = lambda event, decision: told.decided(runtime, event, decision)
        tick = time.process_time()
        _second(storm, (agent, source), runtime, (second, begin), told)
        slowest = max(slowest, time.process_time() - tick) if second >= begin else slowest
        told.open[second - begin] = len(runtime.orchestrator.state.live)
    return _figures(storm, runtime, told, slowest)


def _second(
    storm: Storm,
    monitoring: tuple[MonitoringAgent, TopicPartition],
    runtime: InProcessRuntime,
    when: tuple[int, int],
    told: Told,
) -> None:
    agent, source = monitoring
    now = START + when[0] * SECOND
    numbers, values = storm.points(*when)
    zeros = np.zeros(len(numbers), np.int64)
    batch = PointBatch(
        numbers, np.full(len(numbers), now), values, zeros, zeros.astype(np.int32), np.ones(len(numbers), np.uint8),
        [], 0, np.array([len(numbers)]),
    )  # fmt: skip
    produced = agent.take_points(source, batch, now)
    produced.add(agent.tick(now, lag_is_small=True))
    for episode in produced.episodes:
        told.episodes += 1
        runtime.offer(EpisodeReported(id=f"{episode.id}/{episode.revision}", at=now, episode=episode))
    runtime.run_until(now)


def _figures(storm: Storm, runtime: InProcessRuntime, told: Told, slowest: float) -> dict[str, Any]:
    state = runtime.orchestrator.state
    live = [state.incidents[name] for name in state.live]
    largest = max(live, key=lambda incident: len(state.members.get(incident.id, ())), default=None)
    return {
        "entities": storm.entities,
        "series": storm.entities * storm.series,
        "bad": storm.bad,
        "episodes_reported": told.episodes,
        "open_incidents": len(live),
        "ever_opened": len(state.incidents),
        "states": dict(Counter(incident.state.value for incident in state.incidents.values())),
        "members": len(state.members.get(largest.id, ())) if largest else 0,
        "cause": _causes(largest),
        "right_cause": largest is not None and largest.root == CAUSE,
        "first_decision": told.first,
        "first_decision_on_the_cause": told.root,
        "most_open_incidents": max(told.open.values()),
        "one_incident_after_virtual_seconds": max((at for at, count in told.open.items() if count > 1), default=-1) + 1,
        "storm_cpu_seconds": time.process_time() - told.begun[0],
        "slowest_virtual_second_cpu": slowest,
        "pages": len({page.key for page in _pages(runtime)}),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _pages(runtime: InProcessRuntime) -> list[Page]:
    return [record.page for record in runtime.orchestrator.state.pages.values()]


def _causes(incident: Incident | None) -> list[str]:
    if incident is None or incident.diagnosis is None:
        return []
    return [f"{found.entity} {found.probability:.2f}" for found in incident.diagnosis.hypotheses[:3]]


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, default=5_000)
    parser.add_argument("--series", type=int, default=20, help="of each entity")
    parser.add_argument("--journal", choices=["memory", "sqlite"], nargs="+", default=["memory", "sqlite"])
    parser.add_argument("--control", action=argparse.BooleanOptionalAction, default=True, help="a quiet estate first")
    parser.add_argument("--out", type=Path, default=Path("results/storm.json"))
    given = parser.parse_args()
    rows = []
    for journal, bad in [("memory", False)] * given.control + [(name, True) for name in given.journal]:
        with tempfile.TemporaryDirectory(prefix="storm-") as folder:
            held: Any = MemoryJournal() if journal == "memory" else SqlJournal(sqlite_url(Path(folder)))
            found = {"journal": journal} | run(Storm(given.entities, given.series, bad), held)
            held.close()
        rows.append(found)
        print("\n".join(f"{name:>28}  {value}" for name, value in found.items()), "\n", flush=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
