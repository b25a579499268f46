"""Processes.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_process import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    process.cpu.time              s                 resource     up
    process.cpu.utilization       1                 saturation   up 1
    process.memory.usage          By                resource     up     # resident
    process.memory.virtual        By                resource     -      # mapped, not used
    process.open_file_descriptors {file_descriptor} saturation   up
    process.threads               {thread}          runtime      -
    process.context_switches      {context_switch}  runtime      -
    process.network.io            By                traffic      -
    process.uptime                s                 runtime      -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
