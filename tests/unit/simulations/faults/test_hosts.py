from __future__ import annotations

import numpy as np
import pytest

from simulations.faults.hosts import CpuHog, DiskFilling, LyingTelemetry, SlowDisk
from tests.unit.simulations.faults.worlds import host_of, world


def test_a_hog_takes_cores_of_one_host() -> None:
    """Two hogs on one host add up; another host keeps all of its cores."""
    place = world()
    for _ in range(2):
        CpuHog(target="host-a1", cores=3.0).hold(place, 9)
    assert place.knobs.hog[place.layout.hosts.index("host-a1")] == 6.0
    assert place.knobs.hog.sum() == 6.0


def test_a_store_disk_is_the_one_under_its_first_instance() -> None:
    """Unless a host is given; the store and its instance are right answers too."""
    place = world()
    own = host_of(place, "orders-db")
    assert SlowDisk().entities(place) == (own, "orders-db", "orders-db-0")
    assert SlowDisk(host="host-b1").entity(place) == "host-b1"


def test_a_slow_disk_multiplies_and_is_only_worked_around() -> None:
    """The cause goes on after a fail-over."""
    place = world()
    fault = SlowDisk(factor=60.0)
    fault.hold(place, 0)
    assert place.knobs.disk_slow[fault.number(place)] == 60.0
    assert place.knobs.disk_slow.sum() == 60.0 + len(place.layout.hosts) - 1
    assert (fault.cured, fault.repairs(place)) == (False, ("fail-over orders-db",))


@pytest.mark.parametrize(("age", "used"), [(0, 0.45), (240, 0.725), (480, 1.0), (9999, 1.0)])
def test_a_disk_fills_linearly(age: int, used: float) -> None:
    """From 0.45 to 1 within 8 minutes."""
    place = world()
    fault = DiskFilling(minutes=8.0)
    fault.hold(place, age)
    assert place.disk[fault.number(place)] == pytest.approx(used)


def test_writes_fail_only_on_the_full_disk() -> None:
    """Instances of the store on that host; those of others and other stores work."""
    place = world()
    fault = DiskFilling(minutes=8.0, fails=0.7)
    fault.hold(place, 479)
    assert np.array_equal(place.knobs.errors, place.resting.errors)
    fault.hold(place, 480)
    added = place.knobs.errors - place.resting.errors
    broken = np.flatnonzero(added)
    assert set(broken) <= set(place.instances("catalog-db"))
    assert set(place.fixed.host[broken]) == {fault.number(place)}
    assert added[broken] == pytest.approx(0.7)


def test_a_disk_that_was_cleared_has_room() -> None:
    """Below where it began."""
    place = world()
    fault = DiskFilling()
    fault.hold(place, 480)
    fault.end(place)
    assert place.disk[fault.number(place)] == 0.4
    assert fault.repairs(place) == (f"clear-cache {fault.entity(place)}", "fail-over catalog-db")


@pytest.mark.parametrize(("mode", "code"), [("frozen", 1), ("nonsense", 2)])
def test_an_agent_lies_in_its_way_and_stops(mode: str, code: int) -> None:
    """One agent, which is the root; nothing of the host itself changes."""
    place = world()
    fault = LyingTelemetry(target="host-a1", mode=mode)  # type: ignore[arg-type]
    fault.hold(place, 0)
    assert place.lying.tolist() == [code * (name == "host-a1") for name in place.layout.hosts]
    assert (fault.entity(place), fault.repairs(place)) == ("agent-host-a1", ("restart agent-host-a1",))
    fault.end(place)
    assert not place.lying.any()


def test_a_host_that_is_none_is_an_error() -> None:
    """A misspelt name does not hit another host."""
    with pytest.raises(ValueError, match="host-z9"):
        CpuHog(target="host-z9").hold(world(), 0)
