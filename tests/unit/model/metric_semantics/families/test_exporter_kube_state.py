"""kube-state-metrics: objects of Kubernetes. Conditions are one series per status.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_kube_state import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    kube_deployment_status_replicas_available                              {pod}     availability down
    kube_deployment_status_replicas_unavailable                            {pod}     availability up
    kube_deployment_spec_replicas {pod} other -  # somebody scaled it
    kube_pod_container_status_restarts_total                               {restart} availability up
    kube_pod_container_status_waiting_reason {flag} availability up  # CrashLoopBackOff and the like
    kube_pod_status_ready{condition=true}                                  {flag}    availability down
    kube_pod_status_ready{condition=false}                                 {flag}    availability up
    kube_pod_status_phase{phase=Running}                                   {flag}    availability down
    kube_pod_status_phase{phase=Failed}                                    {flag}    availability up
    kube_pod_status_phase{phase=Succeeded} {flag} availability -  # a job that is done
    kube_node_status_condition{condition=Ready}                            {flag}    availability down
    kube_node_status_condition{condition=Ready,status=false} {flag} availability up  # 1: the node is not ready
    kube_node_status_condition{condition=Ready,status=unknown} {flag} availability up  # the kubelet is silent
    kube_node_status_condition{condition=DiskPressure,status=true}         {flag}    availability up
    kube_node_status_condition{condition=DiskPressure,status=false}        {flag}    availability down
    kube_deployment_status_condition{condition=Available,status=true}      {flag}    availability down
    kube_deployment_status_condition{condition=Available,status=false}     {flag}    availability up
    kube_deployment_status_condition{condition=Progressing,status=false}   {flag}    availability -
    kube_deployment_status_condition{condition=ReplicaFailure,status=true} {flag}    availability up
    kube_persistentvolumeclaim_status_phase{phase=Bound}                   {flag}    availability down
    kube_persistentvolumeclaim_status_phase{phase=Lost}                    {flag}    availability up
    kube_job_failed{condition=true}                                        {flag}    errors       up
    kube_job_failed{condition=false} {flag} errors down  # 1: it did not fail
    kube_job_complete{condition=true}                                      {flag}    availability down
    kube_job_complete{condition=false} {flag} availability up  # 1: it did not complete
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
