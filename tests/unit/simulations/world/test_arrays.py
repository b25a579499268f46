from __future__ import annotations

import numpy as np
import pytest

from simulations.world.arrays import (
    AGES,
    BOUNDS,
    DOWN,
    DRAINING,
    OFF,
    READY,
    STARTING,
    Fixed,
    Knobs,
    Measurements,
    WorldState,
)
from simulations.world.estate import load
from simulations.world.layout import Layout

LAYOUT = Layout(load())
SIZES = {
    "s": len(LAYOUT.services),
    "i": len(LAYOUT.instances),
    "e": len(LAYOUT.edges),
    "h": len(LAYOUT.hosts),
    "z": len(LAYOUT.zones),
    "site": len(LAYOUT.sites),
    "f": len(LAYOUT.fixed.front),
}
KNOBS = {
    "slow": "i", "errors": "i", "leak": "i", "io_extra": "i", "disk_slow": "h", "hog": "h", "tls_fails": "s",
    "pool_share": "e", "call_errors": "e", "site_fails": "site", "surge": "f", "shed": "s", "zone_weight": "z",
    "consume": "s",
}  # fmt: skip
FACTORS = {"slow", "disk_slow", "pool_share", "surge", "zone_weight", "consume"}


def test_phases_are_different_numbers() -> None:
    """The compiled kernel compares with them."""
    assert sorted([OFF, STARTING, READY, DOWN, DRAINING]) == list(range(5))


def test_bounds_of_the_histograms_rise() -> None:
    """Strictly, in seconds; the same as the layout gives the kernel."""
    assert (np.diff(BOUNDS) > 0).all()
    assert np.array_equal(LAYOUT.fixed.bounds, BOUNDS)


@pytest.mark.parametrize(("name", "index"), KNOBS.items())
def test_a_knob_has_its_size_and_rests(name: str, index: str) -> None:
    """Factors and shares that are left rest at 1; one request in 100,000 fails by itself; all else rests at 0."""
    knob = getattr(LAYOUT.resting_knobs(), name)
    assert knob.shape == (SIZES[index],)
    assert (knob == (1.0 if name in FACTORS else 1e-5 if name == "errors" else 0.0)).all()


def test_every_knob_is_known() -> None:
    """A new one needs a size, a rest and a word of what it turns."""
    assert set(Knobs._fields) == set(KNOBS) | {"loss"}
    assert LAYOUT.resting_knobs().loss.tolist() == np.zeros((SIZES["z"], SIZES["z"])).tolist()


def test_instances_and_calls_are_contiguous() -> None:
    """``first`` and ``calls`` cut the instances and the calls into one range a service, without a gap."""
    fixed: Fixed = LAYOUT.fixed
    assert (fixed.first[0], fixed.first[-1], fixed.calls[0], fixed.calls[-1]) == (0, SIZES["i"], 0, SIZES["e"])
    for n in range(SIZES["s"]):
        assert (fixed.service[fixed.first[n] : fixed.first[n + 1]] == n).all()
        assert (fixed.caller[fixed.calls[n] : fixed.calls[n + 1]] == n).all()


def test_requests_flow_downwards() -> None:
    """Callers come before what they call, and a queue before its workers: the kernel goes once through them."""
    fixed = LAYOUT.fixed
    assert (fixed.caller < fixed.callee).all()
    workers = np.flatnonzero(fixed.consumes >= 0)
    assert (fixed.consumes[workers] < workers).all()


def test_state_and_measurements_begin_empty() -> None:
    """Nobody waits, nothing was served; waiting requests are kept by age."""
    state: WorldState = LAYOUT.first_state()
    seen: Measurements = LAYOUT.nothing_seen()
    assert state.waiting.shape == state.born.shape == (SIZES["i"], AGES)
    assert not state.waiting.any()
    assert seen.histogram.shape == (SIZES["i"], len(BOUNDS) + 1)
    assert all(not getattr(seen, name).any() for name in Measurements._fields if name.endswith("_sum"))
