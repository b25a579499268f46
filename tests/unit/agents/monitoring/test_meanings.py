"""What the series of a slot mean, by their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.agents.monitor.meanings import SeriesMeanings
from aiops.model.metric_semantics.custom import parse_rows
from aiops.model.metric_semantics.semantics import MetricRole
from aiops.model.metric_semantics.table import MetricTable
from detectors.harm import Burden
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable

IDLE, USER = (("state", "idle"),), (("state", "user"),)
SERIES = [
    SeriesIdentity("pay", "http.server.request.duration.p99", (), "s"),
    SeriesIdentity("pay", "http.server.unavailable", (), "{request}"),
    SeriesIdentity("pay", "k8s.deployment.available", (), "{pod}"),
    SeriesIdentity("h1", "system.cpu.utilization", IDLE, "1"),
    SeriesIdentity("h1", "system.cpu.utilization", USER, "1"),
    SeriesIdentity("h1", "system.cpu.utilization", (), "1"),
    SeriesIdentity("pay", "http.server.request.duration.count", (), "1"),
]
WORSE = [1, 1, -1, -1, 1, 1, 0]


def meanings(metrics: MetricTable | None = None) -> tuple[SeriesTable, SeriesMeanings]:
    table = SeriesTable()
    return table, SeriesMeanings(table, metrics or MetricTable())


def test_each_series_has_the_direction_of_its_metric_and_state() -> None:
    """An idle processor is bad when it is less idle, all others when they are busier."""
    table, found = meanings()
    numbers = table.add(SERIES)
    assert found.worse(numbers).tolist() == WORSE
    assert found.worse(numbers[::-1]).tolist() == WORSE[::-1]


def test_a_condition_that_does_not_hold_turns_the_direction() -> None:
    """One series says that a node is ready and another that it is not; both are told apart within one batch."""
    table, found = meanings()
    asked = [("Ready", "true"), ("Ready", "false"), ("Ready", "unknown")]
    asked += [("DiskPressure", "true"), ("DiskPressure", "false")]
    named = [(("condition", condition), ("status", status)) for condition, status in asked]
    numbers = table.add([SeriesIdentity("h1", "kube_node_status_condition", each, "") for each in named])
    assert found.worse(numbers).tolist() == [-1, 1, 1, 1, -1]


def test_burdens_come_with_their_scales() -> None:
    """Seconds for durations, wholes for shares; an idle share is no share that can be full."""
    table, found = meanings()
    kinds, scales = found.burdens(table.add(SERIES))
    expected = [Burden.DURATION, Burden.PLAIN, Burden.PLAIN, Burden.LOAD, Burden.SHARE, Burden.SHARE, Burden.LOAD]
    assert kinds.tolist() == expected
    assert scales.tolist() == [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]


def test_what_can_be_full_has_a_ceiling() -> None:
    """One for a share in use, none for what is idle and for what has no limit."""
    table, found = meanings()
    assert found.ceilings(table.add(SERIES)).tolist() == [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("metric", "unit", "ceiling"),
    [
        ("system.filesystem.utilization", "1", 1.0),
        ("system.filesystem.utilization", "%", 100.0),
        ("k8s.container.cpu_limit_utilization", "1", 1.0),
        ("k8s.container.cpu_request_utilization", "1", 0.0),
        ("container.memory.percent", "1", 100.0),
        ("node_filesystem_avail_bytes", "By", 0.0),
        ("disk_usage", "1", 1.0),
        ("disk_usage", "By", 0.0),
        ("postgresql.backends", "1", 200.0),
    ],
)
def test_a_ceiling_is_in_the_unit_of_the_series(metric: str, unit: str, ceiling: float) -> None:
    """What is used of a request may exceed it; people give a limit where the table has none."""
    table, found = meanings(MetricTable(parse_rows("postgresql.backends: {full: 200}")))
    numbers = table.add([SeriesIdentity("a", metric, (), unit)])
    assert found.ceilings(numbers).tolist() == [ceiling]


@pytest.mark.parametrize("cut", range(len(SERIES) + 1))
def test_series_may_come_at_any_time(cut: int) -> None:
    """Two batches, with questions in between, mean what one means."""
    table, found = meanings()
    first = table.add(SERIES[:cut])
    assert found.worse(first).tolist() == WORSE[:cut]
    rest = table.add(SERIES[cut:])
    assert found.worse(np.concatenate((first, rest))).tolist() == WORSE


def test_many_series_of_one_metric_share_one_meaning() -> None:
    """A million series cost their numbers and no object each."""
    table, found = meanings()
    numbers = table.add([SeriesIdentity("pay", "shop.errors", (("n", str(n)),), "") for n in range(5000)])
    assert set(found.worse(numbers).tolist()) == {1}
    assert len(found._held) == 1


def test_no_series_is_no_answer() -> None:
    """An empty question is answered with nothing, also where nothing was ever seen."""
    _, found = meanings()
    assert found.worse(np.empty(0, np.int32)).tolist() == []


def test_the_rows_of_people_count() -> None:
    """The table that is handed in is the one that is asked."""
    table, found = meanings(MetricTable(parse_rows("http.server.unavailable: {role: traffic, worse: neither}")))
    numbers = table.add(SERIES)
    assert found.worse(numbers[1:2]).tolist() == [0]
    assert found.of(int(numbers[1])).role is MetricRole.TRAFFIC


@pytest.mark.parametrize(
    ("attributes", "worse"),
    [
        ((("note", 'a "state":"idle" b'),), 1),
        ((("note", 'a","state":"idle'), ("state", "user")), 1),
        ((("state", 'i"dle'),), 1),
        ((("state", "IDLE"),), -1),
        ((("cpu.mode", "idle"), ("state", "user")), -1),
    ],
)
def test_a_state_is_read_from_its_own_attribute_only(attributes: tuple[tuple[str, str], ...], worse: int) -> None:
    """Text that looks like it inside another value is no state; the convention's newest name counts first."""
    table, found = meanings()
    numbers = table.add([SeriesIdentity("h1", "system.cpu.utilization", attributes, "1")])
    assert found.worse(numbers).tolist() == [worse]
