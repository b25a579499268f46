"""A small fleet of the benchmark ``tests.benchmarks.fleet skew`` with a fixed seed."""

from __future__ import annotations

import pytest

from tests.benchmarks.fleet.skew import Shape, simulate


@pytest.mark.parametrize("ahead", [False, True])
def test_a_fleet_with_wrong_clocks_is_judged_as_if_they_were_right(ahead: bool) -> None:  # noqa: FBT001 (a case)
    """Nothing of a well-behaved sender is late, nobody healthy is silent, the dead are found within two intervals.

    One sender's clock jumps, and the shard is down for 95 s and catches up.
    """
    found = simulate(Shape(senders=60, hours=1.2, dead=4, seed=7, ahead=ahead))
    assert found.share <= 0.001
    assert found.healthy_silent == []
    assert found.missed == []
    assert max(found.found.values()) <= 2.0
    assert found.difference == 0
