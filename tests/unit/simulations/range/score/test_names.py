"""Entities of the telemetry are those of the plan, however they are spelled."""

from __future__ import annotations

import pytest

from simulations.range.estate_plan import POSTGRESQL
from simulations.range.faults.registry import KINDS
from simulations.range.faults.targets import HOST, targets
from tests.unit.simulations.range.score.runs_graded import NAMES, PLAN, ROOT, fault

INSTANCE = PLAN.by_id[ROOT].instances[0].id


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        (ROOT, ROOT),
        (INSTANCE, ROOT),
        (f"shop/{ROOT}", ROOT),
        (f"production/shop/{INSTANCE}", ROOT),
        (f"{ROOT}/4711", ROOT),
        ("machine", HOST),
        (POSTGRESQL, POSTGRESQL),
        ("somebody/else", "somebody/else"),
    ],
)
def test_an_entity_is_its_service(entity: str, name: str) -> None:
    """Namespaces before it and instances behind it do not matter; what is unknown stays itself."""
    assert NAMES.of(entity) == name


def test_the_service_of_a_table_is_right_beside_the_database() -> None:
    """Who asks why its queries are slow may name either."""
    one = fault("slow-query")
    assert NAMES.roots(one) == {POSTGRESQL, one.target}


def test_a_connection_has_its_source_as_root() -> None:
    """As the truth says."""
    one = fault("delay")
    assert NAMES.roots(one) == {one.target.partition("--")[0]}


def test_a_fault_reaches_those_that_need_it_and_those_that_they_call() -> None:
    """Retries and missing load go down the calls."""
    last = targets(KINDS["killed"], PLAN)[-1]
    reach = NAMES.reach(fault(target=last))
    callers = {edge.source for edge in PLAN.edges if edge.target == last and not edge.queue}
    assert {last} | callers <= reach


def test_a_fault_of_the_database_reaches_who_uses_it() -> None:
    """And those that call these."""
    users = {link.source for link in PLAN.links if link.target == POSTGRESQL}
    assert users <= NAMES.reach(fault("database-restarted"))


def test_a_fault_of_the_host_reaches_all() -> None:
    """Everything runs on it."""
    assert set(PLAN.by_id) <= NAMES.reach(fault("hog-beside"))
