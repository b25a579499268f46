"""A chain of services simulated event by event: the reference for the flow model."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field


@dataclass
class Stage:
    """One service: ``instances`` with one processor each, exponential service of ``mean`` seconds."""

    instances: int
    mean: float
    timeout: float
    """Seconds its caller waits for the whole answer."""
    queue: int
    waiting: list[list[tuple[int, int]]] = field(default_factory=list)
    busy: list[bool] = field(default_factory=list)


@dataclass
class Attempt:
    """One attempt at one stage on behalf of the attempt above."""

    stage: int
    began: float
    above: int
    tries: int
    instance: int = 0
    over: bool = False


class Chain:
    """Users call stage 0, which calls stage 1 after its own work, and so on; failed attempts are tried again.

    Args:
        stages: from the front to the back.
        rate: Poisson arrivals a second.
        retries: further attempts after a failed one, at every call (not the users').
    """

    def __init__(self, stages: list[Stage], rate: float, retries: int, seed: int) -> None:
        self.stages, self.rate, self.retries = stages, rate, retries
        self.random = random.Random(seed)
        for stage in stages:
            stage.waiting = [[] for _ in range(stage.instances)]
            stage.busy = [False] * stage.instances
        self.attempts: list[Attempt] = []
        self.events: list[tuple[float, int, str, int]] = []
        self.number = 0
        self.now = 0.0
        self.came = self.ok = 0
        self.seconds = 0.0

    def run(self, until: float, warm: float) -> tuple[float, float]:
        """Share of users that got an answer, and the mean seconds of these, for arrivals after ``warm``."""
        self.warm = warm
        self._later(self.random.expovariate(self.rate), "arrive", -1)
        while self.events and self.events[0][0] < until:
            self.now, _, what, n = heapq.heappop(self.events)
            getattr(self, f"_{what}")(n)
        return self.ok / self.came, self.seconds / max(1, self.ok)

    def _later(self, delay: float, what: str, n: int) -> None:
        self.number += 1
        heapq.heappush(self.events, (self.now + delay, self.number, what, n))

    def _arrive(self, _: int) -> None:
        self._later(self.random.expovariate(self.rate), "arrive", -1)
        self.came += self.now > self.warm
        self._begin(0, -1, 0)

    def _begin(self, stage: int, above: int, tries: int) -> None:
        spec = self.stages[stage]
        n = len(self.attempts)
        self.attempts.append(Attempt(stage, self.now, above, tries, self.random.randrange(spec.instances)))
        line = spec.waiting[self.attempts[n].instance]
        if len(line) >= spec.queue:
            self._failed(n)
            return
        self._later(spec.timeout, "late", n)
        line.append((n, 0))
        self._next(stage, self.attempts[n].instance)

    def _next(self, stage: int, instance: int) -> None:
        spec = self.stages[stage]
        if spec.waiting[instance] and not spec.busy[instance]:
            n, _ = spec.waiting[instance].pop(0)
            spec.busy[instance] = True
            self._later(self.random.expovariate(1 / spec.mean), "worked", n)

    def _worked(self, n: int) -> None:
        attempt = self.attempts[n]
        self.stages[attempt.stage].busy[attempt.instance] = False
        self._next(attempt.stage, attempt.instance)
        if attempt.stage + 1 < len(self.stages):
            self._begin(attempt.stage + 1, n, 0)
        else:
            self._answered(n)

    def _answered(self, n: int) -> None:
        attempt = self.attempts[n]
        if attempt.over:
            return
        attempt.over = True
        if attempt.above >= 0:
            self._answered(attempt.above)
        elif attempt.began > self.warm:
            self.ok += 1
            self.seconds += self.now - attempt.began

    def _late(self, n: int) -> None:
        if not self.attempts[n].over:
            self._failed(n)

    def _failed(self, n: int) -> None:
        attempt = self.attempts[n]
        if attempt.over:
            return
        attempt.over = True
        if attempt.above < 0:
            return
        if attempt.tries < self.retries:
            self._begin(attempt.stage, attempt.above, attempt.tries + 1)
        else:
            self._failed(attempt.above)
