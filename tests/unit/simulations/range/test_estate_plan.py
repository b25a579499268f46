"""The plan as a file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.errors import PermanentError
from simulations.range.estate_plan import LinkKind, from_json, to_json
from simulations.range.generation import generate


@given(st.integers(0, 1_000))
def test_a_plan_survives_its_file(seed: int) -> None:
    """What is read is what was written."""
    plan = generate(seed)
    assert from_json(to_json(plan)) == plan


def test_another_version_is_refused() -> None:
    """A plan of another format is not guessed at."""
    with pytest.raises(PermanentError, match="has version 9"):
        from_json(to_json(replace(generate(1), version=9)))


def test_a_damaged_plan_names_the_place() -> None:
    """The error names the field."""
    broken = json.loads(to_json(generate(1)))
    broken["services"][0]["port"] = "many"
    with pytest.raises(PermanentError, match=r"services\.0\.port"):
        from_json(json.dumps(broken))


def test_no_json_is_refused() -> None:
    """An empty file, too."""
    with pytest.raises(PermanentError, match="no plan"):
        from_json("")


def test_links_of_a_service_are_its_own() -> None:
    """Each begins at it, one a dependency."""
    plan = generate(7)
    for service in plan.services:
        assert {link.source for link in plan.links_of(service.id)} <= {service.id}
    assert sum(len(plan.links_of(service.id)) for service in plan.services) == len(plan.links)


def test_a_link_is_named_by_its_ends() -> None:
    """The name says whose connection to what is cut."""
    link = next(link for link in generate(7).links if link.kind is LinkKind.DATABASE)
    assert link.name == f"{link.source}--postgresql"


def test_entries_are_what_nobody_calls() -> None:
    """Users ask them."""
    plan = generate(8)
    called = {edge.target for edge in plan.edges}
    assert [entry.id for entry in plan.entries] == [one.id for one in plan.services if one.id not in called]
    assert plan.entries
