"""Plans of estates are a function of the seed and hold what every estate must hold."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.errors import PermanentError
from simulations.range.estate_plan import EstatePlan, Language, LinkKind, StepKind, to_json
from simulations.range.generation import MOST_INSTANCES, generate
from simulations.range.traffic import visits

SEEDS = st.integers(0, 10_000)


def graph(plan: EstatePlan) -> nx.DiGraph[str]:
    """The call graph."""
    found: nx.DiGraph[str] = nx.DiGraph((edge.source, edge.target) for edge in plan.edges)
    found.add_nodes_from(plan.by_id)
    return found


def all_ports(plan: EstatePlan) -> list[int]:
    """Every port that the estate listens on."""
    ports = [getattr(plan.ports, name) for name in type(plan.ports).__dataclass_fields__]
    ports += [link.port for link in plan.links]
    for service in plan.services:
        ports += [service.port, *(instance.port for instance in service.instances)]
    return ports


@given(SEEDS)
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    """Nothing but the seed counts."""
    assert to_json(generate(seed)) == to_json(generate(seed))


def test_other_seeds_give_other_estates() -> None:
    """Thirty seeds give thirty plans, of every size."""
    plans = [generate(seed) for seed in range(60)]
    assert len({to_json(plan) for plan in plans}) == 60
    assert {len(plan.services) for plan in plans} == set(range(5, 13))


@given(SEEDS)
def test_ports_are_used_once(seed: int) -> None:
    """No two programs share a port, and none lies where the system hands out ports."""
    ports = all_ports(generate(seed))
    assert len(ports) == len(set(ports))
    assert all(10_000 <= port < 20_000 for port in ports)


@given(SEEDS)
def test_the_call_graph_is_connected_without_a_cycle(seed: int) -> None:
    """Users reach every service, and no call comes back."""
    plan = generate(seed)
    drawn = graph(plan)
    assert nx.is_directed_acyclic_graph(drawn)
    reached = set().union(*(nx.descendants(drawn, entry.id) | {entry.id} for entry in plan.entries))
    assert reached == set(plan.by_id)


@given(SEEDS)
def test_every_edge_is_a_step_of_its_source(seed: int) -> None:
    """What the graph says is what the services do."""
    plan = generate(seed)
    done = {
        (service.id, step.target)
        for service in plan.services
        for route in service.routes
        for step in route.steps
        if step.kind in {StepKind.CALL, StepKind.PUBLISH}
    }
    assert done == {(edge.source, edge.queue or edge.target) for edge in plan.edges}


@given(SEEDS)
def test_every_call_names_a_route_of_its_target(seed: int) -> None:
    """No service asks for a path that does not exist."""
    plan = generate(seed)
    calls = [
        (step.target, step.path)
        for service in plan.services
        for route in service.routes
        for step in route.steps
        if step.kind is StepKind.CALL
    ]
    known = {(service.id, route.path) for service in plan.services for route in service.routes}
    assert set(calls) <= known


@given(SEEDS)
def test_every_route_is_asked(seed: int) -> None:
    """Users reach each route of each service, by calls or through queues."""
    plan = generate(seed)
    weights = dict(plan.traffic.users[0].paths)
    assert min(visits(plan.services, weights).values()) > 0.0


@given(SEEDS)
def test_every_language_and_every_backing_service_occurs(seed: int) -> None:
    """Each estate has all implementations, a table, a replica that is read, a cache and a queue."""
    plan = generate(seed)
    assert {service.language for service in plan.services} == set(Language)
    assert {link.kind for link in plan.links} == set(LinkKind)
    assert plan.queues


@given(SEEDS)
def test_two_cores_carry_it(seed: int) -> None:
    """Processes and traffic are bounded, and something has instances."""
    plan = generate(seed)
    started = [service.replicas for service in plan.services]
    assert max(started) >= 2
    assert min(started) >= 1
    assert sum(started) <= MOST_INSTANCES
    assert 2.0 < plan.traffic.rate <= 14.0


@given(SEEDS)
def test_every_service_has_one_spare_instance(seed: int) -> None:
    """It is the last one, so that starting it is a scale-out."""
    for service in generate(seed).services:
        assert [instance.spare for instance in service.instances] == [False] * service.replicas + [True]


@given(SEEDS)
def test_links_lead_to_what_listens(seed: int) -> None:
    """Behind each link is the port of a service's proxy or of a backing service."""
    plan = generate(seed)
    fronts = {service.port for service in plan.services}
    backing = {plan.ports.postgresql, plan.ports.replica, plan.ports.redis, plan.ports.rabbitmq}
    assert {link.to for link in plan.links} <= fronts | backing
    assert len({link.name for link in plan.links}) == len(plan.links)


@given(SEEDS)
def test_services_are_in_call_order(seed: int) -> None:
    """A service calls only later ones."""
    plan = generate(seed)
    place = {service.id: number for number, service in enumerate(plan.services)}
    assert all(place[edge.source] < place[edge.target] for edge in plan.edges)


def test_the_size_may_be_given() -> None:
    """The smallest and the largest estate."""
    assert [len(generate(3, size=size).services) for size in (5, 12)] == [5, 12]


def test_the_languages_may_be_given() -> None:
    """One is enough."""
    assert {one.language for one in generate(3, languages=(Language.GO,)).services} == {Language.GO}


@pytest.mark.parametrize(("seed", "size"), [(1, 4), (1, 13), (-1, None)])
def test_an_impossible_estate_is_refused(seed: int, size: int | None) -> None:
    """The error says what can be had."""
    with pytest.raises(PermanentError, match="an estate"):
        generate(seed, size=size)


def test_an_estate_without_languages_is_refused() -> None:
    """There would be no service."""
    with pytest.raises(PermanentError, match="at least one language"):
        generate(1, languages=())


def test_neighbouring_seeds_can_run_at_once() -> None:
    """Their ports lie in different blocks."""
    blocks = [set(all_ports(generate(seed))) for seed in range(61, 65)]
    assert all(not first & second for first, second in pairwise(blocks))
