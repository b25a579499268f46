""".NET and ASP.NET Core.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_dotnet import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    dotnet.process.memory.working_set              By           resource     up
    dotnet.gc.pause.time                           s            runtime      up
    dotnet.gc.collections                          {collection} runtime      -
    dotnet.thread_pool.queue.length                {work_item}  queue        up     # starved of threads
    dotnet.monitor.lock_contentions                {contention} saturation   up
    dotnet.exceptions                              {exception}  errors       up
    kestrel.queued_requests                        {request}    queue        up
    kestrel.rejected_connections                   {connection} errors       up
    kestrel.active_connections                     {connection} saturation   up
    kestrel.connection.duration                    s            traffic      -      # long: clients stay connected
    aspnetcore.rate_limiting.request.time_in_queue s            queue        up
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
