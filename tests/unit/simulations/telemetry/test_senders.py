from __future__ import annotations

from simulations.telemetry.senders import SimulatedSenders
from tests.unit.simulations.faults.worlds import world

WORLD = world()
SENDERS = SimulatedSenders(WORLD)


def test_each_instance_that_can_exist_is_a_sender() -> None:
    """In the layout's order, with service, instance, host and zone; other firms send nothing."""
    services = WORLD.layout.services
    wanted = [i for i in range(len(WORLD.layout.instances)) if services[WORLD.fixed.service[i]].telemetry]
    assert [i for i, _ in SENDERS.instances] == wanted
    i, resource = SENDERS.instances[0]
    assert SENDERS.resources[resource].entity == services[WORLD.fixed.service[i]].id
    assert dict(SENDERS.resources[resource].attributes) == {
        "service.name": services[WORLD.fixed.service[i]].id,
        "service.instance.id": WORLD.layout.instances[i],
        "host.name": WORLD.layout.hosts[WORLD.fixed.host[i]],
        "cloud.availability_zone": WORLD.layout.zones[WORLD.fixed.zone[i]],
    }
    assert "payment-gateway" not in {one.entity for one in SENDERS.resources}


def test_each_service_as_a_whole_is_a_sender() -> None:
    """With its name alone, on no host and of no instance."""
    for name, resource in SENDERS.services.items():
        assert SENDERS.resources[resource].attributes == (("service.name", name),)
        assert (SENDERS.hosts[resource], SENDERS.instance_of[resource]) == (-1, -1)


def test_hosts_and_instances_go_with_the_resources() -> None:
    """A lying agent changes what its host's resources say."""
    assert len(SENDERS.hosts) == len(SENDERS.instance_of) == len(SENDERS.resources)
    for i, resource in SENDERS.instances:
        assert (SENDERS.instance_of[resource], SENDERS.hosts[resource]) == (i, WORLD.fixed.host[i])


def test_a_resource_gets_the_next_number() -> None:
    """Numbers are places in the list."""
    senders = SimulatedSenders(world())
    before = len(senders.resources)
    assert senders.resource("island", (("site.name", "island"),)) == before
    assert senders.resources[before].entity == "island"
    assert senders.resource("host-a1", (), host=0) == before + 1
    assert (senders.hosts[-2:], senders.instance_of[-2:]) == ([-1, 0], [-1, -1])


def test_speakers_are_chosen_by_kind() -> None:
    """All instances, or those of services of some kinds."""
    assert len(SENDERS.each()) == len(SENDERS.instances)
    databases = SENDERS.each("database")
    assert {entity for _, entity, _, _ in databases} == {"orders-db", "catalog-db"}
    assert all(SENDERS.instance_of[resource] == i for resource, _, _, i in databases)
    assert SENDERS.each("no such kind") == []
