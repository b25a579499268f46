"""Where users feel a fault: paths of calls lead there, and queues do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.range.estate_plan import POSTGRESQL, REDIS, Edge, EstatePlan, Link, LinkKind
from simulations.range.faults.impact import felt_at, needing, root_entity
from simulations.range.faults.kind import Place
from simulations.range.faults.registry import KINDS
from simulations.range.faults.targets import targets
from simulations.range.generation import generate


@pytest.fixture
def plan() -> EstatePlan:
    """``web`` calls ``cart``, ``cart`` calls ``prices`` and sends to ``mailer``; ``shop`` calls ``prices``."""
    drawn = generate(7, size=5)
    names = ("web", "shop", "cart", "prices", "mailer")
    services = tuple(replace(service, id=name) for service, name in zip(drawn.services, names, strict=True))
    edges = (
        Edge("web", "cart"),
        Edge("cart", "prices"),
        Edge("shop", "prices"),
        Edge("cart", "mailer", "mailer-jobs"),
    )
    links = (
        Link("mailer", POSTGRESQL, LinkKind.DATABASE, 1, 2),
        Link("prices", REDIS, LinkKind.CACHE, 3, 4),
        Link("web", "cart", LinkKind.SERVICE, 5, 6),
    )
    return replace(drawn, services=services, edges=edges, links=links)


@pytest.mark.parametrize(
    ("target", "felt"),
    [("prices", ("web", "shop")), ("cart", ("web",)), ("web", ("web",)), ("mailer", ()), ("shop", ("shop",))],
)
def test_callers_feel_it_and_senders_do_not(plan: EstatePlan, target: str, felt: tuple[str, ...]) -> None:
    """In call order."""
    assert felt_at(KINDS["killed"], target, plan) == felt


def test_a_store_is_felt_by_the_callers_of_its_users(plan: EstatePlan) -> None:
    """The cache of prices by all, the database of the mailer by nobody."""
    assert felt_at(KINDS["cache-flushed"], REDIS, plan) == ("web", "shop")
    assert felt_at(KINDS["database-restarted"], POSTGRESQL, plan) == ()


def test_a_connection_is_felt_by_the_callers_of_its_source(plan: EstatePlan) -> None:
    """Other callers of its target are well; the source is the cause."""
    assert felt_at(KINDS["cut"], "web--cart", plan) == ("web",)
    assert root_entity(KINDS["cut"], "web--cart", plan) == "web"


def test_a_table_belongs_to_the_database(plan: EstatePlan) -> None:
    """Users feel it at the callers of its service."""
    assert root_entity(KINDS["row-lock"], "cart", plan) == POSTGRESQL
    assert felt_at(KINDS["row-lock"], "cart", plan) == ("web",)


def test_everybody_feels_more_users_and_a_busy_host(plan: EstatePlan) -> None:
    """All services that users ask."""
    for name, target in (("traffic-surge", "load"), ("hog-beside", "host")):
        assert felt_at(KINDS[name], target, plan) == tuple(entry.id for entry in plan.entries)


@given(st.integers(0, 40))
def test_a_cycle_free_graph_ends(seed: int) -> None:
    """Every service needs itself, and whoever calls one that needs another needs it as well."""
    plan = generate(seed)
    for service in plan.services:
        reached = needing([service.id], plan)
        assert service.id in reached
        assert {edge.source for edge in plan.edges if edge.target in reached and not edge.queue} <= reached


@given(st.integers(0, 30), st.sampled_from(sorted(KINDS)))
def test_every_fault_of_every_estate_has_a_truth(seed: int, name: str) -> None:
    """Users feel it only at services that they ask, and never a harmless one."""
    plan, kind = generate(seed), KINDS[name]
    for target in targets(kind, plan):
        felt = felt_at(kind, target, plan)
        assert set(felt) <= {entry.id for entry in plan.entries}
        assert not (kind.harmless and felt)
        assert root_entity(kind, target, plan)
        if kind.place is Place.SERVICE:
            assert root_entity(kind, target, plan) == target
