"""What services need and do."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from simulations.range.estate_plan import Edge, StepKind
from simulations.range.work import Needs, draw_needs, draw_routes

IDS = ("a", "b", "c", "d", "e")
NONE = Needs(database=False, replica=False, cache=False)
ALL = Needs(database=True, replica=True, cache=True)


@given(st.integers())
def test_every_estate_uses_every_store(seed: int) -> None:
    """Two tables, a cache and a reader of the replica at least; only an owner of a table has a cache."""
    needs = draw_needs(IDS, Random(seed)).values()
    assert sum(one.database for one in needs) >= 2
    assert any(one.cache for one in needs)
    assert any(one.replica for one in needs)
    assert all(one.database for one in needs if one.cache or one.replica)


@given(st.integers())
def test_every_edge_becomes_a_step(seed: int) -> None:
    """A call names the path, a message the queue."""
    edges = [Edge("a", "b"), Edge("a", "c", "c-jobs")]
    routes = draw_routes("a", (edges, {"b": ["/b"], "c": ["/c"]}), NONE, random=Random(seed), most=3)
    steps = [step for route in routes for step in route.steps]
    assert {(step.target, step.path) for step in steps if step.kind is StepKind.CALL} == {("b", "/b")}
    assert {step.target for step in steps if step.kind is StepKind.PUBLISH} == {"c-jobs"}


@given(st.integers())
def test_a_service_without_a_table_asks_no_store(seed: int) -> None:
    """Its own work needs nothing else."""
    routes = draw_routes("a", ([], {}), NONE, random=Random(seed), most=3)
    kinds = {step.kind for route in routes for step in route.steps}
    assert kinds <= {StepKind.HASH, StepKind.WAIT, StepKind.ALLOCATE}


@given(st.integers())
def test_every_route_of_a_service_with_a_cache_asks_it(seed: int) -> None:
    """So a flushed cache is felt on each."""
    routes = draw_routes("a", ([], {}), ALL, random=Random(seed), most=3)
    assert all(StepKind.CACHE in {step.kind for step in route.steps} for route in routes)


@given(st.integers(), st.integers(1, 3))
def test_routes_have_paths_of_their_own(seed: int, most: int) -> None:
    """At most so many, all below the service's name."""
    routes = draw_routes("a", ([], {}), ALL, random=Random(seed), most=most)
    assert 1 <= len({route.path for route in routes}) == len(routes) <= most
    assert all(route.path.startswith("/a") for route in routes)
