"""The truth of a run, second by second: faults and the value that users lost. Only grading reads it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulations.world.arrays import Floats, Measurements, WorldState
from simulations.world.layout import Layout

WINDOW = 60
"""Seconds over which an SLO is evaluated."""
_ROOM = 4096


@dataclass(slots=True)
class FaultRecord:
    """One fault that was injected; times in ns, ``until`` None while it lasts."""

    name: str
    entity: str
    kind: str
    since: int
    until: int | None = None
    ended_by: str = ""
    """``itself``, or the action that repaired it."""
    repairs: tuple[str, ...] = ()
    """Primitives that end it, best first, as ``primitive target``; empty: none does."""
    entities: tuple[str, ...] = ()
    """All correct root causes."""


@dataclass(slots=True)
class Harm:
    """Harm done by an action."""

    at: int
    key: str
    what: str
    amount: float


class Truth:
    """Value lost and SLO violations, per tick and per service with an SLO ("judged")."""

    def __init__(self, layout: Layout) -> None:
        fixed = layout.fixed
        self.layout = layout
        self.faults: list[FaultRecord] = []
        self.harms: list[Harm] = []
        self.ticks = 0
        self._fronts = [int(n) for n in fixed.front]
        self._workers = [n for n, s in enumerate(layout.services) if s.consumes is not None and s.slo is not None]
        judged = [layout.services[n] for n in self._fronts + self._workers]
        self.services = [service.id for service in judged]
        """Judged services: fronts, then workers with an SLO."""
        slos = [service.slo for service in judged]
        self._target = np.array([0.0 if slo is None else slo.availability for slo in slos])
        self._bound = np.array([np.inf if slo is None else slo.latency_ms / 1e3 for slo in slos])
        self._value = np.array([service.value_per_minute / 60 for service in judged])
        self._mean = layout.mean_rates()[self._fronts + self._workers]
        self._window = np.zeros((WINDOW, 3, len(judged)))
        self._lost = np.zeros((_ROOM, len(judged)))
        self._violated = np.zeros((_ROOM, len(judged)), dtype=np.bool_)
        self._served = np.zeros((_ROOM, 2, len(judged)))

    @property
    def lost(self) -> Floats:
        """[tick, judged] value lost in that second."""
        return self._lost[: self.ticks]

    @property
    def violated(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """[tick, judged] whether the SLO was violated over the minute that ends at the tick."""
        return self._violated[: self.ticks]

    @property
    def served(self) -> Floats:
        """[tick, 2, judged] requests received, and requests served well."""
        return self._served[: self.ticks]

    @property
    def value_lost(self) -> float:
        """Total value lost over all services and seconds."""
        return float(self.lost.sum())

    def minutes_violated(self) -> dict[str, float]:
        """Minutes in which each judged service violated its SLO."""
        return dict(zip(self.services, (self.violated.sum(axis=0) / 60).tolist(), strict=True))

    def note(self, seen: Measurements, state: WorldState) -> None:
        """Records one tick."""
        if self.ticks == len(self._lost):
            self._lost = np.concatenate([self._lost, np.zeros_like(self._lost)])
            self._violated = np.concatenate([self._violated, np.zeros_like(self._violated)])
            self._served = np.concatenate([self._served, np.zeros_like(self._served)])
        came, well, slow = self._judge(seen, state)
        row = self.ticks % WINDOW
        self._window[row] = came, well, slow * came
        total = self._window.sum(axis=0)
        many = np.maximum(total[0], 1e-9)
        share, delay = total[1] / many, total[2] / many
        self._violated[self.ticks] = ((share < self._target) | (delay > self._bound)) & (self.ticks >= WINDOW // 2)
        failed = np.maximum(came - well, 0.0) / self._mean
        late = np.where(delay > 2 * self._bound, 0.5 * well / self._mean, 0.0)
        self._lost[self.ticks] = self._value * (failed + late)
        self._served[self.ticks] = came, well
        self.ticks += 1

    def _judge(self, seen: Measurements, state: WorldState) -> tuple[Floats, Floats, Floats]:
        """Requests that came and went well, and the 95th percentile of their seconds; for workers, messages' age."""
        fixed = self.layout.fixed
        came, well = np.empty(len(self.services)), np.empty(len(self.services))
        slow = np.empty(len(self.services))
        fronts = len(self._fronts)
        came[:fronts], well[:fronts], slow[:fronts] = seen.users[:, 0], seen.users[:, 1], seen.users_p95
        for n, worker in enumerate(self._workers, fronts):
            rate = float(seen.rate[fixed.first[worker] : fixed.first[worker + 1]].sum())
            waiting = float(state.backlog[fixed.consumes[worker]])
            came[n] = max(rate, 1.0 if waiting > 1 else rate)
            well[n] = rate * state.ok_share[worker]
            slow[n] = waiting / max(rate, 1.0)
        return came, well, slow
