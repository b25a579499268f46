"""OpenTelemetry: database clients and messaging, in today's names and those before."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    ENTITY,
    ERRORS,
    LATENCY,
    NEITHER,
    OTHER,
    PEER,
    POOL_USE,
    QUEUE,
    SATURATION,
    TRAFFIC,
    UP,
    MetricFamily,
)
from aiops.model.metric_semantics.rows import MetricRow as Row

# fmt: off
FAMILY = MetricFamily(
    "OpenTelemetry: databases and messaging",
    "https://opentelemetry.io/docs/specs/semconv/database/database-metrics/",
    (
        Row("db.client.operation.duration",       "s",        LATENCY,    UP),
        Row("db.client.response.returned_rows",   "{row}",    TRAFFIC,    NEITHER),
        Row("db.client.connection.count",         "{connection}", SATURATION, UP,  states=POOL_USE),
        Row("db.client.connection.idle.max",      "{connection}", OTHER,  NEITHER),
        Row("db.client.connection.idle.min",      "{connection}", OTHER,  NEITHER),
        Row("db.client.connection.max",           "{connection}", OTHER,  NEITHER),
        Row("db.client.connection.pending_requests", "{request}", QUEUE,  UP),
        Row("db.client.connection.timeouts",      "{timeout}", ERRORS,    UP),
        Row("db.client.connection.create_time",   "s",        LATENCY,    UP),
        Row("db.client.connection.wait_time",     "s",        QUEUE,      UP),
        Row("db.client.connection.use_time",      "s",        LATENCY,    UP),
        Row("db.client.connections.usage",        "{connection}", SATURATION, UP,  states=POOL_USE),
        Row("db.client.connections.idle.max",     "{connection}", OTHER,  NEITHER),
        Row("db.client.connections.idle.min",     "{connection}", OTHER,  NEITHER),
        Row("db.client.connections.max",          "{connection}", OTHER,  NEITHER),
        Row("db.client.connections.pending_requests", "{request}", QUEUE, UP),
        Row("db.client.connections.timeouts",     "{timeout}", ERRORS,    UP),
        Row("db.client.connections.create_time",  "ms",       LATENCY,    UP),
        Row("db.client.connections.wait_time",    "ms",       QUEUE,      UP),
        Row("db.client.connections.use_time",     "ms",       LATENCY,    UP),
        Row("db.client.cosmosdb.active_instance.count", "{instance}", OTHER, NEITHER),
        Row("azure.cosmosdb.client.active_instance.count", "{instance}", OTHER, NEITHER),
        Row("azure.cosmosdb.client.operation.request_charge", "{request_unit}", TRAFFIC, NEITHER),

        Row("messaging.client.operation.duration", "s",       LATENCY,    UP),
        Row("messaging.client.sent.messages",     "{message}", TRAFFIC,   NEITHER),
        Row("messaging.client.published.messages", "{message}", TRAFFIC,  NEITHER),
        Row("messaging.client.consumed.messages", "{message}", TRAFFIC,   NEITHER),
        Row("messaging.publish.duration",         "s",        LATENCY,    UP),
        Row("messaging.publish.messages",         "{message}", TRAFFIC,   NEITHER),
        Row("messaging.receive.duration",         "s",        LATENCY,    UP),
        Row("messaging.receive.messages",         "{message}", TRAFFIC,   NEITHER),
        Row("messaging.process.duration",         "s",        LATENCY,    UP,      about=ENTITY),
        Row("messaging.process.messages",         "{message}", TRAFFIC,   NEITHER, about=ENTITY),
    ),
    about=PEER,
)
