"""The estate's configuration items, and the mistakes of a CMDB."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aiops.model import cloudevents
from aiops.model.entities import Criticality, EdgeKind
from simulations.range.estate_plan import BACKING
from simulations.range.inventory import deployment, edges, events, items, recorded
from tests.unit.simulations.range.runs import PLAN

HOST = "machine"


def test_everything_that_runs_is_an_item() -> None:
    """Services, started instances, backing services, the host; a spare instance is none."""
    started = {one.id for service in PLAN.services for one in service.instances if not one.spare}
    assert {item.id for item in items(PLAN, HOST)} == {HOST, *BACKING, *PLAN.by_id, *started}


def test_items_say_what_the_plan_says() -> None:
    """Owner, tier and replicas."""
    found = {item.id: item for item in items(PLAN, HOST)}
    for service in PLAN.services:
        item = found[service.id]
        assert (item.owner, item.criticality, item.replicas) == (service.owner, service.tier, service.replicas)


def test_only_services_of_users_have_objectives_and_value() -> None:
    """The others matter through them."""
    valued = {item.id for item in items(PLAN, HOST) if item.objectives and item.value_per_minute}
    assert valued == {entry.id for entry in PLAN.entries}
    assert {item.criticality for item in items(PLAN, HOST) if item.id in valued} == {Criticality.CRITICAL}


def test_dependencies_are_those_of_the_links() -> None:
    """A call is a call, a store is used."""
    found = {(edge.source, edge.target): edge.kind for edge in edges(PLAN, HOST)}
    for link in PLAN.links:
        expected = EdgeKind.CALLS if link.target in PLAN.by_id else EdgeKind.USES
        assert found[link.source, link.target] == expected


def test_instances_are_part_of_their_service_and_run_on_the_host() -> None:
    """Both edges of each."""
    found = {(edge.source, edge.target) for edge in edges(PLAN, HOST)}
    for service in PLAN.services:
        for instance in service.instances:
            assert ((instance.id, service.id) in found) == (not instance.spare)
            assert ((instance.id, HOST) in found) == (not instance.spare)


def test_a_faultless_cmdb_holds_everything() -> None:
    """As it is."""
    assert recorded(PLAN, HOST) == (items(PLAN, HOST), edges(PLAN, HOST))


@given(st.floats(0, 1))
def test_what_is_missing_is_gone_with_its_dependencies(missing: float) -> None:
    """No edge begins or ends at an item that is not recorded."""
    listed, needs = recorded(PLAN, HOST, missing=missing)
    ids = {item.id for item in listed}
    assert {end for edge in needs for end in (edge.source, edge.target)} <= ids


def test_a_cmdb_that_lacks_everything_is_empty() -> None:
    """The whole share is missing."""
    assert recorded(PLAN, HOST, missing=1.0) == ([], [])


def test_shares_grow() -> None:
    """A larger share leaves less."""
    sizes = [len(recorded(PLAN, HOST, missing=share)[0]) for share in (0.0, 0.3, 0.7, 1.0)]
    assert all(left > right for left, right in pairwise(sizes))


def test_wrong_records_name_real_items() -> None:
    """All differ from the truth in one field, and none is invented."""
    listed, needs = recorded(PLAN, HOST, wrong=1.0)
    for true, held in zip(items(PLAN, HOST), listed, strict=True):
        assert held.id == true.id
        assert sum(getattr(held, name) != getattr(true, name) for name in ("owner", "criticality", "replicas")) == 1
    ids = {item.id for item in listed}
    for true_edge, edge in zip(edges(PLAN, HOST), needs, strict=True):
        assert edge.source == true_edge.source
        assert edge.target in ids - {true_edge.target, edge.source}


def test_mistakes_are_the_seeds_own() -> None:
    """The same estate has the same wrong CMDB each time."""
    assert recorded(PLAN, HOST, missing=0.2, wrong=0.2) == recorded(PLAN, HOST, missing=0.2, wrong=0.2)


def test_each_item_becomes_one_event_with_its_dependencies() -> None:
    """Keyed by the item."""
    found = events(recorded(PLAN, HOST), at=1_000)
    assert [event["subject"] for event in found] == [item.id for item in items(PLAN, HOST)]
    assert {event["type"] for event in found} == {cloudevents.ITEM}
    assert sum(len(event["data"]["edges"]) for event in found) == len(edges(PLAN, HOST))


def test_a_release_is_a_deployment() -> None:
    """With the version that runs after it."""
    service = PLAN.services[0]
    change = deployment(service, "9.0.0", at=5)
    assert (change.entity, change.kind, change.version, change.at) == (service.id, "deploy", "9.0.0", 5)
    assert change.id != deployment(service, "9.0.0", at=6).id
