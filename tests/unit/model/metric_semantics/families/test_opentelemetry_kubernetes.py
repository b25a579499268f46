"""The Collector's k8s_cluster and kubelet receivers.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_kubernetes import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    k8s.deployment.available               {pod}       availability down
    k8s.deployment.desired                 {pod}       other        -
    k8s.container.restarts                 {restart}   availability up
    k8s.container.ready                    {container} availability down
    k8s.pod.phase                          {phase}     availability -      # a code: 2 running, 4 failed
    k8s.job.failed_pods                    {pod}       errors       up
    k8s.pod.cpu.usage                      {cpu}       resource     up
    k8s.container.cpu_limit_utilization    1           saturation   up 1
    k8s.container.cpu_request_utilization  1           saturation   up     # a request may be exceeded
    k8s.container.memory_limit_utilization 1           saturation   up 1
    k8s.volume.available                   By          saturation   down 0
    k8s.volume.inodes.free                 {inode}     saturation   down 0
    k8s.node.condition_ready               {condition} availability down
    k8s.node.condition_memory_pressure     {condition} saturation   up
    k8s.node.condition_network_unavailable {condition} availability up
    k8s.node.network.errors                {error}     errors       up
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
