"""The flow model beside an event-by-event simulation of three services."""

from __future__ import annotations

import numpy as np
import pytest

from simulations.world.estate import Estate, parse
from simulations.world.world import World
from tests.unit.simulations.world.reference import Chain, Stage

SECONDS, WARM = 400, 100


def chain_estate(rate: float, retries: int, queue: int) -> Estate:
    """Three services in a row; the last is the bottleneck (100 requests a second an instance, two instances)."""
    return parse(f"""
name: chain
zones: [z]
hosts_per_zone: 3
host_cores: 8
season: 0
deploys_per_day: 0
sites: [{{id: here, share: 1.0}}]
actions: {{}}
services:
  - {{id: a, replicas: 3, cpu_ms: 8, io_ms: 0, queue: 400, workers: 5000,
      users: {{rate: {rate}, timeout: 6, retries: 0}},
      calls: [{{to: b, timeout: 4, retries: {retries}, backoff: 0}}]}}
  - {{id: b, replicas: 3, cpu_ms: 6, io_ms: 0, queue: 400, workers: 5000,
      calls: [{{to: c, timeout: 1, retries: {retries}, backoff: 0}}]}}
  - {{id: c, replicas: 2, cpu_ms: 10, io_ms: 0, queue: {queue}}}
""")


def flow(rate: float, retries: int, queue: int, seed: int = 3) -> tuple[float, float]:
    """Share of users with an answer and their mean seconds, by the world."""
    world = World(chain_estate(rate, retries, queue), seed)
    world.run(WARM)
    a = slice(0, 3)
    ok, arrived = world.seen.ok_sum[a].sum(), world.seen.arrived_sum[a].sum()
    seconds, weight = 0.0, 0.0
    for _ in range(SECONDS - WARM):
        world.step()
        mean, good = world.seen.users[0, 2], world.seen.users[0, 1]
        seconds, weight = seconds + mean * good, weight + good
    return (world.seen.ok_sum[a].sum() - ok) / (world.seen.arrived_sum[a].sum() - arrived), seconds / max(weight, 1e-9)


def reference(rate: float, retries: int, queue: int, seed: int = 3) -> tuple[float, float]:
    """The same by events."""
    stages = [Stage(3, 0.008, 6, 400), Stage(3, 0.006, 4, 400), Stage(2, 0.010, 1, queue)]
    return Chain(stages, rate, retries, seed).run(SECONDS, WARM)


@pytest.mark.parametrize("rate", [40.0, 100.0, 150.0])
def test_mean_latency_agrees_below_saturation(rate: float) -> None:
    """Up to three quarters of the bottleneck's capacity, mean latency is within 15 % and next to nothing fails."""
    share, seconds = flow(rate, 1, 400)
    expected_share, expected = reference(rate, 1, 400)
    assert seconds == pytest.approx(expected, rel=0.15)
    assert share == pytest.approx(expected_share, abs=0.005)


def test_short_queue_turns_the_excess_away() -> None:
    """With a queue that empties before the deadline, overload costs the excess and no more: within 5 points."""
    share, _ = flow(260.0, 0, 40)
    expected, _ = reference(260.0, 0, 40)
    assert share == pytest.approx(expected, abs=0.05)
    assert 0.6 < expected < 0.9


def test_long_queue_makes_all_work_late() -> None:
    """With a queue longer than the deadline, the same overload leaves nearly nobody with an answer, in both."""
    share, _ = flow(260.0, 0, 400)
    expected, _ = reference(260.0, 0, 400)
    assert expected < 0.1
    assert share == pytest.approx(expected, abs=0.1)


def test_retries_keep_an_overload_alive_in_both() -> None:
    """At 90 % of capacity with two retries a call, a burst's queue never empties; without retries it would: in both."""
    world = World(chain_estate(180.0, 2, 400), 3)
    world.knobs.surge[:] = 1.0
    world.run(60)
    world.resting.surge[:] = world.knobs.surge[:] = 3.0
    world.run(20)
    world.resting.surge[:] = world.knobs.surge[:] = 1.0
    world.run(200)
    assert float(np.mean(world.truth.served[-60:, 1, 0] / world.truth.served[-60:, 0, 0])) < 0.3
