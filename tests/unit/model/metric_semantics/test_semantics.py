"""The answer itself: states that turn a direction, and what must not be reached."""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.semantics import Definition, MetricRole, MetricSemantics, Worse
from aiops.model.metric_semantics.table import MetricTable

TABLE = MetricTable()


@pytest.mark.parametrize(
    ("metric", "attribute", "worse"),
    [
        ("system.cpu.utilization", ("state", "idle"), Worse.DOWN),
        ("system.cpu.utilization", ("cpu.mode", "idle"), Worse.DOWN),
        ("system.cpu.utilization", ("state", "user"), Worse.UP),
        ("node_cpu_seconds_total", ("mode", "idle"), Worse.DOWN),
        ("node_cpu_seconds_total", ("mode", "iowait"), Worse.UP),
        ("system.memory.usage", ("state", "free"), Worse.DOWN),
        ("system.memory.usage", ("state", "cached"), Worse.NEITHER),
        ("system.memory.usage", ("state", "used"), Worse.UP),
        ("kube_pod_status_phase", ("phase", "Running"), Worse.DOWN),
        ("kube_pod_status_phase", ("phase", "Failed"), Worse.UP),
        ("kube_pod_status_phase", ("phase", "Succeeded"), Worse.NEITHER),
        ("kube_pod_status_ready", ("condition", "true"), Worse.DOWN),
        ("kube_pod_status_ready", ("condition", "false"), Worse.UP),
        ("kube_node_status_condition", ("condition", "Ready"), Worse.DOWN),
        ("kube_node_status_condition", ("condition", "DiskPressure"), Worse.UP),
        ("db.client.connection.count", ("db.client.connection.state", "idle"), Worse.NEITHER),
        ("db.client.connection.count", ("db.client.connection.state", "used"), Worse.UP),
        ("nginx.connections_current", ("state", "waiting"), Worse.NEITHER),
        ("hw.status", ("hw.state", "ok"), Worse.DOWN),
        ("hw.status", ("hw.state", "failed"), Worse.UP),
        ("logback_events_total", ("level", "info"), Worse.NEITHER),
        ("logback_events_total", ("level", "error"), Worse.UP),
    ],
)
def test_an_attribute_can_turn_the_direction(metric: str, attribute: tuple[str, str], worse: Worse) -> None:
    """An idle processor is the better for being more idle, and a pod that runs for running."""
    found = TABLE.of(metric).in_state([("other", "x"), attribute])
    assert found.worse is worse
    assert found.states is None


def test_without_the_attribute_the_row_counts() -> None:
    """Some senders give one series for all states."""
    found = TABLE.of("system.cpu.utilization", "1").in_state([("host.name", "h1")])
    assert (found.worse, found.full) == (Worse.UP, 1.0)


def test_a_share_that_is_good_is_never_full() -> None:
    """An idle share of 1 is no processor at its limit."""
    found = TABLE.of("system.cpu.utilization", "1").in_state([("state", "idle")])
    assert (found.full, found.ceiling) == (None, None)


def test_most_metrics_have_no_states() -> None:
    """Their answer is the same object, whatever the series' attributes are."""
    found = TABLE.of("http.server.request.duration")
    assert found.in_state([("state", "idle")]) is found


@pytest.mark.parametrize(
    ("metric", "unit", "full", "ceiling"),
    [
        ("system.filesystem.utilization", "1", 1.0, 1.0),
        ("system.filesystem.utilization", "%", 100.0, 100.0),
        ("node_filesystem_avail_bytes", "", 0.0, None),
        ("container.memory.percent", "1", 100.0, 100.0),
        ("http.server.request.duration", "s", None, None),
    ],
)
def test_what_must_not_be_reached_from_below(metric: str, unit: str, full: float | None, ceiling: float | None) -> None:
    """Bytes that are free end at zero, which is no ceiling."""
    found = TABLE.of(metric, unit)
    assert (found.full, found.ceiling) == (full, ceiling)


@pytest.mark.parametrize(
    ("definition", "known"), [(Definition.PEOPLE, True), (Definition.SHIPPED, True), (Definition.WORDS, False)]
)
def test_only_a_table_knows(*, definition: Definition, known: bool) -> None:
    """What the words suggest is a guess, so that whoever asks can ask for more before acting on it."""
    assert MetricSemantics(MetricRole.OTHER, Worse.NEITHER, definition=definition).known is known
