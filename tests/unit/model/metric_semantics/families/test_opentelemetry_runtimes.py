"""Runtimes: JVM, Go, Node.js, CPython.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_runtimes import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    jvm.memory.used                 By          resource     up
    jvm.memory.limit                By          other        -
    jvm.memory.committed            By          runtime      -
    jvm.gc.duration                 s           runtime      up
    jvm.cpu.recent_utilization      1           saturation   up 1
    jvm.system.cpu.utilization      1           saturation   up 1
    jvm.thread.count                {thread}    runtime      -
    process.runtime.jvm.gc.duration ms          runtime      up     # before semantic conventions 1.22
    go.goroutine.count              {goroutine} runtime      up     # leaks show here
    go.memory.limit                 By          other        -
    nodejs.eventloop.delay.p99      s           saturation   up
    nodejs.eventloop.utilization    1           saturation   up 1
    v8js.heap.space.available_size  By          saturation   down 0
    process.runtime.cpython.memory  By          resource     up
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
