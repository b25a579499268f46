"""What the product itself derives and sends.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.product import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    span.rate          1/s      traffic      -
    span.errors        1        errors       up
    span.p99           ms       latency      up
    log.new            {line}   errors       up
    log.count          {line}   traffic      -
    slo.burn           {budget} errors       up
    aiops.lost.records {record} errors       up
    aiops.blind        {topic}  availability up
    aiops.clock.skew   s        availability -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
