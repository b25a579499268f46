"""The simulated world: one tick a second, faults, actions with their effects, and the recorded truth."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.model.durations import SECOND
from aiops.model.plans import Action, Observed, StepStatus
from simulations.world import kernel
from simulations.world.arrays import DOWN, DRAINING, OFF, READY, STARTING, Knobs
from simulations.world.estate import Estate
from simulations.world.layout import Layout
from simulations.world.operations import ActionResult, Operations
from simulations.world.reporter import Reporter
from simulations.world.streams import Arrivals, stream
from simulations.world.truth import FaultRecord, Harm, Truth

if TYPE_CHECKING:
    from simulations.faults.fault import Fault

DEFAULT_START = 1_772_442_000 * SECOND
"""Monday 2026-03-02 09:00 UTC."""
AUTOSCALE_SECONDS = 15
AUTOSCALE_TARGET = 0.6
"""Share of its cores an autoscaled instance should use."""
DRAIN_SECONDS = 3
PROMOTE_SECONDS = 5


class World:
    """A running estate.

    Args:
        estate: what exists.
        seed: of every random stream.
        start_ns: time of the first tick, ns UTC.
    """

    def __init__(self, estate: Estate, seed: int = 0, start_ns: int = DEFAULT_START) -> None:
        self.estate, self.seed, self.start = estate, seed, start_ns
        self.layout = Layout(estate)
        self.fixed = self.layout.fixed
        self.resting: Knobs = self.layout.resting_knobs()
        """Knobs as set by actions, without the effect of faults."""
        self.knobs: Knobs = self.layout.resting_knobs()
        self.state = self.layout.first_state()
        self.seen = self.layout.nothing_seen()
        self.tick = 0
        self.agents = {f"agent-{host}": h for h, host in enumerate(self.layout.hosts)}
        self.lying = np.zeros(len(self.layout.hosts), dtype=np.int64)
        """[host] state of its agent: 0: correct, 1: repeats old values, 2: reports wrong values."""
        self.disk = np.full(len(self.layout.hosts), 0.45)
        """[host] share of the disk in use."""
        self.versions = dict.fromkeys(self.layout.ids, 1)
        self.floors = np.array([service.replicas for service in self.layout.services])
        self.truth = Truth(self.layout)
        users = [service.users.rate for service in self.layout.services if service.users is not None]
        self.arrivals = Arrivals(estate, seed, start_ns).of_fronts(users)
        self.reporter = Reporter(self)
        self.operations = Operations(self)
        self._scratch = kernel.scratch(self.fixed, len(self.layout.zones))
        self._jobs: list[tuple[int, int, str, int]] = []
        self._job_number = 0
        self._waiting: list[tuple[int, int, Fault]] = []
        self._active: list[tuple[int, Fault, FaultRecord]] = []
        self._busy = np.zeros(len(self.layout.services))
        self._turned = False

    @property
    def now(self) -> int:
        """Virtual time, ns UTC: the end of the last tick."""
        return self.start + self.tick * SECOND

    # ------------------------------------------------------------------------------------------------ time

    def step(self) -> None:
        """Advances the world by one second."""
        self.operations.advance()
        self._run_jobs()
        self._deploys()
        self._faults()
        if self.tick % AUTOSCALE_SECONDS == 0:
            self._autoscale()
        kernel.tick(self.fixed, self.knobs, self.state, self.seen, self._scratch, self.arrivals.at(self.tick))
        self.truth.note(self.seen, self.state)
        self.reporter.listen()
        self.tick += 1

    def run(self, seconds: int) -> None:
        """Advances the world by ``seconds``."""
        for _ in range(seconds):
            self.step()

    # --------------------------------------------------------------------------------------- outside's doors

    def apply(self, action: Action, key: str) -> ActionResult:
        """Requests an action under an idempotency key."""
        return self.operations.apply(action, key)

    def observe(self, target: str, key: str) -> Observed:
        """Whether the action with this key happened at the target: done, not done or unknown."""
        return self.operations.observe(target, key)

    def outcome(self, key: str) -> StepStatus | None:
        """How the action with this key ended; None while it runs."""
        return self.operations.outcome(key)

    def drain_events(self) -> list[dict[str, Any]]:
        """CloudEvents since the last call: items and edges first, then changes, tickets, alerts."""
        return self.reporter.drain()

    def inject(self, fault: Fault, delay_seconds: int = 0) -> None:
        """Lets a fault begin after a delay."""
        for part in fault.parts():
            self._job_number += 1
            heapq.heappush(self._waiting, (self.tick + delay_seconds, self._job_number, part))

    # ------------------------------------------------------------------------- what faults and actions call

    def repaired(self, action: Action) -> None:
        """Called when an action took effect: the faults that it repairs end, or are recorded as relieved."""
        for item in list(self._active):
            _, fault, record = item
            if not fault.repaired_by(action, self):
                continue
            record.ended_by = f"{action.primitive} {action.target}"
            if fault.cured:
                self._end(item)

    def allocated(self, n: int) -> int:
        """Instances of a service that exist or are wanted."""
        phases = self.state.phase[self.fixed.first[n] : self.fixed.first[n + 1]]
        return int(((phases != OFF) & (phases != DRAINING)).sum())

    def instances(self, service: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Numbers of the instances of a service that exist."""
        n = self.layout.index[service]
        span = np.arange(self.fixed.first[n], self.fixed.first[n + 1])
        existing: np.ndarray[tuple[int], np.dtype[np.int64]] = span[self.state.phase[span] != OFF]
        return existing

    def kill(self, i: int, *, for_good: bool = False) -> None:
        """An instance dies; its supervisor starts it again unless it is ``for_good``."""
        n = self.fixed.service[i]
        if self.state.phase[i] == OFF:
            return
        self.state.phase[i] = DOWN if for_good else STARTING
        self.state.left[i] = self.fixed.startup[n]
        self.state.restarts[i] += 1
        if self.fixed.is_cache[n] and self.state.active[n] == i:
            self.state.hit[n] = 0.0

    def resize(self, n: int, wanted: int) -> None:
        """Starts or drains instances until ``wanted`` exist."""
        first, last = int(self.fixed.first[n]), int(self.fixed.first[n + 1])
        wanted = max(1, min(wanted, last - first))
        for i in range(first, last):
            if self.allocated(n) >= wanted:
                break
            if self.state.phase[i] == OFF:
                self.state.phase[i] = STARTING
                self.state.left[i] = self.fixed.startup[n]
        for i in range(last - 1, first - 1, -1):
            if self.allocated(n) <= wanted:
                break
            if self.state.phase[i] in (READY, STARTING):
                self.state.phase[i] = DRAINING
                self.later(DRAIN_SECONDS, "off", i)

    def roll(self, n: int) -> None:
        """Replaces the instances of a service one by one; each serves until its successor is ready."""
        pause = int(self.fixed.startup[n]) + DRAIN_SECONDS
        for rank, i in enumerate(self.instances(self.layout.ids[n])):
            self.later((rank + 1) * pause, "replace", int(i))

    def standby(self, n: int, zone: str | None) -> int | None:
        """The instance that could take over a store, or None."""
        for i in range(self.fixed.first[n], self.fixed.first[n + 1]):
            here = self.layout.zones[self.fixed.zone[i]]
            if i != self.state.active[n] and self.state.phase[i] == READY and zone in (None, here):
                return i
        return None

    def promote(self, n: int, zone: str | None, key: str) -> None:
        """Promotes a stand-by of a store: no leader for some seconds, then one with a colder cache."""
        new = self.standby(n, zone) if zone is None or self.standby(n, zone) is not None else self.standby(n, None)
        if new is None:
            self.truth.harms.append(Harm(self.now, key, f"{self.layout.ids[n]} has no stand-by", 1.0))
            return
        self.state.active[n] = -1
        self.state.warm[new] = 0.6
        self.later(PROMOTE_SECONDS, "lead", new)
        if self.fixed.is_cache[n]:
            self.state.hit[n] *= 0.3

    def deploy(self, service: str, summary: str = "", kind: str = "deploy") -> None:
        """Deploys a new version; the pipeline reports the change."""
        self.versions[service] += 1
        version = self.versions[service]
        self.reporter.change(service, kind, summary or f"{service} version {version} rolled out", version=version)

    def later(self, seconds: int, what: str, i: int) -> None:
        """Schedules a job on an instance after some ticks: kill, replace, off or lead."""
        self._job_number += 1
        heapq.heappush(self._jobs, (self.tick + seconds, self._job_number, what, i))

    # ------------------------------------------------------------------------------------------- inner clock

    def _run_jobs(self) -> None:
        while self._jobs and self._jobs[0][0] <= self.tick:
            _, _, what, i = heapq.heappop(self._jobs)
            phase = self.state.phase
            match what:
                case "kill":
                    self.kill(i)
                case "replace" if phase[i] == READY:
                    self.state.warm[i] = kernel.COLD
                    self.state.uptime[i] = self.state.leaked[i] = 0.0
                case "replace" if phase[i] == DOWN:
                    self.kill(i)
                case "off" if phase[i] == DRAINING:
                    phase[i] = OFF
                case "lead":
                    self.state.active[self.fixed.service[i]] = i
                case _:
                    pass

    def _deploys(self) -> None:
        """Harmless deploys, drawn each minute independently of all other events."""
        if self.tick % 60:
            return
        luck, which = stream(self.seed, "deploys", self.tick // 60).random(2)
        plain = [n for n, s in enumerate(self.layout.services) if s.kind == "service"]
        if luck < self.estate.deploys_per_day / 1440:
            n = plain[int(which * len(plain))]
            self.deploy(self.layout.ids[n])
            self.roll(n)

    def _faults(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.tick:
            since, _, fault = heapq.heappop(self._waiting)
            record = FaultRecord(
                fault.name, fault.entity(self), fault.name, self.now,
                repairs=fault.repairs(self), entities=fault.entities(self),
            )  # fmt: skip
            self.truth.faults.append(record)
            fault.begin(self)
            self._active.append((since, fault, record))
        for item in list(self._active):
            since, fault, record = item
            if fault.over(self, self.tick - since):
                record.ended_by = record.ended_by or "itself"
                self._end(item)
        if self._active or self._turned:
            for knob, rest in zip(self.knobs, self.resting, strict=True):
                knob[...] = rest
            for since, fault, _ in self._active:
                fault.hold(self, self.tick - since)
        self._turned = bool(self._active) or self.operations.asked != {}

    def _end(self, item: tuple[int, Fault, FaultRecord]) -> None:
        self._active.remove(item)
        _, fault, record = item
        record.until = self.now
        self._turned = True
        fault.end(self)

    def _autoscale(self) -> None:
        """Follows the mean processor use over about a minute: up at once, down by one if use is far below."""
        for n, service in enumerate(self.layout.services):
            if not service.autoscale:
                continue
            span = slice(int(self.fixed.first[n]), int(self.fixed.first[n + 1]))
            ready = self.state.phase[span] == READY
            if not ready.any():
                continue
            use = float(self.seen.cpu[span][ready].mean()) / service.cores
            self._busy[n] += 0.25 * (use - self._busy[n])
            now = self.allocated(n)
            wanted = math.ceil(now * self._busy[n] / AUTOSCALE_TARGET)
            if wanted > now and self._busy[n] > AUTOSCALE_TARGET * 1.1:
                self.resize(n, wanted)
            elif self._busy[n] < 0.5 * AUTOSCALE_TARGET and now > self.floors[n] and self.tick % 300 == 0:
                self.resize(n, now - 1)
