"""From an episode to the journalled decision: ``python -m tests.benchmarks.decisions [--rates 1 10 50] [--out FILE]``.

The real orchestration with its journal (SQLite, synchronous=FULL, group commit), the real agents as Ray actors
(``--agents threads``: one thread each, without Ray), the real dispatcher and budget. Each incident is another service
of the estate whose memory grows. *Decision*: from the moment the episode is offered to the orchestrator until the
commit has returned in which its incident is acting, waits for approval, is held for a window, or is escalated: so
correlation, diagnosis, routing, planning and every review by oversight lie between. *Handoff*: from the event that led
to it until its answer is there, so with deciding, the commit and waiting in line; *call*: the call of the agent's actor
alone. Executors and fleet are stand-ins that answer at once; their work goes on beside the decisions.

Routing waits on purpose for more evidence while a diagnosis is doubtful (``control.gather_seconds``): that wait is set
to 0 here, since it is a choice and not a cost; ``--gather 20`` shows the default.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiops.adapters.agent_conversation import Asking
from aiops.adapters.bundle.loading import bundle_folder, load_bundle
from aiops.adapters.clock import SystemClock
from aiops.adapters.cluster.agents import ClusterAgents
from aiops.adapters.cluster.cluster import RayCluster
from aiops.adapters.dispatch import ThreadedDispatcher
from aiops.adapters.journal.budget import SqlBudgetStore
from aiops.adapters.journal.factory import open_journal
from aiops.adapters.orchestration import Orchestration, OrchestrationParts
from aiops.agents.composition import control_agent
from aiops.agents.view import Agent
from aiops.bootstrap.parts import limits
from aiops.driver.conversation import AgentQuestion, Agents, Answer
from aiops.driver.dispatcher import Outside
from aiops.model.entities import Edge, EdgeKind, Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.events import EpisodeReported, Event, ItemReported
from aiops.model.handoffs import Role
from aiops.model.journal import Put, Transaction
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import NOTHING
from aiops.model.records import FetchedRecords, OutRecord, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from aiops.settings import Control, Settings

SECOND = 1_000_000_000
ROLES = (Role.ANALYSIS, Role.ROUTING, Role.RESOLUTION, Role.OVERSIGHT, Role.TRIAGE)
DECIDED = frozenset({"acting", "awaiting-approval", "held-for-window", "escalated"})


class Threads:
    """Agents in a thread each, as the actors would be in a process each."""

    def __init__(self, agents: Mapping[Role, Agent]) -> None:
        self._agents = agents
        self._pools = {role: ThreadPoolExecutor(1, thread_name_prefix=role.value) for role in agents}

    def ask(self, role: Role, questions: Sequence[AgentQuestion]) -> Future[Sequence[Answer]]:
        return self._pools[role].submit(
            lambda: [self._agents[role].handle(question.handoff, question.view) for question in questions]
        )


@dataclass(slots=True)
class Timed:
    """Agents with a stopwatch."""

    inner: Agents
    took: list[tuple[str, float]] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)

    def ask(self, role: Role, questions: Sequence[AgentQuestion]) -> Future[Sequence[Answer]]:
        begun = time.perf_counter()
        future = self.inner.ask(role, questions)
        future.add_done_callback(lambda _: self._note(role, questions, begun))
        return future

    def _note(self, role: Role, questions: Sequence[AgentQuestion], begun: float) -> None:
        self.calls.append(time.perf_counter() - begun)
        now = time.time_ns()
        self.took += [(role.value, (now - question.handoff.at) / SECOND) for question in questions]


class Quiet:
    """A consumer of topics on which nobody writes, a producer nobody reads, a fleet that is silent, steps that work."""

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None: ...

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        del max_bytes
        time.sleep(timeout_seconds)
        return []

    def positions(self) -> dict[TopicPartition, int]:
        return {}

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return {}

    def lost(self) -> list[tuple[TopicPartition, int, int]]:
        return []

    def commit(self, positions: Mapping[TopicPartition, int]) -> None: ...

    def close(self) -> None: ...

    def send(self, records: Iterable[OutRecord]) -> None:
        list(records)

    def flush(self, timeout_seconds: float = 30.0) -> None: ...

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        return FleetAnswer(question.id, time.time_ns(), (), question.domain)

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        done: Future[StepOutcome] = Future()
        done.set_result(StepOutcome(order.capability.key, StepStatus.DONE, time.time_ns(), NOTHING, order.domain))
        return done

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        del order
        done: Future[tuple[Observed, str]] = Future()
        done.set_result((Observed.NOT_DONE, ""))
        return done

    def page(self, page: Page, report: Any) -> None:
        report(Delivery(page.key, "quiet", delivered=True, at=time.time_ns(), domain=page.domain))


class Watched:
    """The journal with a note of when each commit returned and what each incident then was."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.decided: dict[str, tuple[float, str]] = {}
        """First entity of an incident to when it was decided, and how."""
        self.took: list[float] = []

    def commit(self, transactions: Sequence[Transaction]) -> int:
        begun = time.perf_counter()
        number: int = self._inner.commit(transactions)
        now = time.perf_counter()
        self.took.append(now - begun)
        for transaction in transactions:
            for document in transaction.documents:
                if isinstance(document, Put) and document.kind == "incident":
                    self._note(json.loads(document.body), now)
        return number

    def _note(self, incident: dict[str, Any], now: float) -> None:
        if incident["state"] in DECIDED:
            self.decided.setdefault(incident["entities"][0], (now, incident["state"]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def estate(services: int) -> list[tuple[Item, tuple[Edge, ...]]]:
    """Services of three zones that need nothing of each other, each part of a business service of its own."""
    found = []
    for number in range(services):
        name = f"service-{number}"
        item = Item(name, owner=f"team-{number % 7}", replicas=20, failure_domain=f"zone-{number % 3}")
        front = Item(f"business-{number}", "business_service", value_per_minute=1.0)
        found += [(item, ()), (front, (Edge(front.id, name, EdgeKind.USES),))]
    return found


def episode(entity: str, now: int) -> Episode:
    """Memory that grows, and a few errors of it."""
    begun = now - 20 * SECOND
    signals = tuple(
        Signal(metric, metric, SignalDirection.UP, Source.METRIC, begun, score, 9.0, 1.0)
        for metric, score in (("process.memory.usage", 0.95), ("http.server.errors", 0.7))
    )
    return Episode(f"{entity}@{begun}", entity, begun, 1, 0.95, signals, 2, watermark=now - SECOND)


@dataclass(slots=True)
class Bench:
    """One orchestration with its neighbours, in a folder of its own."""

    settings: Settings
    agents: Timed
    journal: Watched = field(init=False)
    orchestration: Orchestration = field(init=False)

    def __post_init__(self) -> None:
        inner = open_journal(self.settings)
        self.journal = Watched(inner)
        quiet, clock = Quiet(), SystemClock()
        outside = Outside(
            asker=Asking(self.agents, self._offer, clock), steps=quiet, fleet=quiet,
            budget=SqlBudgetStore(inner.engine), limits=limits(self.settings), pager=quiet, producer=quiet, clock=clock,
        )  # fmt: skip
        dispatcher = ThreadedDispatcher(outside, self._offer)
        parts: Any = OrchestrationParts(
            journal=self.journal,  # it passes everything on
            consumer=quiet, dispatcher=dispatcher, reader=lambda *_: ((), None), clock=clock, bury=lambda _: None,
            places=(),
        )  # fmt: skip
        self.orchestration = Orchestration(self.settings, parts, "benchmark")
        self.orchestration.start()
        until(lambda: self.orchestration.status().epoch > 0, 30.0)

    def _offer(self, *events: Event) -> None:
        self.orchestration.offer(*events)

    def tell(self, items: list[tuple[Item, tuple[Edge, ...]]]) -> None:
        """The estate, and wait until it is known."""
        now = time.time_ns()
        for number, (item, edges) in enumerate(items):
            self.orchestration.offer(ItemReported(id=f"item/{number}", at=now, item=item, edges=edges))
        until(lambda: self.orchestration.status().waiting == 0, 60.0)
        time.sleep(0.2)


def until(reached: Any, seconds: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def at_rate(bench: Bench, rate: float, seconds: float, first: int) -> dict[str, Any]:
    """Offers new incidents at a steady rate; how long each took to be decided."""
    count = max(3, int(rate * seconds))
    offered: dict[str, float] = {}
    bench.agents.took.clear()
    bench.agents.calls.clear()
    bench.journal.took.clear()
    begun, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        ahead = begun + number / rate - time.perf_counter()
        threading.Event().wait(max(0.0, ahead))
        entity, now = f"service-{first + number}", time.time_ns()
        offered[entity] = time.perf_counter()
        found = episode(entity, now)
        bench.orchestration.offer(EpisodeReported(id=f"episode/{found.id}", at=now, episode=found))
    until(lambda: offered.keys() <= bench.journal.decided.keys(), 60.0)
    decided = {entity: bench.journal.decided[entity] for entity in offered if entity in bench.journal.decided}
    waits = [when - offered[entity] for entity, (when, _) in decided.items()]
    handoffs = [took for _, took in bench.agents.took]
    return {
        "rate": rate,
        "incidents": count,
        "decided": len(decided),
        "how": dict(Counter(how for _, how in decided.values())),
        "decision_ms": spread(waits),
        "handoff_ms": spread(handoffs),
        "handoffs": len(handoffs),
        "call_ms": spread(bench.agents.calls),
        "calls": len(bench.agents.calls),
        "by_agent_p99_ms": {
            role: spread([took for name, took in bench.agents.took if name == role])["p99"]
            for role in sorted({name for name, _ in bench.agents.took})
        },
        "commit_ms": spread(bench.journal.took),
        "commits": len(bench.journal.took),
        "orchestrator_cpu_share": (time.process_time() - cpu) / (time.perf_counter() - begun),
    }


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and highest, milliseconds."""
    if not seconds:
        return {"p50": float("nan"), "p99": float("nan"), "max": float("nan")}
    ordered = sorted(1000 * one for one in seconds)
    return {
        "p50": statistics.median(ordered),
        "p99": ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        "max": ordered[-1],
    }


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=float, nargs="+", default=[1.0, 10.0, 50.0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate")
    parser.add_argument("--agents", choices=["ray", "threads"], default="ray")
    parser.add_argument("--gather", type=float, default=0.0)
    parser.add_argument("--out", type=Path, default=Path("results/decisions.json"))
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="decisions-") as folder:
        settings = Settings(state=Path(folder), control=Control(gather_seconds=given.gather))
        agents: Agents
        cluster = None
        if given.agents == "ray":
            cluster = RayCluster(None, settings.domain, "benchmark")
            for role in ROLES:
                cluster.ensure(
                    role.value,
                    0,
                    "aiops.bootstrap.parts:make_agent",
                    arguments={"settings": settings, "role": role.value},
                )
            agents = ClusterAgents(cluster)
        else:
            bundle = load_bundle(bundle_folder(settings))
            agents = Threads({role: control_agent(role, settings, bundle) for role in ROLES})
        bench = Bench(settings, Timed(agents))
        bench.tell(estate(int(sum(max(3.0, rate * given.seconds) for rate in given.rates)) + 20))
        at_rate(bench, 5.0, 2.0, 0)  # everything was called once
        print(f"agents: {given.agents}; gathering {given.gather:g} s; load of the machine {os.getloadavg()[0]:.1f}")
        print(
            f"{'new/s':>6} {'decided':>9} {'p50':>8} {'p99':>8} {'max':>8} ms;"
            " handoffs p50, p99; calls p50, p99; commits p50, p99; how"
        )
        first = 10
        for rate in given.rates:
            found = at_rate(bench, rate, given.seconds, first)
            first += found["incidents"]
            rows.append(found)
            decision, handoff, commit = found["decision_ms"], found["handoff_ms"], found["commit_ms"]
            call = found["call_ms"]
            print(
                f"{rate:>6g} {found['decided']:>4}/{found['incidents']:<4} {decision['p50']:>8.1f}"
                f" {decision['p99']:>8.1f} {decision['max']:>8.1f} ms; {handoff['p50']:.1f}, {handoff['p99']:.1f};"
                f" {call['p50']:.1f}, {call['p99']:.1f};"
                f" {commit['p50']:.1f}, {commit['p99']:.1f}; {found['how']}",
                flush=True,
            )
        bench.orchestration.stop()
        if cluster is not None:
            for role in ROLES:
                cluster.remove(role.value, 0)
            cluster.close()
    print(f"peak memory of the orchestrator: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
