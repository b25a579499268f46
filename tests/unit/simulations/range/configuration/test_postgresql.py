"""PostgreSQL's configuration and tables."""

from __future__ import annotations

from simulations.range.configuration.postgresql import configuration, schema
from simulations.range.profile import index, table
from tests.unit.simulations.range.runs import PLAN


def test_it_listens_on_loopback_only() -> None:
    """And has no Unix socket, which would need a folder of its user."""
    lines = configuration(12_345).splitlines()
    assert {"listen_addresses = '127.0.0.1'", "port = 12345", "unix_socket_directories = ''"} <= set(lines)


def test_a_replica_can_follow() -> None:
    """The same file serves both."""
    lines = configuration(1).splitlines()
    assert {"wal_level = replica", "hot_standby = on"} <= set(lines)


def test_every_service_with_connections_has_a_filled_table() -> None:
    """With the index that reads need, and statistics."""
    statements = schema(PLAN)
    owners = [service for service in PLAN.services if service.database_pool]
    assert len(statements) == 4 * len(owners)
    for service in owners:
        own = [statement for statement in statements if table(service) in statement]
        assert [statement.split()[0] for statement in own] == ["CREATE", "INSERT", "CREATE", "ANALYZE"]
        assert f"generate_series(1, {service.rows})" in own[1]
        assert own[2] == f"CREATE INDEX {index(service)} ON {table(service)} (customer)"
