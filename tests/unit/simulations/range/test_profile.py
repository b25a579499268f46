"""Profiles and releases of services."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.errors import PermanentError
from simulations.range.estate_plan import LinkKind
from simulations.range.generation import generate
from simulations.range.profile import Knobs, index, profile, read, release, table

PLAN = generate(7)


@given(st.integers(0, 300))
def test_addresses_are_those_of_the_links(seed: int) -> None:
    """Toxiproxy stands in between, for each dependency."""
    plan = generate(seed)
    for service in plan.services:
        made = profile(plan, service)
        text = json.dumps([made.upstreams, made.database, made.replica, made.cache, made.queue])
        assert all(f"127.0.0.1:{link.port}" in text for link in plan.links_of(service.id))
        assert text.count("127.0.0.1") == len(plan.links_of(service.id))


def test_urls_are_what_the_libraries_read() -> None:
    """With user, database and virtual host."""
    plan = PLAN
    kinds = {link.kind: link for link in plan.links}
    owner = {kind: profile(plan, plan.by_id[link.source]) for kind, link in kinds.items()}
    port = {kind: link.port for kind, link in kinds.items()}
    database = owner[LinkKind.DATABASE].database
    assert database == f"postgresql://shop@127.0.0.1:{port[LinkKind.DATABASE]}/shop"
    assert owner[LinkKind.CACHE].cache == f"redis://127.0.0.1:{port[LinkKind.CACHE]}/0"
    assert owner[LinkKind.QUEUE].queue == f"amqp://shop:shop@127.0.0.1:{port[LinkKind.QUEUE]}/%2F"


def test_a_planned_release_has_no_knobs() -> None:
    """It is a good one."""
    service = PLAN.services[0]
    made = profile(PLAN, service)
    assert made.knobs == Knobs()
    assert made.version == service.version


def test_a_release_carries_version_and_knobs() -> None:
    """Both reach the files."""
    made = profile(PLAN, PLAN.services[0], version="9.9.9", knobs=Knobs(slow_ms=300))
    files = release(made)
    assert read(files["profile.json"])["knobs"]["slow_ms"] == 300
    assert files["environment"] == "export RANGE_VERSION=9.9.9\n"


def test_a_table_is_named_after_its_service() -> None:
    """A service without connections has none."""
    owner = next(service for service in PLAN.services if service.database_pool)
    other = next(service for service in PLAN.services if not service.database_pool)
    assert (table(owner), index(owner)) == (f"{owner.id}_rows", f"{owner.id}_rows_customer")
    assert table(other) == ""


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_a_broken_profile_is_refused(text: str) -> None:
    """It is not guessed at."""
    with pytest.raises(PermanentError, match=r"profile\.json"):
        read(text)
