"""OpenTelemetry: containers, as the conventions, the kubelet receiver and the Docker receiver name their metrics.

The Docker receiver writes percentages from 0 to 100 and more under unit ``1``; ``full`` follows the values.
"""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    AVAILABILITY,
    CPU,
    DISK,
    DOWN,
    ERRORS,
    HOST,
    INSTANCES,
    MEMORY,
    NEITHER,
    NETWORK,
    OTHER,
    QUEUE,
    RESOURCE,
    RESTART,
    RUNTIME,
    SATURATION,
    TRAFFIC,
    UP,
    MetricFamily,
)
from aiops.model.metric_semantics.rows import MetricRow as Row
from aiops.model.metric_semantics.semantics import States

_STATUS = States(("status",), good=frozenset({"running"}), neutral=frozenset({"created", "paused", "exited"}))

# fmt: off
FAMILY = MetricFamily(
    "OpenTelemetry: containers",
    "https://opentelemetry.io/docs/specs/semconv/system/container-metrics/",
    (
        Row("container.cpu.time",                 "s",        RESOURCE,   UP,      CPU),
        Row("container.cpu.usage",                "{cpu}",    RESOURCE,   UP,      CPU),
        Row("container.cpu.utilization",          "{cpu}",    RESOURCE,   UP,      CPU),
        Row("container.cpu.usage.total",          "ns",       RESOURCE,   UP,      CPU),
        Row("container.cpu.usage.kernelmode",     "ns",       RESOURCE,   UP,      CPU),
        Row("container.cpu.usage.usermode",       "ns",       RESOURCE,   UP,      CPU),
        Row("container.cpu.usage.percpu",         "ns",       RESOURCE,   UP,      CPU),
        Row("container.cpu.usage.system",         "ns",       RESOURCE,   UP,      CPU,      about=HOST),
        Row("container.cpu.limit",                "{cpu}",    OTHER,      NEITHER, CPU),
        Row("container.cpu.logical.count",        "{cpu}",    OTHER,      NEITHER, CPU),
        Row("container.cpu.shares",               "{share}",  OTHER,      NEITHER, CPU),
        Row("container.cpu.throttling_data.periods", "{period}", RESOURCE, NEITHER, CPU),
        Row("container.cpu.throttling_data.throttled_periods", "{period}", SATURATION, UP, CPU),
        Row("container.cpu.throttling_data.throttled_time", "ns", SATURATION, UP,  CPU),

        Row("container.memory.usage",             "By",       RESOURCE,   UP,      MEMORY),
        Row("container.memory.usage.total",       "By",       RESOURCE,   UP,      MEMORY),
        Row("container.memory.usage.max",         "By",       RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.usage.limit",       "By",       OTHER,      NEITHER, MEMORY),
        Row("container.memory.percent",           "1",        SATURATION, UP,      MEMORY,   full=100),
        Row("container.memory.available",         "By",       SATURATION, DOWN,    MEMORY,   full=0),
        Row("container.memory.rss",               "By",       RESOURCE,   UP,      MEMORY),
        Row("container.memory.total_rss",         "By",       RESOURCE,   UP,      MEMORY),
        Row("container.memory.working_set",       "By",       RESOURCE,   UP,      MEMORY),
        Row("container.memory.anon",              "By",       RESOURCE,   UP,      MEMORY),
        Row("container.memory.cache",             "By",       RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.total_cache",       "By",       RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.file",              "By",       RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.dirty",             "By",       RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.writeback",         "By",       RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.fails",             "{fail}",   SATURATION, UP,      MEMORY),
        Row("container.memory.page_faults",       "{fault}",  RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.major_page_faults", "{fault}",  RESOURCE,   UP,      MEMORY),
        Row("container.memory.paging.faults",     "{fault}",  RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.pgfault",           "{fault}",  RESOURCE,   NEITHER, MEMORY),
        Row("container.memory.pgmajfault",        "{fault}",  RESOURCE,   UP,      MEMORY),
        Row("container.memory.hierarchical_memory_limit", "By", OTHER,    NEITHER, MEMORY),
        Row("container.paging.faults",            "{fault}",  RESOURCE,   NEITHER, MEMORY),

        Row("container.filesystem.available",     "By",       SATURATION, DOWN,    DISK,     full=0),
        Row("container.filesystem.capacity",      "By",       OTHER,      NEITHER, DISK),
        Row("container.filesystem.usage",         "By",       RESOURCE,   UP,      DISK),
        Row("container.disk.io",                  "By",       RESOURCE,   NEITHER, DISK),
        Row("container.blockio.io_service_bytes_recursive", "By", RESOURCE, NEITHER, DISK),
        Row("container.blockio.io_serviced_recursive", "{operation}", RESOURCE, NEITHER, DISK),
        Row("container.blockio.io_queued_recursive", "{operation}", QUEUE, UP,     DISK),
        Row("container.blockio.io_wait_time_recursive", "ns", SATURATION, UP,      DISK),
        Row("container.blockio.io_service_time_recursive", "ns", SATURATION, UP,   DISK),
        Row("container.blockio.io_time_recursive", "ms",      SATURATION, UP,      DISK),

        Row("container.network.io",               "By",       TRAFFIC,    NEITHER, NETWORK),
        Row("container.network.io.usage.rx_bytes", "By",      TRAFFIC,    NEITHER, NETWORK),
        Row("container.network.io.usage.tx_bytes", "By",      TRAFFIC,    NEITHER, NETWORK),
        Row("container.network.io.usage.rx_packets", "{packet}", TRAFFIC, NEITHER, NETWORK),
        Row("container.network.io.usage.tx_packets", "{packet}", TRAFFIC, NEITHER, NETWORK),
        Row("container.network.io.usage.rx_dropped", "{packet}", ERRORS,  UP,      NETWORK),
        Row("container.network.io.usage.tx_dropped", "{packet}", ERRORS,  UP,      NETWORK),
        Row("container.network.io.usage.rx_errors", "{error}", ERRORS,    UP,      NETWORK),
        Row("container.network.io.usage.tx_errors", "{error}", ERRORS,    UP,      NETWORK),

        Row("container.restarts",                 "{restart}", AVAILABILITY, UP,   RESTART),
        Row("container.status",                   "{status}", AVAILABILITY, UP,    INSTANCES, states=_STATUS),
        Row("container.pids.count",               "{pid}",    SATURATION, UP),
        Row("container.pids.limit",               "{pid}",    OTHER,      NEITHER),
        Row("container.uptime",                   "s",        RUNTIME,    NEITHER),
    ),
)
