"""A world that follows the wall clock: it publishes its past at once, then ticks each second; actions come by HTTP."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from aiops.model.durations import SECOND
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.plans import Action, Observed, StepStatus
from aiops.model.records import OutRecord
from aiops.ports import Clock, Producer
from aiops.topic_names import Topics
from simulations.faults.fault import Fault
from simulations.faults.registry import check, make
from simulations.live import records
from simulations.live.endpoint import Endpoint
from simulations.telemetry.emission import Emission
from simulations.world.estate import Estate
from simulations.world.operations import ActionResult
from simulations.world.world import World

_MOST_WAITING = 20_000
"""Records that may wait for the broker; the past is written in portions of about so many."""
_LONGEST_STALL = 3600
"""Seconds of wall time that are caught up; after a longer sleep of the machine time is skipped."""


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How a live world behaves."""

    history_seconds: int = 900
    """Length of the past that is published at once, for detectors to learn from."""
    interval: int = 5
    """Seconds between points."""
    keyed: bool = True
    """One record an entity, keyed by it; else as a stock Collector writes."""
    port: int = 0
    """Of the endpoint on loopback; 0: a free one."""
    seed: int = 0


class LiveWorld:
    """A running estate beside the runtime. All methods are thread-safe.

    Args:
        estate: what exists.
        producer: where records go.
        clock: the wall clock.
        settings: how it behaves.
        topics: names of the topics.
    """

    def __init__(
        self,
        estate: Estate,
        producer: Producer,
        clock: Clock,
        *,
        settings: LiveSettings | None = None,
        topics: Topics | None = None,
    ) -> None:
        self.settings, self.topics = settings or LiveSettings(), topics or Topics()
        self._producer, self._clock = producer, clock
        start = (clock.now() // SECOND - self.settings.history_seconds) * SECOND
        self._world = World(estate, self.settings.seed, start)
        self._emission = Emission(self._world, self.settings.interval)
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._waiting: list[OutRecord] = []
        self._thread = threading.Thread(target=self._keep_pace, name="live-world", daemon=True)
        self._endpoint: Endpoint | None = None
        self.error = ""
        """Why records could not be written at the last try; empty: they were."""
        self.published = 0
        """Records that the broker has acknowledged."""

    # ----------------------------------------------------------------------------------------------- life

    def start(self, progress: Callable[[float], None] | None = None) -> Self:
        """Publish the past, then go on in real time; returns when the past is written.

        Args:
            progress: told the share of the past that is written.

        Raises:
            AiopsError: the past cannot be written.
        """
        self.publish_past(progress)
        self._endpoint = Endpoint(self, self.settings.port)
        self._endpoint.start()
        self._thread.start()
        return self

    def publish_past(self, progress: Callable[[float], None] | None = None) -> None:
        """Publish everything up to now at once."""
        begun = self._world.now
        while (left := self._behind()) > 0:
            with self._changed:
                for _ in range(min(left, 10 * self.settings.interval)):
                    self._tick()
            if len(self._waiting) >= _MOST_WAITING:
                self._flush()
            if progress is not None:
                progress((self._world.now - begun) / max(1, self._clock.now() - begun))
        self._flush()

    def stop(self) -> None:
        """End; the producer is left to whoever made it."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._endpoint is not None:
            self._endpoint.stop()
        if self._thread.is_alive():
            self._thread.join(10)

    @property
    def url(self) -> str:
        """Where actions are taken: the ``url`` of the runtime's HTTP executor."""
        if self._endpoint is None:
            raise PermanentError("the live world has not been started")
        return self._endpoint.url

    # ------------------------------------------------------------------------------------------- from outside

    def inject(self, fault: Fault | str, settings: Mapping[str, Any] | None = None, delay_seconds: int = 0) -> None:
        """Let a fault come, given as one or by name with settings.

        Raises:
            FaultError: no such fault or setting, or nothing there that it could hit.
        """
        made = make(fault, settings) if isinstance(fault, str) else fault
        check(made, self._world.estate)
        with self._changed:
            self._world.inject(made, delay_seconds)

    def act(self, action: Action, key: str, seconds: float) -> tuple[ActionResult, StepStatus | None]:
        """Ask for an action and wait until it has ended, at most so long; the status is None while it runs."""
        with self._changed:
            result = self._world.apply(action, key)
            if result.accepted:
                self._changed.wait_for(lambda: self._over(key), seconds)
            return result, self._world.outcome(key)

    def observe(self, target: str, key: str) -> Observed:
        """What the target knows of a key."""
        with self._changed:
            return self._world.observe(target, key)

    def truth(self) -> dict[str, Any]:
        """What really happens: faults, promises, value, actions; for people and graders, never for the runtime."""
        with self._changed:
            world, truth = self._world, self._world.truth
            broken = truth.violated[-1].tolist() if truth.ticks else []
            return {
                "at": world.now,
                "start": world.start,
                "faults": [asdict(record) for record in truth.faults],
                "broken": [name for name, now in zip(truth.services, broken, strict=False) if now],
                "minutes_violated": truth.minutes_violated(),
                "value_lost": truth.value_lost,
                "currency": world.estate.currency,
                "actions": {key: (world.outcome(key) or "running") for key in world.operations.asked},
                "asked": dict(world.operations.asked),
                "effects": dict(world.operations.effects),
                "harms": [asdict(harm) for harm in truth.harms],
                "published": self.published,
                "error": self.error,
            }

    # ------------------------------------------------------------------------------------------------- inside

    def _over(self, key: str) -> bool:
        return self._stopping.is_set() or self._world.outcome(key) is not None

    def _behind(self) -> int:
        """Whole seconds by which the world is behind the clock."""
        return math.floor((self._clock.now() - self._world.now) / SECOND)

    def catch_up(self) -> None:
        """Catches up with the clock and publishes; the world stands still while records wait for the broker."""
        try:
            self._flush()
            for _ in range(min(self._behind(), _LONGEST_STALL)):
                with self._changed:
                    self._tick()
                    self._changed.notify_all()
                self._flush()
            self.error = ""
        except AiopsError as error:
            self.error = str(error)

    def _tick(self) -> None:
        self._world.step()
        self._waiting += records.control(self._world.drain_events(), self.topics)
        emitted = self._emission.collect()
        if emitted is not None:
            self._waiting += records.telemetry(self._emission, emitted, self.topics, keyed=self.settings.keyed)

    def _flush(self) -> None:
        """Write what waits; if that fails, it waits on and is written again (readers know repeats by their content)."""
        if not self._waiting:
            return
        self._producer.send(self._waiting)
        self._producer.flush()
        self.published += len(self._waiting)
        self._waiting = []

    def _keep_pace(self) -> None:
        while not self._stopping.is_set():
            self.catch_up()
            late = self._clock.now() - self._world.now
            self._stopping.wait(max(0.02, 1.0 - late / SECOND))
