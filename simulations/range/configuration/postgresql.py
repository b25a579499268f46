"""PostgreSQL: the primary with its tables, and a replica that follows it."""

from __future__ import annotations

from simulations.range.estate_plan import HOST, EstatePlan, Service
from simulations.range.profile import index, table
from simulations.range.work import PER_CUSTOMER

USER = "shop"
DATABASE = "shop"
SLOT = "replica"


def configuration(port: int) -> str:
    """Text of ``postgresql.conf``, of the primary and of the replica."""
    return f"""\
listen_addresses = '{HOST}'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 64MB
wal_level = replica
max_wal_senders = 4
max_wal_size = 256MB
hot_standby = on
hot_standby_feedback = on
logging_collector = off
log_line_prefix = '%m [%p] %a '
log_min_duration_statement = 500ms
log_lock_waits = on
deadlock_timeout = 1s
"""


def schema(plan: EstatePlan) -> list[str]:
    """Statements that make and fill the tables. ``hits`` of a few rows change; ``customer`` has an index."""
    return [statement for service in plan.services if service.database_pool for statement in _table(service)]


def _table(service: Service) -> list[str]:
    name, columns = table(service), "id integer PRIMARY KEY, customer integer NOT NULL, note text NOT NULL"
    customers, numbers = max(1, service.rows // PER_CUSTOMER), f"generate_series(1, {service.rows}) AS n"
    return [
        f"CREATE TABLE {name} ({columns}, hits integer NOT NULL DEFAULT 0) WITH (fillfactor = 70)",
        f"INSERT INTO {name} (id, customer, note) SELECT n, n % {customers}, 'note ' || md5(n::text) FROM {numbers}",  # noqa: S608 (names of the plan)
        f"CREATE INDEX {index(service)} ON {name} (customer)",
        f"ANALYZE {name}",
    ]
