"""The dispatcher's view of the cluster: the executors' gate and the shards as plain ports."""

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
"""Longer than the hard deadline that an effect in doubt may still have."""


class ClusterSteps:
    """The gate as an actor of its own, outside the orchestrator's process."""

    def __init__(self, cluster: RayCluster) -> None:
        self._cluster = cluster
        self._looking = ThreadPoolExecutor(8, thread_name_prefix="observe")

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """Carry it out."""
        return self._cluster.call("executor", 0, "run", order, group="ask")

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        """Look whether it happened; asked again while the executor is being started again, for looking does nothing."""
        return self._looking.submit(self._observe, order)

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
    """Asks all shards and puts their answers together; who is silent is missing."""

    def __init__(self, cluster: RayCluster, shards: Sequence[int] | None, clock: Clock) -> None:
        self._cluster, self._shards, self._clock = cluster, shards, clock

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """Of an entity that several shards know, the readings of all; its watermark is the lowest."""
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
                found[reading.entity] = reading if known is None else _joined(known, reading)
        whole = answered == len(calls) > 0
        mute = tuple(name for name in question.entities if name not in found) if whole else ()
        return FleetAnswer(question.id, self._clock.now(), tuple(found.values()), question.domain, mute)

    def _numbers(self) -> Sequence[int]:
        return self._shards if self._shards is not None else self._cluster.numbers("shard")


def _joined(one: EntityReading, other: EntityReading) -> EntityReading:
    series = sorted((*one.series, *other.series), key=lambda s: -s.score)[:32]
    known = [at for at in (one.watermark, other.watermark) if at]
    unwell = one.unwell or other.unwell
    easing = not unwell and (one.easing or other.easing)
    return EntityReading(one.entity, min(known, default=0), unwell, tuple(series), easing)


class ClusterShards:
    """The fleet keeper's view: shards by number, and the other actors as one thing.

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
        """Shard ``number`` exists; made once a life, then only looked after by Ray."""
        if self._cluster.name("shard", number) not in self._made:
            factory, arguments = self._shard
            self._cluster.ensure("shard", number, factory, arguments={**arguments, "number": number}, cpus=self._cpus)
            self._made.add(self._cluster.name("shard", number))

    def ensure_others(self) -> None:
        """Agents, executor and orchestrator exist."""
        for role, (factory, arguments) in self._others.items():
            if role not in self._made:
                self._cluster.ensure(role, 0, factory, arguments=arguments)
                self._made.add(role)

    def own(self, number: int, slots: Mapping[int, int]) -> None:
        """It owns exactly these slots when this returns."""
        self._cluster.ask("shard", number, "own", dict(slots), timeout_seconds=90.0)

    def status(self, number: int) -> ShardStatus:
        """What it says of itself."""
        status: ShardStatus = self._cluster.ask("shard", number, "status", timeout_seconds=5.0)
        return status

    def kill(self, number: int) -> None:
        """End its process; Ray starts it again."""
        self._cluster.kill("shard", number)

    def remove(self, number: int) -> None:
        """Stop it for good."""
        self._cluster.remove("shard", number)
        self._made.discard(self._cluster.name("shard", number))

    def numbers(self) -> list[int]:
        """Shards that exist."""
        return self._cluster.numbers("shard")
