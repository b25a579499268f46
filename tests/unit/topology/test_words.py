"""Hints, kinds of fault and suspicious changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.durations import MINUTE
from aiops.model.entities import Edge
from aiops.model.episodes import Signal, SignalDirection, Source
from aiops.model.errors import PermanentError
from aiops.model.metric_semantics.custom import parse_rows
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.reports import Change
from aiops.plugins import BUILT_INS, ExtensionKind
from tests.unit.topology.estates import SECOND, START
from topology.graph import Graph
from topology.hints import Family, Hints, attributes_of, family, host_of
from topology.kinds import kind_of
from topology.suspects import proximity, suspects

TABLE = MetricTable()
HINTS = Hints(TABLE)


def signal(
    metric: str, direction: SignalDirection = SignalDirection.UP, score: float = 0.95, peer: str | None = None
) -> Signal:
    return Signal(metric, metric, direction, Source.METRIC, START, score, 5.0, 1.0, peer=peer)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("http.server.request.duration", Family.LATENCY),
        ("PodSuccessRate(%)", Family.AVAILABILITY),
        ("CpuUsageRate(%)", Family.CPU),
        ("container_memory_working_set_bytes", Family.MEMORY),
        ("node_filesystem_avail_bytes", Family.DISK),
        ("kafka_consumer_lag", Family.QUEUE),
        ("http_5xx", Family.ERROR),
        ("latency_p99", Family.LATENCY),
        ("tls_certificate_expiry_days", Family.CERTIFICATE),
        ("requests_Sum", Family.TRAFFIC),
        ("zzz", Family.OTHER),
        ("", Family.OTHER),
    ],
)
def test_family_goes_by_words(metric: str, expected: Family) -> None:
    """Names of several conventions are read by their words."""
    assert family(TABLE.of(metric)) is expected


@given(st.text(max_size=40))
def test_any_name_has_a_family(metric: str) -> None:
    """No name is an error."""
    assert family(TABLE.of(metric)) in Family


def test_locality_orders_own_before_felt_before_others() -> None:
    """Saturation tells of the entity, errors less so, figures about its calls or its host hardly."""
    figures = [signal("cpu"), signal("errors"), signal("cpu", peer="db"), signal("NodeCpuUsage")]
    values = [HINTS.locality(s) for s in figures]
    assert values[0] > values[1] > values[2] == values[3]


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ([signal("latency_p99"), signal("cpu_usage")], "saturation"),
        ([signal("latency_p99"), signal("errors")], "error"),
        ([signal("latency_p99")], "latency"),
        ([signal("heap_used"), signal("latency_p99")], "memory"),
        ([signal("disk_used")], "disk"),
        ([signal("queue_depth")], "queue"),
        ([signal("requests", SignalDirection.SILENT), signal("errors")], "crash"),
        ([signal("cert_days", SignalDirection.DOWN)], "certificate"),
        ([signal("zzz")], "unknown"),
        ([], "unknown"),
    ],
)
def test_kind_goes_by_the_most_telling_signal(signals: list[Signal], expected: str) -> None:
    """What is the entity's own explains what its users feel."""
    assert kind_of(signals, HINTS) == expected


def test_traffic_that_stops_is_a_crash() -> None:
    """A service whose requests fall to nothing is down; one whose requests halve is not."""
    fell = signal("requests", SignalDirection.DOWN)
    assert kind_of([replace(fell, value=0.0, expected=90.0)], HINTS) == "crash"
    assert kind_of([replace(fell, value=45.0, expected=90.0)], HINTS) == "traffic"


def test_suspicious_change_names_the_kind() -> None:
    """A change at the onset explains errors, but no full disk."""
    assert kind_of([signal("errors")], HINTS, "deploy", suspicion=0.9) == "bad deploy"
    assert kind_of([signal("errors")], HINTS, "config", suspicion=0.9) == "bad configuration"
    assert kind_of([signal("errors")], HINTS, "deploy", suspicion=0.1) == "error"
    assert kind_of([signal("disk_used")], HINTS, "deploy", suspicion=0.9) == "disk"


def change(name: str, entity: str, before: int, kind: str = "deploy") -> Change:
    return Change(name, entity, START - before * SECOND, kind)


def test_proximity_falls_with_time() -> None:
    """The nearer before the onset the more suspicious; what came well after it is not."""
    values = [proximity(change("c", "a", before), START) for before in (0, 600, 3600, -60, -600)]
    assert values[0] > values[1] > values[2] > 0
    assert (values[3], values[4]) == (1.0, 0.0)
    assert proximity(change("c", "a", 60), 0) == 0.0


