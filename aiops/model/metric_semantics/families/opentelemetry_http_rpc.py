"""OpenTelemetry: HTTP, RPC, DNS and functions, in the stable names and those before."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    CPU,
    ERRORS,
    LATENCY,
    MEMORY,
    NEITHER,
    NETWORK,
    PEER,
    POOL_USE,
    QUEUE,
    RESOURCE,
    SATURATION,
    TRAFFIC,
    UP,
    MetricFamily,
)
from aiops.model.metric_semantics.rows import MetricRow as Row

# fmt: off
FAMILY = MetricFamily(
    "OpenTelemetry: HTTP, RPC, DNS, FaaS",
    "https://opentelemetry.io/docs/specs/semconv/http/http-metrics/",
    (
        Row("http.server.request.duration",       "s",        LATENCY,    UP),
        Row("http.server.duration",               "ms",       LATENCY,    UP),
        Row("http.server.active_requests",        "{request}", QUEUE,     UP),
        Row("http.server.request.body.size",      "By",       TRAFFIC,    NEITHER),
        Row("http.server.response.body.size",     "By",       TRAFFIC,    NEITHER),
        Row("http.server.request.size",           "By",       TRAFFIC,    NEITHER),
        Row("http.server.response.size",          "By",       TRAFFIC,    NEITHER),

        Row("http.client.request.duration",       "s",        LATENCY,    UP,      about=PEER),
        Row("http.client.duration",               "ms",       LATENCY,    UP,      about=PEER),
        Row("http.client.active_requests",        "{request}", QUEUE,     UP,      about=PEER),
        Row("http.client.connection.duration",    "s",        TRAFFIC,    NEITHER, about=PEER),
        Row("http.client.open_connections",       "{connection}", SATURATION, UP,  about=PEER, states=POOL_USE),
        Row("http.client.request.time_in_queue",  "s",        QUEUE,      UP,      about=PEER),
        Row("http.client.request.body.size",      "By",       TRAFFIC,    NEITHER, about=PEER),
        Row("http.client.response.body.size",     "By",       TRAFFIC,    NEITHER, about=PEER),
        Row("http.client.request.size",           "By",       TRAFFIC,    NEITHER, about=PEER),
        Row("http.client.response.size",          "By",       TRAFFIC,    NEITHER, about=PEER),

        Row("rpc.server.call.duration",           "s",        LATENCY,    UP),
        Row("rpc.server.duration",                "ms",       LATENCY,    UP),
        Row("rpc.server.request.size",            "By",       TRAFFIC,    NEITHER),
        Row("rpc.server.response.size",           "By",       TRAFFIC,    NEITHER),
        Row("rpc.server.requests_per_rpc",        "{count}",  TRAFFIC,    NEITHER),
        Row("rpc.server.responses_per_rpc",       "{count}",  TRAFFIC,    NEITHER),
        Row("rpc.client.call.duration",           "s",        LATENCY,    UP,      about=PEER),
        Row("rpc.client.duration",                "ms",       LATENCY,    UP,      about=PEER),
        Row("rpc.client.request.size",            "By",       TRAFFIC,    NEITHER, about=PEER),
        Row("rpc.client.response.size",           "By",       TRAFFIC,    NEITHER, about=PEER),
        Row("rpc.client.requests_per_rpc",        "{count}",  TRAFFIC,    NEITHER, about=PEER),
        Row("rpc.client.responses_per_rpc",       "{count}",  TRAFFIC,    NEITHER, about=PEER),

        Row("dns.lookup.duration",                "s",        LATENCY,    UP,      NETWORK,  about=PEER),

        Row("faas.invoke_duration",               "s",        LATENCY,    UP),
        Row("faas.init_duration",                 "s",        LATENCY,    UP),
        Row("faas.coldstarts",                    "{coldstart}", TRAFFIC, NEITHER),
        Row("faas.errors",                        "{error}",  ERRORS,     UP),
        Row("faas.invocations",                   "{invocation}", TRAFFIC, NEITHER),
        Row("faas.timeouts",                      "{timeout}", ERRORS,    UP),
        Row("faas.mem_usage",                     "By",       RESOURCE,   UP,      MEMORY),
        Row("faas.cpu_usage",                     "s",        RESOURCE,   UP,      CPU),
        Row("faas.net_io",                        "By",       TRAFFIC,    NEITHER, NETWORK),
    ),
)
