"""Names that no table has, read by their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.metric_semantics.semantics import Definition, MetricPart, MetricRole, MetricSubject, Worse
from aiops.model.metric_semantics.table import MetricTable

TABLE = MetricTable()
L, E, T, S, A, Q, R, O = (  # noqa: E741 - columns of the tables below
    MetricRole.LATENCY,
    MetricRole.ERRORS,
    MetricRole.TRAFFIC,
    MetricRole.SATURATION,
    MetricRole.AVAILABILITY,
    MetricRole.QUEUE,
    MetricRole.RESOURCE,
    MetricRole.OTHER,
)
UP, DOWN, NEITHER = Worse.UP, Worse.DOWN, Worse.NEITHER
SILENT = (
    "setup", "app.setup", "cpuset", "preparedness", "startup", "supported", "backup_age", "upload", "diskette",
    "networked", "memorandum", "errorless", "latencyless", "hosted", "queueless", "failover", "scale_up_policy",
    "clean_up_policy",
)  # fmt: skip
"""Words and phrases of the vocabulary stand inside each of them."""


@pytest.mark.parametrize(
    ("metric", "unit", "role", "worse"),
    [
        ("http.server.unavailable", "{request}", A, UP),
        ("shop.items.available", "", A, DOWN),
        ("shop.backends.not_ready", "", A, UP),
        ("shop.backends.ready", "", A, DOWN),
        ("shop.unhealthy.hosts", "", A, UP),
        ("shop.healthy.hosts", "", A, DOWN),
        ("shop_not_available_total", "", A, UP),
        ("shop.no_errors", "", E, DOWN),
        ("gateway_up", "", A, DOWN),
        ("gateway_down", "", A, UP),
        ("probe.up", "", A, DOWN),
        ("synthetic.probe.success", "1", A, DOWN),
    ],
)
def test_a_negation_turns_the_direction(metric: str, unit: str, role: MetricRole, worse: Worse) -> None:
    """``unavailable`` is bad although "available" stands in it, and so is ``not_ready``."""
    found = TABLE.of(metric, unit)
    assert (found.role, found.worse) == (role, worse)


@pytest.mark.parametrize("metric", SILENT)
def test_words_are_never_searched_for_words(metric: str) -> None:
    """``setup`` is not ``up``, ``cpuset`` is not ``cpu``: such names say nothing."""
    found = TABLE.of(metric)
    assert (found.role, found.worse, found.part) == (O, NEITHER, None)


@pytest.mark.parametrize(
    ("metric", "unit", "role", "worse"),
    [
        ("http.server.errors", "{request}", E, UP),
        ("http_5xx", "", E, UP),
        ("shop.payment.retries", "", E, UP),
        ("rabbitmq.message.redelivered", "{message}", E, UP),
        ("error_ratio", "1", E, UP),
        ("error_budget_remaining", "1", E, DOWN),
        ("shop.checkout.latency", "", L, UP),
        ("shop.checkout.duration", "ms", L, UP),
        ("shop.checkout.duration.p99", "ms", L, UP),
        ("shop.checkout.duration.count", "1", T, NEITHER),
        ("TargetResponseTime", "", L, UP),
        ("response_size_bytes", "", T, NEITHER),
        ("page_load_time", "ms", L, UP),
        ("app.queue.wait", "s", Q, UP),
        ("kafka_lag", "", Q, UP),
        ("messages_ready", "", Q, UP),
        ("jobs_active", "", Q, UP),
        ("http.server.requests", "{request}", T, NEITHER),
        ("orders_total", "", T, NEITHER),
        ("connections_accepted_total", "", T, NEITHER),
        ("worker.connections", "", S, UP),
        ("redis.hit_ratio", "1", O, DOWN),
        ("cache_misses", "", O, UP),
        ("cpu_usage", "%", S, UP),
        ("CpuUsageRate(%)", "", S, UP),
        ("cpu_seconds", "s", R, UP),
        ("cpu_idle", "%", S, DOWN),
        ("memory_free", "By", S, DOWN),
        ("memory_limit", "By", O, NEITHER),
        ("disk_used", "By", R, UP),
        ("disk_reads", "", R, NEITHER),
        ("bytes_received_network", "", T, NEITHER),
        ("system.network.dropped_ratio", "1", E, UP),
        ("tls_certificate_expiry_days", "", A, DOWN),
        ("pods", "", A, DOWN),
        ("server.restarts", "", A, UP),
        ("service.uptime", "s", MetricRole.RUNTIME, NEITHER),
        ("config_reload_failures", "", E, UP),
        ("latency_max", "ms", L, UP),
        ("speed.of.light", "m/s", O, NEITHER),
    ],
)
def test_words_suggest_role_and_direction(metric: str, unit: str, role: MetricRole, worse: Worse) -> None:
    """What went wrong counts before how well it does, that before how long, that before how much."""
    found = TABLE.of(metric, unit)
    assert (found.role, found.worse) == (role, worse)
    assert found.definition is Definition.WORDS
    assert not found.known


@pytest.mark.parametrize(
    ("metric", "unit", "full"),
    [
        ("disk_usage", "1", 1.0),
        ("disk_usage", "%", 100.0),
        ("disk_usage", "By", None),
        ("disk_usage", "", None),
        ("license.utilization", "", None),
        ("cpu.utilization.share", "", 1.0),
        ("memory_used_percent", "", 100.0),
        ("system_load", "1", None),
        ("queue.utilization", "1", 1.0),
        ("error_ratio", "1", None),
        ("disk_free_percent", "", 0.0),
        ("queue.usage.count", "1", None),
    ],
)
def test_only_a_share_in_use_can_be_full(metric: str, unit: str, full: float | None) -> None:
    """Many senders write unit 1 for plain counts: the name must speak of use as well."""
    assert TABLE.of(metric, unit).full == full


@pytest.mark.parametrize(
    ("metric", "part", "about"),
    [
        ("NodeCpuUsage", MetricPart.CPU, MetricSubject.HOST),
        ("outbound.calls.failed", None, MetricSubject.PEER),
        ("heap_used", MetricPart.MEMORY, MetricSubject.ENTITY),
        ("volume.inodes.used", MetricPart.DISK, MetricSubject.ENTITY),
        ("tcp.segments", MetricPart.NETWORK, MetricSubject.ENTITY),
        ("app.restarts", MetricPart.RESTART, MetricSubject.ENTITY),
        ("x509_days", MetricPart.CERTIFICATE, MetricSubject.ENTITY),
        ("replicas_available", MetricPart.INSTANCES, MetricSubject.ENTITY),
        ("replicas_pending", None, MetricSubject.ENTITY),
    ],
)
def test_words_tell_the_part_and_whose_it_is(metric: str, part: MetricPart | None, about: MetricSubject) -> None:
    """An entity may report figures of its host, or of those whom it calls."""
    found = TABLE.of(metric)
    assert (found.part, found.about) == (part, about)


@given(st.text(max_size=80), st.text(max_size=10))
def test_any_text_has_a_meaning(metric: str, unit: str) -> None:
    """No name and no unit is an error, and the same ones always mean the same."""
    found = MetricTable().of(metric, unit)
    assert found == TABLE.of(metric, unit)
    assert found.role in MetricRole
    assert found.full is None or found.worse is not NEITHER


_PARTS = st.sampled_from(
    ["cpu", "errors", "not", "available", "unavailable", "duration", "p99", "count", "total", "ratio", "free", "queue",
     "ready", "limit", "seconds", "bytes", "bucket", "sum", "time", "up", "usage", "requests", "hit", "miss", "restart"]
)  # fmt: skip


@given(st.lists(_PARTS, min_size=1, max_size=6), st.sampled_from(["", "1", "%", "s", "By", "{request}"]))
def test_dots_and_underscores_mean_the_same(parts: list[str], unit: str) -> None:
    """The spelling of a convention never changes what a name means."""
    assert TABLE.of(".".join(parts), unit) == TABLE.of("_".join(parts), unit)