def test_suspects_are_on_or_under_the_cause() -> None:
    """A change on the cause comes before one under it; unrelated ones are left out."""
    graph = Graph.build([], [Edge("a", "b"), Edge("b", "c"), Edge("x", "y")])
    changes = [change("under", "b", 60), change("on", "a", 60), change("far", "x", 60), change("old", "a", 86_400)]
    found = suspects(changes, {"a": 0.8}, graph, onset=START, members=["a"])
    assert [(s.id, s.why) for s in found] == [
        ("on", "deploy 1 min before the onset, on the suspected cause"),
        ("under", "deploy 1 min before the onset, under a"),
    ]


def test_scaling_is_less_suspicious_than_a_deployment() -> None:
    """Kinds of change differ in how often they do harm."""
    found = suspects([change("s", "a", 60, "scale"), change("d", "a", 60)], {"a": 1.0}, Graph.empty(), onset=START)
    assert [s.id for s in found] == ["d", "s"]


def test_change_of_an_instance_counts() -> None:
    """A change lists the instances that it touched."""
    rolled = replace(change("c", "release-7", 60), instances=("a",))
    assert [s.id for s in suspects([rolled], {"a": 1.0}, Graph.empty(), onset=START)] == ["c"]


def test_far_future_change_does_no_harm() -> None:
    """A record with a wild time is no suspect and no error."""
    assert suspects([Change("c", "a", START + 10**6 * MINUTE, "deploy")], {"a": 1.0}, Graph.empty(), onset=START) == ()


def test_unknown_ranker_names_those_there_are() -> None:
    """A wrong name in the settings is told with the right ones."""
    with pytest.raises(PermanentError, match="known are earliest, random, severest, walk"):
        BUILT_INS.make(ExtensionKind.RANKER, "nobody")


def test_what_goes_the_harmless_way_is_no_sign_of_a_cause() -> None:
    """Less work, fewer errors and more instances follow what happens elsewhere; fewer instances do not."""
    relieved = (
        ("app.queue.wait", SignalDirection.DOWN),
        ("process.cpu.utilization", SignalDirection.DOWN),
        ("http.server.errors", SignalDirection.DOWN),
        ("k8s.deployment.available_pods", SignalDirection.UP),
        ("synthetic.probe.success", SignalDirection.UP),
    )
    for metric, direction in relieved:
        assert HINTS.locality(signal(metric, direction)) < 0.2
    for metric, direction in (
        ("app.queue.wait", SignalDirection.UP),
        ("k8s.deployment.available_pods", SignalDirection.DOWN),
    ):
        assert HINTS.locality(signal(metric, direction)) == 1.0


def test_a_crash_just_after_a_deploy_is_the_deploys_doing() -> None:
    """Restarting the new version would only let it die again."""
    dying = [signal("k8s.deployment.available_pods", SignalDirection.DOWN)]
    assert kind_of(dying, HINTS) == "crash"
    assert kind_of(dying, HINTS, "deploy", suspicion=0.9) == "bad deploy"
    assert kind_of(dying, HINTS, "deploy", suspicion=0.1) == "crash"


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("http.server.request.duration.count", Family.TRAFFIC),
        ("http.server.request.duration.p99", Family.LATENCY),
        ("http.server.active_requests", Family.QUEUE),
        ("system.network.dropped_ratio", Family.NETWORK),
        ("rabbitmq.message.redelivered", Family.ERROR),
    ],
)
def test_how_often_is_not_how_long(metric: str, expected: Family) -> None:
    """A histogram's count is traffic, requests in work are a queue, and what a network loses is the network's."""
    assert family(TABLE.of(metric)) is expected


def test_the_host_that_sent_a_figure_is_in_its_name() -> None:
    """Attributes of several conventions are read; without one there is no host."""
    named = signal("cpu")
    assert host_of(named) == ""
    for attributes in ("{host.name=h1,x=y}", "{a=b,k8s.node.name=h1}", "{node=h1}"):
        assert host_of(replace(named, series=f"cpu{attributes}")) == "h1"


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("http.server.unavailable", Family.AVAILABILITY),
        ("k8s.deployment.desired_pods", Family.OTHER),
        ("k8s.deployment.available_pods", Family.RESTART),
        ("kube_pod_container_status_restarts_total", Family.RESTART),
        ("system.disk.pending_operations", Family.DISK),
        ("system.network.io", Family.NETWORK),
        ("system.network.errors", Family.NETWORK),
        ("db.client.connection.count", Family.QUEUE),
        ("postgresql.backends", Family.QUEUE),
        ("jvm.gc.duration.p99", Family.MEMORY),
        ("jvm.thread.count", Family.OTHER),
        ("nginx_connections_waiting", Family.OTHER),
        ("cpuset", Family.OTHER),
        ("setup", Family.OTHER),
    ],
)
def test_family_follows_from_role_and_part(metric: str, expected: Family) -> None:
    """What the table knows counts before the words of the name."""
    assert family(TABLE.of(metric)) is expected


