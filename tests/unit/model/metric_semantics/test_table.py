"""The table as everybody asks it: units, suffixes, statistics, memory."""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics import table as module
from aiops.model.metric_semantics.custom import parse_rows
from aiops.model.metric_semantics.semantics import MetricRole, MetricSubject, Worse
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.metric_semantics.units import Dimension

TABLE = MetricTable()


@pytest.mark.parametrize(
    ("metric", "unit", "symbol", "dimension"),
    [
        ("http.server.request.duration", "", "s", Dimension.TIME),
        ("http.server.request.duration", "ms", "ms", Dimension.TIME),
        ("http.server.duration", "", "ms", Dimension.TIME),
        ("http_server_duration_milliseconds_bucket", "", "ms", Dimension.TIME),
        ("http_server_duration_seconds_bucket", "", "s", Dimension.TIME),
        ("http.server.active_requests", "1", "{request}", Dimension.COUNT),
        ("system.memory.utilization", "1", "1", Dimension.SHARE),
        ("http.server.request.duration.count", "1", "1", Dimension.COUNT),
        ("http_server_request_duration_seconds_sum", "", "s", Dimension.TIME),
    ],
)
def test_the_senders_unit_counts_then_the_names_then_the_rows(
    metric: str, unit: str, symbol: str, dimension: Dimension
) -> None:
    """Except ``1``, which senders also write for what they count."""
    found = TABLE.of(metric, unit).unit
    assert (found.symbol, found.dimension) == (symbol, dimension)


def test_a_unit_of_another_kind_takes_the_limit_away() -> None:
    """Whoever sends bytes under the name of a share has no share."""
    found = TABLE.of("system.memory.utilization", "By")
    assert (found.role, found.full, found.unit.dimension) == (MetricRole.SATURATION, None, Dimension.DATA)


@pytest.mark.parametrize(
    ("metric", "unit", "role", "known"),
    [
        ("http.server.requests.p99", "s", MetricRole.LATENCY, True),
        ("http.server.requests.p99", "ms", MetricRole.LATENCY, True),
        ("http.server.requests", "{request}", MetricRole.TRAFFIC, False),
        ("http.server.requests", "", MetricRole.TRAFFIC, False),
        ("http.server.requests.count", "1", MetricRole.TRAFFIC, False),
        ("jvm.gc.pause.p99", "s", MetricRole.RUNTIME, True),
    ],
)
def test_a_name_without_its_unit_needs_the_unit_beside_it(
    metric: str, unit: str, role: MetricRole, *, known: bool
) -> None:
    """Micrometer's timer ``http.server.requests`` is a latency, a counter of the same name is traffic."""
    found = TABLE.of(metric, unit)
    assert (found.role, found.known) == (role, known)


def test_a_suffix_that_states_another_kind_of_unit_is_another_metric() -> None:
    """``…_duration_bytes`` is not the duration."""
    assert not TABLE.of("http_server_request_duration_bytes").known


@pytest.mark.parametrize(
    ("metric", "role", "worse"),
    [
        ("http.server.request.duration.count", MetricRole.TRAFFIC, Worse.NEITHER),
        ("http.server.request.duration.sum", MetricRole.TRAFFIC, Worse.NEITHER),
        ("db.client.connection.wait_time.count", MetricRole.TRAFFIC, Worse.NEITHER),
        ("system.network.errors.count", MetricRole.ERRORS, Worse.UP),
        ("jvm_gc_collection_seconds_count", MetricRole.RUNTIME, Worse.NEITHER),
        ("jvm_gc_collection_seconds_sum", MetricRole.RUNTIME, Worse.UP),
        ("http_requests_created", MetricRole.OTHER, Worse.NEITHER),
    ],
)
def test_a_count_is_not_what_is_counted(metric: str, role: MetricRole, worse: Worse) -> None:
    """How often is traffic where the metric says how long; an error stays an error."""
    found = TABLE.of(metric)
    assert (found.role, found.worse) == (role, worse)


def test_a_counter_is_found_without_its_total() -> None:
    """OpenMetrics and the Collector leave it out."""
    assert TABLE.of("node_cpu_seconds") == TABLE.of("node_cpu_seconds_total")


def test_calls_of_a_client_are_about_the_peer() -> None:
    """Their latency tells of whoever is called."""
    assert TABLE.of("http.client.request.duration.p99", "s").about is MetricSubject.PEER


def test_answers_are_remembered() -> None:
    """The second question for the same name and unit is a look into a dictionary."""
    table = MetricTable()
    assert table.of("shop.latency", "ms") is table.of("shop.latency", "ms")
    assert table.of("shop.latency", "s") is not table.of("shop.latency", "ms")


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that makes up names costs no more memory than that; the answers stay right."""
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    table = MetricTable()
    for number in range(20):
        assert table.of(f"errors.{number}").role is MetricRole.ERRORS
        assert len(table._answers) <= 3


def test_two_tables_share_no_answers() -> None:
    """People's rows belong to one table only."""
    mine = MetricTable(parse_rows("shop.latency: {role: other}"))
    assert mine.of("shop.latency").role is MetricRole.OTHER
    assert MetricTable().of("shop.latency").role is MetricRole.LATENCY
