"""HAProxy's configuration."""

from __future__ import annotations

from simulations.range.configuration.haproxy import configuration, rate_map, shed_map
from tests.unit.simulations.range.runs import FOLDER, PLAN

TEXT = configuration(PLAN, FOLDER)


def section(header: str) -> list[str]:
    """Lines of a section, without indentation."""
    body = TEXT.split(f"{header}\n", 1)[1].split("\n\n", 1)[0]
    return [line.strip() for line in body.splitlines()]


def test_every_instance_stands_behind_its_service() -> None:
    """With a check; a spare one is disabled until it is started."""
    for service in PLAN.services:
        lines = section(f"backend {service.id}")
        for instance in service.instances:
            disabled = " disabled" if instance.spare else ""
            assert f"server {instance.id} 127.0.0.1:{instance.port} check{disabled}" in lines


def test_every_service_has_a_port_in_front() -> None:
    """Its frontend leads to its backend."""
    for service in PLAN.services:
        assert f"frontend to-{service.id}\n    bind 127.0.0.1:{service.port}\n" in TEXT


def test_users_reach_the_entries_only() -> None:
    """By the begin of the path."""
    rules = [line for line in section("frontend public") if line.startswith("use_backend")]
    assert rules == [f"use_backend {entry.id} if {{ path_beg /{entry.id} }}" for entry in PLAN.entries]


def test_everything_listens_on_loopback() -> None:
    """No bind without an address."""
    binds = [line.strip() for line in TEXT.splitlines() if line.strip().startswith("bind")]
    assert len(binds) == len(PLAN.services) + 2
    assert all(line.startswith("bind 127.0.0.1:") for line in binds)


def test_operators_shed_and_limit_through_maps() -> None:
    """Each service looks its own name up."""
    for service in PLAN.services:
        assert f"str({service.id}),map_str_int({shed_map(FOLDER)},0)" in TEXT
        assert f"str({service.id}),map_str_int({rate_map(FOLDER)},1000000)" in TEXT


def test_the_runtime_socket_lets_an_operator_act() -> None:
    """Level admin, for this user alone."""
    assert f"stats socket {FOLDER.haproxy_socket} mode 600 level admin" in TEXT
