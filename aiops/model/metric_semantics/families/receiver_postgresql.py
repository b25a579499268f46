"""The Collector's PostgreSQL receiver."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    DISK,
    ERRORS,
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
from aiops.model.metric_semantics.semantics import States

_HITS = States(("source",), neutral=frozenset({"heap_hit", "idx_hit", "toast_hit", "tidx_hit"}))

# fmt: off
FAMILY = MetricFamily(
    "Collector: postgresqlreceiver",
    "https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/postgresqlreceiver",
    (
        Row("postgresql.backends",                "{connection}", SATURATION, UP),
        Row("postgresql.connection.max",          "{connection}", OTHER,  NEITHER),
        Row("postgresql.bgwriter.buffers.allocated", "{buffer}", RUNTIME, NEITHER),
        Row("postgresql.bgwriter.buffers.writes", "{buffer}", RESOURCE,   NEITHER, DISK),
        Row("postgresql.bgwriter.checkpoint.count", "{checkpoint}", RUNTIME, NEITHER),
        Row("postgresql.bgwriter.duration",       "ms",       RUNTIME,    UP,      DISK),
        Row("postgresql.bgwriter.maxwritten",     "{stop}",   RUNTIME,    UP),
        Row("postgresql.blocks_read",             "{block}",  RESOURCE,   UP,      DISK,     states=_HITS),
        Row("postgresql.blks_hit",                "{block}",  TRAFFIC,    NEITHER),
        Row("postgresql.blks_read",               "{block}",  RESOURCE,   UP,      DISK),
        Row("postgresql.commits",                 "{transaction}", TRAFFIC, NEITHER),
        Row("postgresql.rollbacks",               "{transaction}", ERRORS, UP),
        Row("postgresql.deadlocks",               "{deadlock}", ERRORS,   UP),
        Row("postgresql.database.count",          "{database}", OTHER,    NEITHER),
        Row("postgresql.database.locks",          "{lock}",   SATURATION, UP),
        Row("postgresql.db_size",                 "By",       RESOURCE,   UP,      DISK),
        Row("postgresql.function.calls",          "{call}",   TRAFFIC,    NEITHER),
        Row("postgresql.index.scans",             "{scan}",   TRAFFIC,    NEITHER),
        Row("postgresql.index.size",              "By",       RESOURCE,   UP,      DISK),
        Row("postgresql.operations",              "{row}",    TRAFFIC,    NEITHER),
        Row("postgresql.query.conflicts",         "{query}",  ERRORS,     UP),
        Row("postgresql.query.execution.time",    "s",        TRAFFIC,    NEITHER),
        Row("postgresql.replication.data_delay",  "By",       QUEUE,      UP),
        Row("postgresql.rows",                    "{row}",    OTHER,      NEITHER),
        Row("postgresql.sequential_scans",        "{scan}",   RESOURCE,   UP,      DISK),
        Row("postgresql.table.count",             "{table}",  OTHER,      NEITHER),
        Row("postgresql.table.size",              "By",       RESOURCE,   UP,      DISK),
        Row("postgresql.table.vacuum.count",      "{vacuum}", RUNTIME,    NEITHER),
        Row("postgresql.temp.io",                 "By",       RESOURCE,   UP,      DISK),
        Row("postgresql.temp_files",              "{file}",   RESOURCE,   UP,      DISK),
        Row("postgresql.tup_deleted",             "{row}",    TRAFFIC,    NEITHER),
        Row("postgresql.tup_fetched",             "{row}",    TRAFFIC,    NEITHER),
        Row("postgresql.tup_inserted",            "{row}",    TRAFFIC,    NEITHER),
        Row("postgresql.tup_returned",            "{row}",    TRAFFIC,    NEITHER),
        Row("postgresql.tup_updated",             "{row}",    TRAFFIC,    NEITHER),
        Row("postgresql.wal.age",                 "s",        QUEUE,      UP),
        Row("postgresql.wal.lag",                 "s",        QUEUE,      UP),
        Row("postgresql.wal.delay",               "s",        QUEUE,      UP),
    ),
)
