"""Java agents that export JMX, with the beans of Kafka brokers.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_jmx import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    jvm_memory_bytes_used                                              By           resource     up
    jvm_memory_bytes_max                                               By           other        -      # -Xmx
    jvm_threads_deadlocked {thread} errors up  # they never continue
    java_lang_OperatingSystem_ProcessCpuLoad                           1            saturation   up 1
    java_lang_OperatingSystem_FreePhysicalMemorySize                   By           resource     down
    kafka_server_replicamanager_underreplicatedpartitions              {partition}  availability up     # should be 0
    kafka_controller_kafkacontroller_offlinepartitionscount {partition} availability up  # nobody serves them
    kafka_controller_kafkacontroller_activecontrollercount {controller} availability -  # 1 on one broker, 0 on others
    kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent 1 saturation down 0  # idle share of the handlers
    kafka_network_requestmetrics_totaltimems                           ms           latency      up
    kafka_network_requestmetrics_requestqueuetimems                    ms           queue        up
    kafka_server_brokertopicmetrics_bytesin_total                      By           traffic      -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
