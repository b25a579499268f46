"""The Collector's nginx and HAProxy receivers."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    AVAILABILITY,
    DOWN,
    ERRORS,
    INSTANCES,
    LATENCY,
    NEITHER,
    NETWORK,
    OTHER,
    PEER,
    QUEUE,
    SATURATION,
    TRAFFIC,
    UP,
    MetricFamily,
)
from aiops.model.metric_semantics.rows import MetricRow as Row
from aiops.model.metric_semantics.semantics import States

_CONNECTIONS = States(("state",), neutral=frozenset({"waiting"}))
"""A client that keeps its connection open and asks for nothing is ``waiting``; nothing waits for nginx."""

# fmt: off
FAMILY = MetricFamily(
    "Collector: nginxreceiver, haproxyreceiver",
    "https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver",
    (
        Row("nginx.requests",                     "{request}", TRAFFIC,   NEITHER),
        Row("nginx.connections_accepted",         "{connection}", TRAFFIC, NEITHER),
        Row("nginx.connections_handled",          "{connection}", TRAFFIC, NEITHER),
        Row("nginx.connections_current",          "{connection}", SATURATION, UP,  states=_CONNECTIONS),

        Row("haproxy.bytes.input",                "By",       TRAFFIC,    NEITHER, NETWORK),
        Row("haproxy.bytes.output",               "By",       TRAFFIC,    NEITHER, NETWORK),
        Row("haproxy.requests.total",             "{request}", TRAFFIC,   NEITHER),
        Row("haproxy.requests.rate",              "{request}/s", TRAFFIC, NEITHER),
        Row("haproxy.requests.queued",            "{request}", QUEUE,     UP),
        Row("haproxy.requests.average_time",      "ms",       QUEUE,      UP),
        Row("haproxy.requests.denied",            "{request}", ERRORS,    UP),
        Row("haproxy.requests.errors",            "{error}",  ERRORS,     UP),
        Row("haproxy.requests.redispatched",      "{request}", ERRORS,    UP,      about=PEER),
        Row("haproxy.responses.average_time",     "ms",       LATENCY,    UP),
        Row("haproxy.responses.denied",           "{response}", ERRORS,   UP),
        Row("haproxy.responses.errors",           "{error}",  ERRORS,     UP,      about=PEER),
        Row("haproxy.connections.total",          "{connection}", TRAFFIC, NEITHER),
        Row("haproxy.connections.rate",           "{connection}/s", TRAFFIC, NEITHER),
        Row("haproxy.connections.average_time",   "ms",       LATENCY,    UP,      NETWORK,  about=PEER),
        Row("haproxy.connections.errors",         "{error}",  ERRORS,     UP,      about=PEER),
        Row("haproxy.connections.retries",        "{retry}",  ERRORS,     UP,      about=PEER),
        Row("haproxy.sessions.count",             "{session}", SATURATION, UP),
        Row("haproxy.sessions.limit",             "{session}", OTHER,     NEITHER),
        Row("haproxy.sessions.rate",              "{session}/s", TRAFFIC, NEITHER),
        Row("haproxy.sessions.total",             "{session}", TRAFFIC,   NEITHER),
        Row("haproxy.sessions.average",           "ms",       LATENCY,    UP),
        Row("haproxy.server_selected.total",      "{selection}", TRAFFIC, NEITHER),
        Row("haproxy.clients.canceled",           "{cancellation}", ERRORS, UP),
        Row("haproxy.compression.input",          "By",       TRAFFIC,    NEITHER),
        Row("haproxy.compression.output",         "By",       TRAFFIC,    NEITHER),
        Row("haproxy.compression.bypass",         "By",       OTHER,      UP),
        Row("haproxy.compression.count",          "{response}", TRAFFIC,  NEITHER),
        Row("haproxy.active",                     "{server}", AVAILABILITY, DOWN,  INSTANCES),
        Row("haproxy.backup",                     "{server}", OTHER,      NEITHER, INSTANCES),
        Row("haproxy.weight",                     "{weight}", OTHER,      NEITHER),
        Row("haproxy.downtime",                   "s",        AVAILABILITY, UP),
        Row("haproxy.failed_checks",              "{check}",  ERRORS,     UP),
    ),
)
