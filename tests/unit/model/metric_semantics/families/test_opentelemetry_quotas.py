"""Limits, requests and quotas of Kubernetes and OpenShift.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_quotas import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    k8s.container.cpu.limit               {cpu}      other        -
    k8s.container.memory.request          By         other        -
    k8s.container.ephemeral_storage.limit By         other        -
    k8s.resource_quota.hard_limit         {resource} other        -
    k8s.resource_quota.used               {resource} resource     up
    k8s.resourcequota.memory.limit.used   By         resource     up
    k8s.resourcequota.memory.limit.hard   By         other        -
    openshift.clusterquota.used           {resource} resource     up
    openshift.clusterquota.limit          {resource} other        -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
