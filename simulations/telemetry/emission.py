"""All telemetry of a world: always metrics; logs and spans unless ``light``."""

from __future__ import annotations

from dataclasses import dataclass

from simulations.telemetry.frames import LogFrame, MetricFrame, SpanFrame
from simulations.telemetry.logs import LogEmitter
from simulations.telemetry.metrics import MetricEmitter
from simulations.telemetry.spans import SpanEmitter
from simulations.world.world import World


@dataclass(frozen=True, slots=True)
class Emitted:
    """What one interval gave."""

    metrics: MetricFrame
    logs: LogFrame | None
    spans: SpanFrame | None


class Emission:
    """Telemetry of a world.

    Args:
        world: whose.
        interval: seconds between emissions.
        light: metrics only; the metrics are the same, bit for bit, as with logs and spans.
    """

    def __init__(self, world: World, interval: int = 15, *, light: bool = False) -> None:
        self.metrics = MetricEmitter(world, interval)
        self._logs = None if light else LogEmitter(self.metrics)
        self._spans = None if light else SpanEmitter(self.metrics)

    def collect(self) -> Emitted | None:
        """After a tick: what is emitted now, or None between intervals."""
        if not self.metrics.due():
            return None
        return Emitted(
            self.metrics.collect(),
            None if self._logs is None else self._logs.collect(),
            None if self._spans is None else self._spans.collect(),
        )
