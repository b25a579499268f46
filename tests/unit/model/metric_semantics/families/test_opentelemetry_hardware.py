"""Sensors of hardware.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_hardware import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    hw.status{hw.state=failed}             {state} availability up
    hw.status{hw.state=degraded}           {state} availability up
    hw.status{hw.state=ok}                 {state} availability down
    hw.errors                              {error} errors       up
    hw.temperature                         Cel     other        up
    hw.temperature.limit                   Cel     other        -
    hw.battery.charge                      1       saturation   down 0
    hw.host.heating_margin                 Cel     saturation   down 0 # degrees until it is too hot
    hw.physical_disk.endurance_utilization 1       other        down   # what remains of an SSD's life
    hw.network.up                          {link}  availability down
    hw.gpu.utilization                     1       saturation   up 1
    hw.power                               W       other        -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
