"""The Collector's PostgreSQL receiver.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.receiver_postgresql import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    postgresql.backends                      {connection}  saturation   up
    postgresql.connection.max                {connection}  other        -
    postgresql.commits                       {transaction} traffic      -
    postgresql.rollbacks                     {transaction} errors       up
    postgresql.deadlocks                     {deadlock}    errors       up
    postgresql.replication.data_delay        By            queue        up
    postgresql.wal.lag                       s             queue        up
    postgresql.db_size                       By            resource     up
    postgresql.database.locks                {lock}        saturation   up
    postgresql.blocks_read{source=heap_hit}  {block}       resource     -      # from memory
    postgresql.blocks_read{source=heap_read} {block}       resource     up     # from disk
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
