"""OpenTelemetry: processes, as the conventions and the Collector's host receiver name their metrics."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    CPU,
    DISK,
    MEMORY,
    NEITHER,
    NETWORK,
    QUEUE,
    RESOURCE,
    RUNTIME,
    SATURATION,
    TRAFFIC,
    UP,
    MetricFamily,
)
from aiops.model.metric_semantics.rows import MetricRow as Row

# fmt: off
FAMILY = MetricFamily(
    "OpenTelemetry: process",
    "https://opentelemetry.io/docs/specs/semconv/system/process-metrics/",
    (
        Row("process.cpu.time",                   "s",        RESOURCE,   UP,      CPU),
        Row("process.cpu.utilization",            "1",        SATURATION, UP,      CPU,      full=1),
        Row("process.memory.usage",               "By",       RESOURCE,   UP,      MEMORY),
        Row("process.memory.virtual",             "By",       RESOURCE,   NEITHER, MEMORY),
        Row("process.memory.physical_usage",      "By",       RESOURCE,   UP,      MEMORY),
        Row("process.memory.virtual_usage",       "By",       RESOURCE,   NEITHER, MEMORY),
        Row("process.memory.utilization",         "1",        SATURATION, UP,      MEMORY,   full=1),
        Row("process.paging.faults",              "{fault}",  RESOURCE,   NEITHER, MEMORY),
        Row("process.disk.io",                    "By",       RESOURCE,   NEITHER, DISK),
        Row("process.disk.operations",            "{operation}", RESOURCE, NEITHER, DISK),
        Row("process.network.io",                 "By",       TRAFFIC,    NEITHER, NETWORK),
        Row("process.threads",                    "{thread}", RUNTIME,    NEITHER),
        Row("process.thread.count",               "{thread}", RUNTIME,    NEITHER),
        Row("process.open_file_descriptors",      "{file_descriptor}", SATURATION, UP),
        Row("process.open_file_descriptor.count", "{file_descriptor}", SATURATION, UP),
        Row("process.unix.file_descriptor.count", "{file_descriptor}", SATURATION, UP),
        Row("process.handles",                    "{handle}", SATURATION, UP),
        Row("process.windows.handle.count",       "{handle}", SATURATION, UP),
        Row("process.signals_pending",            "{signal}", QUEUE,      UP),
        Row("process.context_switches",           "{context_switch}", RUNTIME, NEITHER, CPU),
        Row("process.uptime",                     "s",        RUNTIME,    NEITHER),
    ),
)
