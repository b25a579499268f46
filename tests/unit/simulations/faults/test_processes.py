from __future__ import annotations

import math

import numpy as np
import pytest

from simulations.faults.processes import Crash, CrashLoop, MemoryLeak
from simulations.world.arrays import DOWN, READY
from tests.unit.simulations.faults.worlds import world


@pytest.mark.parametrize("share", [1.0, 0.5, 0.01])
def test_a_share_of_the_instances_dies_for_good(share: float) -> None:
    """Rounded up: at least one."""
    place = world()
    group = place.instances("pricing")
    Crash(target="pricing", share=share).begin(place)
    assert int((place.state.phase[group] == DOWN).sum()) == math.ceil(share * len(group))
    assert (np.delete(place.state.phase, group) != DOWN).all()


def test_a_crash_is_over_when_nobody_is_down() -> None:
    """Not in its first second, and not while one is dead; a duration ends it too."""
    place = world()
    fault = Crash(target="pricing", duration=60)
    fault.begin(place)
    assert not fault.over(place, 0)
    assert not fault.over(place, 59)
    assert fault.over(place, 60)
    place.state.phase[place.instances("pricing")] = READY
    assert fault.over(place, 1)
    assert not fault.over(place, 0)


def test_a_loop_kills_at_its_age() -> None:
    """Instance ``rank`` serves for 12 + 3 × rank seconds before it dies; one that starts is left alone."""
    place = world()
    group = place.instances("inventory")
    fault = CrashLoop(target="inventory", lives=12)
    fault.begin(place)
    assert (place.versions["inventory"], place.state.uptime[group].sum()) == (2, 0.0)
    place.state.phase[group] = READY
    place.state.uptime[group] = 14.9
    fault.hold(place, 15)
    assert [place.state.phase[i] == READY for i in group] == [12 + 3 * rank > 14.9 for rank in range(len(group))]


def test_a_leak_reaches_the_limit_in_its_minutes() -> None:
    """0.6 of the memory over ten minutes for the first instance, 7 % slower for each further one."""
    place = world()
    MemoryLeak(target="search", minutes=10.0).hold(place, 0)
    group = place.instances("search")
    memory = place.fixed.memory[place.layout.index["search"]]
    expected = [0.6 * memory / 600 * (1 - 0.07 * rank) for rank in range(len(group))]
    assert place.knobs.leak[group] == pytest.approx(expected)
    assert np.delete(place.knobs.leak, group).sum() == 0.0
    assert MemoryLeak().repairs(place) == ("restart search", "roll-back search")
