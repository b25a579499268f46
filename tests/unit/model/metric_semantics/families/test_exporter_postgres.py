"""postgres_exporter.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_postgres import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    pg_up                                {flag}        availability down
    pg_stat_database_deadlocks           {deadlock}    errors       up
    pg_stat_database_xact_commit         {transaction} traffic      -
    pg_stat_database_xact_rollback       {transaction} errors       up
    pg_stat_database_numbackends         {connection}  saturation   up
    pg_settings_max_connections          {connection}  other        -
    pg_replication_lag_seconds           s             queue        up
    pg_stat_activity_count{state=active} {connection}  saturation   up
    pg_stat_activity_count{state=idle}   {connection}  saturation   -
    pg_stat_activity_max_tx_duration     s             latency      up     # a forgotten transaction
    pg_stat_archiver_failed_count        {segment}     errors       up
    pg_database_size_bytes               By            resource     up
    pg_replication_slot_slot_is_active   {flag}        availability down   # an unused slot keeps the WAL
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
