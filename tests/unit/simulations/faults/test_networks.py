from __future__ import annotations

import numpy as np
import pytest

from simulations.faults.networks import DependencyLatency, DnsAtSite, PacketLoss, ZoneOutage
from simulations.world.arrays import DOWN, OFF, STARTING
from tests.unit.simulations.faults.worlds import world


def test_somebody_elses_latency_adds_seconds() -> None:
    """At the other firm's only instance."""
    place = world()
    DependencyLatency(seconds=3.0).hold(place, 0)
    at = place.fixed.first[place.layout.index["payment-gateway"]]
    assert np.flatnonzero(place.knobs.io_extra).tolist() == [at]
    assert place.knobs.io_extra[at] == 3.0


def test_packets_are_lost_both_ways() -> None:
    """Between the two zones and nowhere else, not even within one."""
    place = world()
    PacketLoss(target="zone-a", other="zone-c", share=0.4).hold(place, 0)
    a, c = place.layout.zones.index("zone-a"), place.layout.zones.index("zone-c")
    assert place.knobs.loss[a, c] == place.knobs.loss[c, a] == 0.4
    assert place.knobs.loss.sum() == pytest.approx(0.8)
    assert PacketLoss().repairs(place) == ("fail-over zone-a", "fail-over zone-b")


def test_an_outage_takes_what_is_ours_in_the_zone() -> None:
    """Other firms' instances, other zones and what was off stay as they were."""
    place = world()
    before = place.state.phase.copy()
    fault = ZoneOutage(target="zone-b")
    fault.hold(place, 0)
    inside = fault._inside(place)
    assert (place.state.phase[inside & (before != OFF)] == DOWN).all()
    assert (place.state.phase[inside & (before == OFF)] == OFF).all()
    assert (place.state.phase[~inside] == before[~inside]).all()
    kinds = {place.layout.services[n].kind for n in place.fixed.service[inside]}
    assert "external" not in kinds


def test_after_an_outage_everything_starts() -> None:
    """Within half a minute; nothing outside of the zone begins anew."""
    place = world()
    fault = ZoneOutage(target="zone-b")
    fault.hold(place, 0)
    elsewhere = place.instances("web")[place.fixed.zone[place.instances("web")] != place.layout.zones.index("zone-b")][
        0
    ]
    place.state.phase[elsewhere] = DOWN
    dark = fault._inside(place) & (place.state.phase == DOWN)
    fault.end(place)
    assert (place.state.phase[dark] == STARTING).all()
    assert (place.state.left[dark] == 30.0).all()
    assert place.state.phase[elsewhere] == DOWN


def test_names_fail_at_one_site() -> None:
    """A share of that site's users."""
    place = world()
    DnsAtSite(target="island", share=0.95).hold(place, 0)
    assert place.knobs.site_fails.tolist() == [0.95 * (name == "island") for name in place.layout.sites]
