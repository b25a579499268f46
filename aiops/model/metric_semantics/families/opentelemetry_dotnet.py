"""OpenTelemetry: the .NET runtime, ASP.NET Core, Kestrel and SignalR."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    CPU,
    ERRORS,
    LATENCY,
    MEMORY,
    NEITHER,
    OTHER,
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
    "OpenTelemetry: .NET",
    "https://opentelemetry.io/docs/specs/semconv/runtime/dotnet-metrics/",
    (
        Row("dotnet.process.cpu.count",           "{cpu}",    OTHER,      NEITHER, CPU),
        Row("dotnet.process.cpu.time",            "s",        RESOURCE,   UP,      CPU),
        Row("dotnet.process.memory.working_set",  "By",       RESOURCE,   UP,      MEMORY),
        Row("dotnet.gc.collections",              "{collection}", RUNTIME, NEITHER, MEMORY),
        Row("dotnet.gc.heap.total_allocated",     "By",       RUNTIME,    NEITHER, MEMORY),
        Row("dotnet.gc.last_collection.memory.committed_size", "By", RUNTIME, NEITHER, MEMORY),
        Row("dotnet.gc.last_collection.heap.size", "By",      RESOURCE,   UP,      MEMORY),
        Row("dotnet.gc.last_collection.heap.fragmentation.size", "By", RUNTIME, NEITHER, MEMORY),
        Row("dotnet.gc.pause.time",               "s",        RUNTIME,    UP,      MEMORY),
        Row("dotnet.jit.compiled_il.size",        "By",       RUNTIME,    NEITHER),
        Row("dotnet.jit.compiled_methods",        "{method}", RUNTIME,    NEITHER),
        Row("dotnet.jit.compilation.time",        "s",        RUNTIME,    NEITHER),
        Row("dotnet.thread_pool.thread.count",    "{thread}", RUNTIME,    NEITHER),
        Row("dotnet.thread_pool.work_item.count", "{work_item}", RUNTIME, NEITHER),
        Row("dotnet.thread_pool.queue.length",    "{work_item}", QUEUE,   UP),
        Row("dotnet.monitor.lock_contentions",    "{contention}", SATURATION, UP),
        Row("dotnet.timer.count",                 "{timer}",  RUNTIME,    NEITHER),
        Row("dotnet.assembly.count",              "{assembly}", RUNTIME,  NEITHER),
        Row("dotnet.exceptions",                  "{exception}", ERRORS,  UP),

        Row("aspnetcore.routing.match_attempts",  "{match_attempt}", TRAFFIC, NEITHER),
        Row("aspnetcore.diagnostics.exceptions",  "{exception}", ERRORS,  UP),
        Row("aspnetcore.rate_limiting.active_request_leases", "{request}", QUEUE, UP),
        Row("aspnetcore.rate_limiting.request_lease.duration", "s", LATENCY, UP),
        Row("aspnetcore.rate_limiting.request.time_in_queue", "s", QUEUE, UP),
        Row("aspnetcore.rate_limiting.queued_requests", "{request}", QUEUE, UP),
        Row("aspnetcore.rate_limiting.requests",  "{request}", TRAFFIC,   NEITHER),
        Row("aspnetcore.components.navigation",   "{route}",  TRAFFIC,    NEITHER),
        Row("aspnetcore.components.event_handler", "s",       LATENCY,    UP),
        Row("aspnetcore.components.update_parameters", "s",   LATENCY,    UP),
        Row("aspnetcore.components.render_diff",  "s",        LATENCY,    UP),
        Row("aspnetcore.components.circuit.duration", "s",    TRAFFIC,    NEITHER),
        Row("aspnetcore.components.circuit.active", "{circuit}", TRAFFIC, NEITHER),
        Row("aspnetcore.components.circuit.connected", "{circuit}", TRAFFIC, NEITHER),

        Row("kestrel.active_connections",         "{connection}", SATURATION, UP),
        Row("kestrel.connection.duration",        "s",        TRAFFIC,    NEITHER),
        Row("kestrel.rejected_connections",       "{connection}", ERRORS, UP),
        Row("kestrel.queued_connections",         "{connection}", QUEUE,  UP),
        Row("kestrel.queued_requests",            "{request}", QUEUE,     UP),
        Row("kestrel.upgraded_connections",       "{connection}", TRAFFIC, NEITHER),
        Row("kestrel.tls_handshake.duration",     "s",        LATENCY,    UP),
        Row("kestrel.active_tls_handshakes",      "{handshake}", QUEUE,   UP),

        Row("signalr.server.connection.duration", "s",        TRAFFIC,    NEITHER),
        Row("signalr.server.active_connections",  "{connection}", SATURATION, UP),
    ),
)
