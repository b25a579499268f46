"""Random call graphs."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from simulations.range.call_graph import MOST_CHILDREN, draw

IDS = tuple("abcdefghijkl")


@given(st.integers(5, 12), st.integers(1, 2), st.integers())
def test_each_service_but_the_entries_is_needed_by_an_earlier_one(count: int, entries: int, seed: int) -> None:
    """So no service stands idle, and no call comes back."""
    edges = draw(IDS[:count], entries, Random(seed))
    assert {edge.target for edge in edges} == set(IDS[entries:count])
    assert all(edge.source < edge.target for edge in edges)


@given(st.integers(5, 12), st.integers(1, 2), st.integers())
def test_a_service_is_reached_either_by_calls_or_through_its_queue(count: int, entries: int, seed: int) -> None:
    """A consumer has one queue, whoever feeds it; there is at least one."""
    edges = draw(IDS[:count], entries, Random(seed))
    for target in {edge.target for edge in edges}:
        assert len({edge.queue for edge in edges if edge.target == target}) == 1
    assert any(edge.queue for edge in edges)


@given(st.integers(5, 12), st.integers(1, 2), st.integers())
def test_fan_out_is_bounded_and_edges_are_single(count: int, entries: int, seed: int) -> None:
    """No service calls more than a few others, and none twice."""
    edges = draw(IDS[:count], entries, Random(seed))
    assert max(Counter(edge.source for edge in edges).values()) <= MOST_CHILDREN
    assert len({(edge.source, edge.target) for edge in edges}) == len(edges)


def test_some_graphs_share_a_dependency_and_some_fan_out() -> None:
    """Over a few seeds both shapes occur."""
    graphs = [draw(IDS, 2, Random(seed)) for seed in range(20)]
    assert any(max(Counter(edge.target for edge in edges).values()) >= 3 for edges in graphs)
    assert any(max(Counter(edge.source for edge in edges).values()) >= 3 for edges in graphs)
