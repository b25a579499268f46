"""Every fault shows somewhere, and what truly repairs it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aiops.model.plans import Action, StepStatus
from simulations.faults.registry import FAULTS, FaultError, make
from simulations.telemetry.metrics import MetricEmitter
from simulations.world.estate import load
from simulations.world.world import World

ESTATE = load()
SINGLE = [name for name in FAULTS if name not in ("none", "two-at-once")]
SETTINGS: dict[str, dict[str, Any]] = {
    "slow-disk": {"duration": 2400},
    "surge": {"factor": 6.0, "duration": 600},
    "disk-filling": {"minutes": 4},
}
SETTINGS_OF: dict[str, dict[str, float]] = {"scale": {"replicas": 6}, "shed-load": {"share": 0.9}}
QUIET = {"lying-telemetry", "memory-leak"}
"""Faults that users need not feel in the first minutes."""


def readings(world: World, emitter: MetricEmitter) -> np.ndarray:
    """Scalars of now, NaN where a series is silent."""
    frame = emitter.collect()
    values = np.full(len(emitter.series), np.nan)
    values[frame.index] = frame.value
    return values


@pytest.mark.parametrize("name", SINGLE)
def test_fault_shows_and_is_repaired(name: str) -> None:
    """Beside the same world without it, something shows; the first repair brings users back."""
    broken, healthy = World(ESTATE, 1), World(ESTATE, 1)
    broken.inject(make(name, SETTINGS.get(name)), 60)
    emitters = [MetricEmitter(broken), MetricEmitter(healthy)]
    for world in (broken, healthy):
        world.run(500)
    seen = [readings(world, emitter) for world, emitter in zip((broken, healthy), emitters, strict=True)]
    differs = ~np.isclose(seen[0], seen[1], rtol=0.3, equal_nan=True)
    assert differs.any()
    lost = broken.truth.value_lost - healthy.truth.value_lost
    assert lost > 20 or name in QUIET
    record = broken.truth.faults[0]
    for number, repair in enumerate(record.repairs if name in ("surge", "cache-stampede") else record.repairs[:1]):
        primitive, target = repair.split(" ", 1)
        settings = SETTINGS_OF.get(primitive, {})
        for turn in range(5):
            broken.apply(Action(primitive, target, settings), f"{name}/{number}/{turn}")
            broken.run(40)
            if broken.outcome(f"{name}/{number}/{turn}") is not StepStatus.FAILED:
                break
    assert record.ended_by
    if name in ("surge", "cache-stampede"):
        return
    broken.run(600)
    healthy.run(broken.tick - healthy.tick)
    late = [world.truth.lost[-60:, :5].sum() for world in (broken, healthy)]
    assert late[0] <= late[1] + 5


def test_wrong_action_does_not_end_a_fault() -> None:
    """A restart does not repair a bad version."""
    world = World(ESTATE, 1)
    world.inject(make("bad-deploy-errors"), 10)
    world.run(60)
    world.apply(Action("restart", "payment"), "r")
    world.run(200)
    assert world.outcome("r") is StepStatus.DONE
    assert world.truth.faults[0].until is None


def test_faults_end_by_themselves() -> None:
    """A fault with a duration ends at its time, and the zone comes back."""
    world = World(ESTATE, 1)
    world.inject(make("zone-outage", {"duration": 120}), 10)
    world.run(300)
    record = world.truth.faults[0]
    assert record.until is not None
    assert record.until - record.since == 120 * 10**9
    assert not (world.state.phase == 3).any()


def test_dns_trouble_leaves_inner_metrics_normal() -> None:
    """Users of the site fail and complain; error rates and latency of the fronts stay as they were."""
    world, healthy = World(ESTATE, 1), World(ESTATE, 1)
    world.inject(make("dns-at-site"), 60)
    world.run(400)
    healthy.run(400)
    assert world.truth.violated[-1, 0]
    assert np.allclose(world.state.user_fails, healthy.state.user_fails, atol=1e-3)
    assert np.allclose(world.seen.users_p95, healthy.seen.users_p95, rtol=0.2)
    titles = [event["data"].get("title", "") for event in world.drain_events()]
    assert any("island" in title for title in titles)


def test_lying_agent_speaks_of_a_healthy_host() -> None:
    """Values of the lying host differ from the truth while users lose nothing; a frozen one repeats itself."""
    for mode in ("frozen", "nonsense"):
        world = World(ESTATE, 1)
        emitter = MetricEmitter(world)
        world.inject(make("lying-telemetry", {"mode": mode}), 20)
        frames = []
        for _ in range(6):
            world.run(15)
            frames.append(readings(world, emitter))
        on_host = np.array([info.entity == "host-a1" for info in emitter.series])
        if mode == "frozen":
            assert np.array_equal(frames[-1][on_host], frames[-2][on_host])
            assert not np.array_equal(frames[-1], frames[-2])
        else:
            assert np.nanmax(frames[-1][on_host] / frames[0][on_host]) > 2
        assert world.truth.value_lost < 1


def test_two_at_once_are_two_records() -> None:
    """Both faults come, and the truth knows both."""
    world = World(ESTATE, 1)
    world.inject(make("two-at-once", {"faults": [{"name": "crash"}, {"name": "cpu-hog", "cores": 10}]}), 10)
    world.run(20)
    assert [record.kind for record in world.truth.faults] == ["crash", "cpu-hog"]


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [("meteor", {}, "no fault"), ("crash", {"size": 3}, "no setting"), ("cpu-hog", {"cores": "many"}, "cores")],
)
def test_wrong_names_and_settings_are_refused(name: str, settings: dict[str, Any], says: str) -> None:
    """The error says what is known."""
    with pytest.raises(FaultError, match=says):
        make(name, settings)
