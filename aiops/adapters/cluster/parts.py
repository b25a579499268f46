"""The cluster behind the dispatcher's ports: the executors' gate and the shards."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

from aiops.adapters.cluster.cluster import RayCluster
from aiops.adapters.shard_parts import ShardStatus
from aiops.model.errors import AiopsError, TemporaryError
from aiops.model.plans import Observed, StepOrder, StepOutcome
from aiops.model.telemetry import EntityReading, FleetAnswer, FleetQuestion
from aiops.ports import Clock

_ASK_SECONDS = 3.0
_OBSERVE_SECONDS = 120.0
"""Longer than the remaining hard deadline of an effect in doubt."""


class ClusterSteps:
    """The gate in its own actor, outside the orchestrator's process."""

    def __init__(self, cluster: RayCluster) -> None:
        self._cluster = cluster
        self._observers = ThreadPoolExecutor(8, thread_name_prefix="observe")

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """Execute the order; a future of its outcome."""
        return self._cluster.call("executor", 0, "run", order, group="ask")

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        """Whether the order's effect happened. Repeated while the executor restarts; observation has no effect."""
        return self._observers.submit(self._observe, order)

    def _observe(self, order: StepOrder) -> tuple[Observed, str]:
        deadline = time.monotonic() + _OBSERVE_SECONDS
        while True:
            try:
                found: tuple[Observed, str] = self._cluster.ask(
                    "executor", 0, "observe", order, timeout_seconds=_OBSERVE_SECONDS
                )
            except TemporaryError as error:
                if time.monotonic() >= deadline:
                    return Observed.UNKNOWN, str(error)
                time.sleep(0.5)
            else:
                return found


class ClusterFleet:
    """Asks all shards and merges their answers. Shards without an answer are missing in the result."""

    def __init__(self, cluster: RayCluster, shards: Sequence[int] | None, clock: Clock) -> None:
        self._cluster, self._shards, self._clock = cluster, shards, clock

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """Merged readings. An entity of several shards has the readings of all, and the lowest watermark."""
        calls = [self._cluster.call("shard", n, "ask", question, group="ask") for n in self._numbers()]
        done, _ = wait_for(calls, timeout=_ASK_SECONDS)
        found: dict[str, EntityReading] = {}
        answered = 0
        for call in done:
            try:
                answer: FleetAnswer = call.result()
            except AiopsError:
                continue
            answered += 1
            for reading in answer.readings:
                known = found.get(reading.entity)
                found[reading.entity] = reading if known is None else _joined(known, reading, question.wanted)
        whole = answered == len(calls) > 0
        mute = tuple(name for name in question.entities if name not in found) if whole else ()
        return FleetAnswer(question.id, self._clock.now(), tuple(found.values()), question.domain, mute)

    def _numbers(self) -> Sequence[int]:
        return self._shards if self._shards is not None else self._cluster.numbers("shard")


def _joined(one: EntityReading, other: EntityReading, wanted: frozenset[tuple[str, str]]) -> EntityReading:
    both = (*one.series, *other.series)
    series = sorted(both, key=lambda s: ((one.entity, s.metric) not in wanted, -s.score))[:32]
    known = [at for at in (one.watermark, other.watermark) if at]
    abnormal = one.abnormal or other.abnormal
    recovering = not abnormal and (one.recovering or other.recovering)
    return EntityReading(one.entity, min(known, default=0), abnormal, tuple(series), recovering)


class ClusterShards:
    """The cluster behind the fleet keeper's port: shards by number, and the other actors together.

    Args:
        cluster: Ray.
        shard: factory and arguments of a shard; its number is added.
        others: role to factory and arguments, in the order in which they are made.
        cpus: CPUs that Ray sets aside for a shard.
    """

    def __init__(
        self,
        cluster: RayCluster,
        shard: tuple[str, Mapping[str, Any]],
        others: Mapping[str, tuple[str, Mapping[str, Any]]],
        *,
        cpus: float,
    ) -> None:
        self._cluster, self._shard, self._others, self._cpus = cluster, shard, dict(others), cpus
        self._made: set[str] = set()

    def ensure(self, number: int) -> None:
        """Make shard ``number`` once per process; then Ray supervises it."""
        if self._cluster.name("shard", number) not in self._made:
            factory, arguments = self._shard
            self._cluster.ensure("shard", number, factory, arguments={**arguments, "number": number}, cpus=self._cpus)
            self._made.add(self._cluster.name("shard", number))

    def ensure_others(self) -> None:
        """Make agents, executor and orchestrator if they do not exist."""
        for role, (factory, arguments) in self._others.items():
            if role not in self._made:
                self._cluster.ensure(role, 0, factory, arguments=arguments)
                self._made.add(role)

    def own(self, number: int, slots: Mapping[int, int]) -> None:
        """Make the shard own exactly these slots; done on return."""
        self._cluster.ask("shard", number, "own", dict(slots), timeout_seconds=90.0)

    def status(self, number: int, timeout_seconds: float = 5.0) -> ShardStatus:
        """The shard's status."""
        status: ShardStatus = self._cluster.ask("shard", number, "status", timeout_seconds=timeout_seconds)
        return status

    def kill(self, number: int) -> None:
        """Kill the shard's process; Ray restarts it, and an actor that Ray has given up is made anew."""
        self._made.discard(self._cluster.name("shard", number))
        self._cluster.kill("shard", number)

    def remove(self, number: int) -> None:
        """Stop the shard permanently."""
        self._cluster.remove("shard", number)
        self._made.discard(self._cluster.name("shard", number))

    def numbers(self) -> list[int]:
        """Numbers of the existing shards."""
        return self._cluster.numbers("shard")