def of_series(metric: str, attributes: str, direction: SignalDirection = SignalDirection.UP) -> Signal:
    return replace(signal(metric, direction), series=f"{metric}{{{attributes}}}")


def test_a_hosts_figures_are_its_own_and_nobody_elses() -> None:
    """Of node_exporter's figures a host speaks for itself; a service that sends them speaks of its host."""
    load = signal("node_pressure_cpu_waiting_seconds_total")
    assert HINTS.locality(load, "h1") == 1.0
    sent = of_series("system.cpu.utilization", "host.name=h1")
    assert HINTS.locality(sent, "h1") == 1.0
    assert HINTS.locality(sent, "checkout") == 0.1


def test_state_turns_what_is_a_relief() -> None:
    """More idle processors are a relief, fewer are not."""
    assert HINTS.relief(of_series("system.cpu.utilization", "cpu.mode=idle"))
    assert not HINTS.relief(of_series("system.cpu.utilization", "cpu.mode=idle", SignalDirection.DOWN))
    assert not HINTS.relief(of_series("system.cpu.utilization", "cpu.mode=user"))
    assert HINTS.relief(of_series("system.cpu.utilization", "cpu.mode=user", SignalDirection.DOWN))


@pytest.mark.parametrize(
    ("metric", "direction", "expected"),
    [
        ("http.server.unavailable", SignalDirection.UP, False),
        ("http.server.unavailable", SignalDirection.DOWN, True),
        ("redis.hit_ratio", SignalDirection.UP, True),
        ("redis.hit_ratio", SignalDirection.DOWN, False),
        ("process.memory.usage", SignalDirection.DOWN, False),
        ("node_filesystem_avail_bytes", SignalDirection.DOWN, False),
        ("http.server.requests", SignalDirection.DOWN, False),
        ("speed.of.light", SignalDirection.UP, False),
        ("http.server.errors", SignalDirection.SILENT, False),
    ],
)
def test_relief_is_what_moves_against_the_worse_way(metric: str, direction: SignalDirection, *, expected: bool) -> None:
    """Memory that falls is none: a process that began anew shows it so."""
    assert HINTS.relief(signal(metric, direction)) is expected


def test_a_run_queue_waits_for_others_too() -> None:
    """A load average counts what waits for a disk as well; a throttled container is its own doing."""
    assert HINTS.locality(signal("system.cpu.load_average.1m")) == 0.3
    assert HINTS.locality(signal("container_cpu_cfs_throttled_seconds_total")) == 1.0
    assert HINTS.locality(signal("system.cpu.utilization")) == 1.0


def test_a_disk_that_loses_its_room_is_a_disk() -> None:
    """Bytes that are free fall while a disk fills; fewer bytes in use are hardly a sign of it."""
    falls = SignalDirection.DOWN
    assert kind_of([signal("node_filesystem_avail_bytes", falls), signal("latency_p99")], HINTS) == "disk"
    assert kind_of([signal("system.filesystem.usage", falls), signal("latency_p99")], HINTS) == "latency"


def test_lines_of_a_log_are_log_unless_they_tell_of_a_restart() -> None:
    """Counts of lines are a hint from the entity itself, weaker than its own figures."""
    for metric in ("log.new", "log.count", "log errors"):
        assert HINTS.family(replace(signal(metric), source=Source.LOG)) is Family.LOG
    assert HINTS.family(replace(signal("oom_kills"), source=Source.LOG)) is not Family.LOG
    assert HINTS.family(signal("log errors")) is Family.ERROR


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("cpu", []),
        ("cpu{}", []),
        ("cpu{state=idle}", [("state", "idle")]),
        ("cpu{a=b=c,state=idle}", [("a", "b=c"), ("state", "idle")]),
        ("cpu{a=1,2,state=idle}", [("a", "1"), ("state", "idle")]),
        ("cpu{broken", []),
    ],
)
def test_attributes_are_read_from_a_series(series: str, expected: list[tuple[str, str]]) -> None:
    """A value with a comma loses its end, and nothing else."""
    assert attributes_of(series) == expected


def test_the_rows_of_people_count_in_the_analysis() -> None:
    """A ranker asks the table of its question."""
    mine = Hints(MetricTable(parse_rows("speed.of.light: {role: resource, part: cpu, worse: up}")))
    assert mine.family(signal("speed.of.light")) is Family.CPU
    assert HINTS.family(signal("speed.of.light")) is Family.OTHER
