from __future__ import annotations

import math

import numpy as np
import pytest

from simulations.faults.changes import BadConfiguration, BadDeployErrors, BadDeploySlow, CertificateExpiry
from tests.unit.simulations.faults.worlds import world


@pytest.mark.parametrize("age", [0, 14, 29, 59, 60, 10_000])
def test_a_version_reaches_one_instance_after_the_other(age: int) -> None:
    """Over the minute of its roll-out: ceil(instances × (age + 1) / 60), then all."""
    place = world()
    group = place.instances("payment")
    reached = BadDeployErrors(rollout=60).reached(place, age)
    assert reached == group[: math.ceil(len(group) * min(1.0, (age + 1) / 60))].tolist()
    assert reached


def test_a_version_fails_requests_of_the_instances_that_have_it() -> None:
    """Its share is added there and nowhere else, and the deployment is told as a change."""
    place = world()
    fault = BadDeployErrors(share=0.6, rollout=60)
    place.drain_events()
    fault.begin(place)
    fault.hold(place, 0)
    reached = fault.reached(place, 0)
    added = place.knobs.errors - place.resting.errors
    assert added[reached] == pytest.approx(0.6)
    assert added.sum() == pytest.approx(0.6 * len(reached))
    assert place.versions["payment"] == 2
    assert [event["data"]["entity"] for event in place.drain_events()] == ["payment"]
    assert fault.repairs(place) == ("roll-back payment",)


def test_a_slow_version_multiplies() -> None:
    """Two faults on one instance multiply their factors."""
    place = world()
    for factor in (7.0, 2.0):
        BadDeploySlow(target="pricing", factor=factor, rollout=1).hold(place, 0)
    assert place.knobs.slow[place.instances("pricing")] == pytest.approx(14.0)
    assert np.delete(place.knobs.slow, place.instances("pricing")) == pytest.approx(1.0)


def test_a_wrong_setting_breaks_one_kind_of_call() -> None:
    """Only calls from the service to the other, and a change of kind ``config``."""
    place = world()
    place.drain_events()
    fault = BadConfiguration(target="basket", to="orders-db", share=0.7)
    fault.begin(place)
    fault.hold(place, 5)
    broken = [place.layout.edges[e] for e in np.flatnonzero(place.knobs.call_errors)]
    assert {(caller, call.to) for caller, call in broken} == {("basket", "orders-db")}
    assert place.knobs.call_errors.max() == 0.7
    assert [event["data"]["kind"] for event in place.drain_events()] == ["config"]


@pytest.mark.parametrize(("age", "share"), [(0, 1 / 120), (59, 0.5), (119, 1.0), (5000, 1.0)])
def test_a_certificate_refuses_ever_more_connections(age: int, share: float) -> None:
    """Linearly over its ramp, at one service."""
    place = world()
    CertificateExpiry(ramp=120).hold(place, age)
    assert place.knobs.tls_fails[place.layout.index["user-profile"]] == pytest.approx(share)
    assert place.knobs.tls_fails.sum() == pytest.approx(share)


@pytest.mark.parametrize(("renewed", "repairs"), [(True, ("restart user-profile",)), (False, ())])
def test_only_a_renewed_certificate_is_loaded_by_a_restart(repairs: tuple[str, ...], *, renewed: bool) -> None:
    """Otherwise only a person can help."""
    assert CertificateExpiry(renewed=renewed).repairs(world()) == repairs
