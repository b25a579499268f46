"""What holds for the rows of every family: names say what rows say."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from aiops.model.metric_semantics.rows import MetricFamily, MetricRow
from aiops.model.metric_semantics.semantics import MetricPart, MetricRole, Worse
from aiops.model.metric_semantics.shipped import FAMILIES, rows
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.metric_semantics.units import Dimension, unit_of

TABLE = MetricTable()
ROWS = {row.name: row for _, row in rows()}
MIRRORED = (
    ("receive", "transmit"), ("received", "sent"), ("input", "output"), ("rx_", "tx_"), ("read", "write"),
    ("reads", "writes"), ("bytesin", "bytesout"), ("accepted", "handled"), (".limit.hard", ".request.hard"),
    ("load1", "load5"),
    ("request.size", "response.size"), ("p50", "p99"), ("deployment", "replicaset"), ("cpu.limit", "memory.limit"),
)  # fmt: skip
"""Words of which one may stand for the other: what both name is the same kind of thing."""


def named(pattern: str) -> list[MetricRow]:
    found = [row for row in ROWS.values() if re.search(pattern, row.name)]
    assert len(found) > 2, pattern
    return found


def odd(pattern: str, fits: Callable[[MetricRow], bool]) -> list[str]:
    """Names of a pattern whose rows do not fit it."""
    return [row.name for row in named(pattern) if not fits(row)]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_unit_is_known(family: MetricFamily) -> None:
    """A unit without a dimension is one that nobody can compare or write."""
    unknown = [row.name for row in family.rows if unit_of(row.unit).dimension is Dimension.UNKNOWN]
    assert unknown == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_spelling_of_a_row_is_that_row(family: MetricFamily) -> None:
    """OTLP and Prometheus write dots, underscores and capitals differently, and a counter may lose its ``_total``."""
    for row in family.rows:
        first = TABLE.of(row.name, row.unit)
        folded = re.sub(r"[^A-Za-z0-9]+", "_", row.name)
        total = folded.removesuffix("_total") + "_total"
        names = [folded, folded.lower(), folded.replace("_", "."), *([] if total in ROWS else [total])]
        assert [name for name in names if TABLE.of(name, row.unit) != first] == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_name_that_ends_with_a_unit_has_it(family: MetricFamily) -> None:
    """Except where the exporter itself misnames it."""
    ends = {
        "_bytes": "By",
        "_bytes_total": "By",
        "_seconds": "s",
        "_seconds_total": "s",
        "_celsius": "Cel",
        "_hertz": "Hz",
    }
    wrong = {
        row.name
        for row in family.rows
        for end, unit in ends.items()
        if row.name.endswith(end) and unit_of(row.unit).dimension is not unit_of(unit).dimension
    }
    misnamed = {
        "pg_database_wraparound_age_datfrozenxid_seconds",  # transactions
        "pg_database_wraparound_age_datminmxid_seconds",
        "node_network_speed_bytes",  # a second
    }
    assert wrong <= misnamed


def test_what_failed_is_an_error_or_a_loss_of_availability_and_more_is_worse() -> None:
    """The words of failure, where they end the name."""
    words = (
        r"(?:error|errors|errs|failures|failed|dropped|rejected|refused|denied|timeouts|exceptions|deadlocks)"
        r"(?:_total)?$"
    )
    good = {MetricRole.ERRORS, MetricRole.AVAILABILITY}
    assert odd(words, lambda row: row.role in good and row.worse is Worse.UP) == ["container_memory_failures_total"]


def test_more_waiting_is_never_better() -> None:
    """Lag, backlogs and what is pending or queued."""
    waits = r"(?:_|\.)(?:lag|pending|queued|queue_size|queue\.size|queue\.length|waiting_seconds_total)$"
    assert odd(waits, lambda row: row.role in {MetricRole.QUEUE, MetricRole.SATURATION} and row.worse is Worse.UP) == []


def test_less_of_what_is_left_is_never_better() -> None:
    """Free, available and remaining memory and space end at 0."""
    left = r"(?:_avail_bytes|MemAvailable_bytes|\.available|_free_bytes|\.free|inodes_free|files_free|remaining_tasks)$"
    pods = {MetricPart.INSTANCES}
    fits = lambda row: row.worse is Worse.DOWN and (row.part in pods or row.full == 0)  # noqa: E731
    assert odd(left, fits) == []


def test_utilisation_is_a_saturation_that_ends_at_one() -> None:
    """Except that of requests, which may be exceeded, of cores, and what a battery or an SSD has left."""
    wrong = odd(
        r"[._]utilization$",
        lambda row: row.role is MetricRole.SATURATION and row.worse is Worse.UP and row.full == 1,
    )
    wrong = [name for name in wrong if "request_utilization" not in name and ROWS[name].unit != "{cpu}"]
    assert set(wrong) == {"hw.physical_disk.endurance_utilization", "k8s.hpa.metric.target.cpu.average_utilization"}


def test_up_is_worse_when_it_falls() -> None:
    """A target that is up, a probe that succeeds, a link that is there."""
    assert odd(r"(?:^|[._])(?:up|success)$", lambda row: row.worse is Worse.DOWN) == []


def test_moments_settings_and_labels_have_no_direction() -> None:
    """A restart is not a moment that grew, and a raised limit no trouble."""
    still = (
        r"(?:_info|_labels|_start_time_seconds|_created|_timestamp_seconds|_max_bytes|\.limit|connections?[._]max|"
        r"\.desired|\.hard|_limit_bytes)$"
    )
    wrong = odd(still, lambda row: row.role is MetricRole.OTHER and row.worse is Worse.NEITHER)
    assert set(wrong) == {
        "pg_long_running_transactions_oldest_timestamp_seconds",  # its age counts
        "probe_ssl_last_chain_expiry_timestamp_seconds",  # the moment until which it works
    }


@pytest.mark.parametrize(("one", "other"), MIRRORED)
def test_mirrored_names_mean_the_same_kind_of_thing(one: str, other: str) -> None:
    """What is received is what is sent, from the other side."""
    pairs = [(row, ROWS[mirror]) for row in ROWS.values() if (mirror := row.name.replace(one, other)) in ROWS]
    pairs = [(row, mirror) for row, mirror in pairs if row is not mirror]
    assert pairs
    apart = [
        (row.name, mirror.name)
        for row, mirror in pairs
        if (row.role, row.worse, row.about) != (mirror.role, mirror.worse, mirror.about)
    ]
    assert apart == []


def test_a_row_in_two_conventions_is_the_same() -> None:
    """Several exporters measure the same thing of the same systems."""
    same = [
        ("redis_evicted_keys_total", "redis.keys.evicted"),
        ("redis_rejected_connections_total", "redis.connections.rejected"),
        ("redis_blocked_clients", "redis.clients.blocked"),
        ("redis_memory_used_bytes", "redis.memory.used"),
        ("redis_connected_slaves", "redis.slaves.connected"),
        ("pg_stat_database_deadlocks", "postgresql.deadlocks"),
        ("pg_stat_database_xact_rollback", "postgresql.rollbacks"),
        ("pg_stat_database_numbackends", "postgresql.backends"),
        ("pg_settings_max_connections", "postgresql.connection.max"),
        ("kafka_consumergroup_lag", "kafka.consumer_group.lag"),
        ("kafka_consumergroup_members", "kafka.consumer_group.members"),
        ("kafka_topic_partition_in_sync_replica", "kafka.partition.replicas_in_sync"),
        ("nginx_connections_active", "nginxplus_connections_active"),
        ("jvm_memory_used_bytes", "jvm.memory.used"),
        ("jvm_gc_pause_seconds", "jvm.gc.duration"),
        ("go_goroutines", "go.goroutine.count"),
        ("process_resident_memory_bytes", "process.memory.usage"),
        ("process_open_fds", "process.open_file_descriptors"),
        ("container_memory_working_set_bytes", "container.memory.working_set"),
        ("container_cpu_cfs_throttled_periods_total", "container.cpu.throttling_data.throttled_periods"),
        ("kube_pod_container_status_restarts_total", "k8s.container.restarts"),
        ("kube_deployment_status_replicas_available", "k8s.deployment.available"),
        ("node_load1", "system.cpu.load_average.1m"),
        ("node_filesystem_avail_bytes", "k8s.node.filesystem.available"),
        ("node_network_receive_errs_total", "system.network.errors"),
        ("hikaricp_connections_pending", "db.client.connection.pending_requests"),
    ]
    apart = [
        (one, other)
        for one, other in same
        if (ROWS[one].role, ROWS[one].worse, ROWS[one].part) != (ROWS[other].role, ROWS[other].worse, ROWS[other].part)
    ]
    assert apart == []
