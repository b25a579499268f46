"""The part of `aiops simulate` that publishes to Kafka in real time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from rich.console import Console

from aiops.adapters.clock import SystemClock
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.cli.live_target import LiveTarget
from simulations.live.live_world import LiveSettings, LiveWorld
from simulations.scorecards.suite import ScenarioEntry


def publish(
    entry: ScenarioEntry, target: LiveTarget, settings: LiveSettings, *, progress: Callable[[str, float], None]
) -> None:
    """Run a scenario's world in real time until SIGINT or SIGTERM."""
    plot = entry.scenario.plot(entry.folder)
    kafka, runtime = target.bootstrap, target.settings
    topics = KafkaTopics(kafka, patient=False, security=runtime.kafka)
    topics.ensure(runtime)
    topics.close()
    producer = KafkaPythonProducer(kafka, security=runtime.kafka)
    world = LiveWorld(plot.estate, producer, SystemClock(), settings=settings, topics=runtime.topics)
    console = Console(stderr=True)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        world.start(lambda share: progress(f"{settings.history_seconds} s of history", share))
        for coming in plot.faults:
            world.inject(coming.fault, delay_seconds=coming.after)
        console.print(f"live: {plot.estate.name} to {kafka}; actions at {world.url}; end with Ctrl-C")
        while not over.wait(5.0):
            if world.error:
                console.print(f"cannot publish: {world.error}", style="red")
    finally:
        world.stop()
        producer.close()
