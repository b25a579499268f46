"""An estate of the range as a whole: real services, a real Collector, and nothing left at the end."""

from __future__ import annotations

import http.client
import json
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.broker.ports import is_free
from aiops.adapters.supervisord import ProcessState
from aiops.apps.range import install, leftovers
from aiops.apps.range.estate import Estate, ports
from aiops.apps.range.estate_files import switch, write_release
from aiops.apps.range.start import Wanted, prepare, publish
from aiops.apps.range.state import state
from aiops.settings import Kafka, Settings
from aiops.topic_names import Topics
from simulations.range.configuration import haproxy
from simulations.range.estate_plan import BACKING, HOST, Language
from simulations.range.profile import Knobs, profile
from tests.integration.collector.installed import built, place
from tests.integration.runtime.harness import until
from tests.servers import missing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SEED = 22
"""A small estate: five services in three languages, seven instances, one queue."""


@dataclass
class Range:
    """An estate that runs, and the settings of the installation."""

    estate: Estate
    settings: Settings

    def records(self, topic: str) -> list[bytes]:
        """The values of all records that a topic has now."""
        consumer = KafkaConsumer(bootstrap_servers=self.estate.run.kafka, enable_auto_commit=False)
        try:
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            found: list[bytes] = []
            while any(consumer.position(place) < end for place, end in ends.items()):
                for fetched in consumer.poll(1_000).values():
                    found += [record.value for record in fetched]
            return found
        finally:
            consumer.close()

    def asked(self) -> list[dict[str, Any]]:
        """The load generator's measurements."""
        file = self.estate.folder.load
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def measured(self) -> dict[str, set[str]]:
        """Names of metrics by service, or by host if the resource has no service."""
        found: dict[str, set[str]] = {}
        for record in self.records(self.settings.topics.otlp_metrics):
            for resource in ExportMetricsServiceRequest.FromString(record).resource_metrics:
                names = {metric.name for scope in resource.scope_metrics for metric in scope.metrics}
                found.setdefault(_name(resource.resource), set()).update(names)
        return found

    def calls(self) -> set[tuple[str, str]]:
        """Services of spans and of their parents, where these differ."""
        spans: dict[bytes, tuple[str, bytes]] = {}
        for record in self.records(self.settings.topics.otlp_spans):
            for resource in ExportTraceServiceRequest.FromString(record).resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        spans[span.span_id] = (_name(resource.resource), span.parent_span_id)
        pairs = {(spans[parent][0], service) for service, parent in spans.values() if parent in spans}
        return {(source, target) for source, target in pairs if source != target}


def _name(resource: Any) -> str:
    attributes = {attribute.key: attribute.value.string_value for attribute in resource.attributes}
    return str(attributes.get("service.name") or attributes.get("host.name", ""))


def ask(port: int, path: str) -> int:
    """The status of an answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture(scope="module")
def running(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    """An estate with users; its end is a test of its own."""
    for part in install.parts():
        built(part)
    if packages := install.missing_packages():
        missing(", ".join(packages), install.apt_line(packages))
    folder = tmp_path_factory.mktemp("range")
    topics = Topics(
        otlp_metrics="range.metrics", otlp_logs="range.logs", otlp_spans="range.spans", cmdb="range.cmdb",
        changes="range.changes",
    )  # fmt: skip
    settings = Settings(state=folder, kafka=Kafka(bootstrap=embedded.start(), partitions=1), topics=topics)
    wanted = Wanted(seed=SEED, interval_ms=1_000)
    estate = prepare(wanted, settings, lambda _: None, place=place())
    try:
        estate.up(lambda _: None)
        publish(Estate.opened(estate.folder.root), settings)
        yield Range(estate, settings)
    finally:
        estate.down()


def test_every_program_runs_within_its_memory(running: Range) -> None:
    """Services of three languages and all backing services, in a quarter of the memory that an estate may take."""
    found = until("all programs run", lambda: (now := state(running.estate))["complete"] and now, 30)
    assert {service.language for service in running.estate.plan.services} == set(Language)
    assert found["memory_mb"] < 2_000


def test_users_are_served(running: Range) -> None:
    """Both kinds come, on every path, and each is served; how many of them depends on what else the machine does."""
    traffic = running.estate.plan.traffic

    def served() -> set[str]:
        return {line["user"] for line in running.asked() if line["status"] == 200}

    until("users are served", lambda: served() == {user.id for user in traffic.users}, 120)
    paths = {path.split("/{")[0] for user in traffic.users for path, _ in user.paths}
    until("every path", lambda: {_template(line["path"], paths) for line in running.asked()} == paths, 120)
    assert all(line["ms"] >= 0.0 for line in running.asked())


def _template(path: str, known: set[str]) -> str:
    return max((one for one in known if path.startswith(one)), key=len)


def test_spans_nest_across_languages_and_through_the_queue(running: Range) -> None:
    """Each edge of the plan is seen in traces, and no other one."""
    edges = {(edge.source, edge.target) for edge in running.estate.plan.edges}
    until("every edge has spans", lambda: running.calls() >= edges, 90)
    assert running.calls() == edges


def test_every_receiver_delivers(running: Range) -> None:
    """Backing services, the host and the SDKs of all languages."""
    names = set(BACKING) | set(running.estate.plan.by_id) | {running.estate.run.host}
    until("metrics of everything", lambda: set(running.measured()) >= names, 60)
    measured = running.measured()
    assert {"system.cpu.time", "system.memory.usage"} <= measured[running.estate.run.host]
    durations = {"http.server.request.duration", "http.server.duration"}
    for service in running.estate.plan.services:
        assert service.consumes or measured[service.id] & durations, service.id


def test_the_inventory_is_on_its_topic(running: Range) -> None:
    """Each service with owner and dependencies."""
    items = {
        event["subject"]: event["data"] for event in map(json.loads, running.records(running.settings.topics.cmdb))
    }
    for service in running.estate.plan.services:
        assert items[service.id]["owner"] == service.owner


@pytest.mark.parametrize("language", list(Language))
def test_a_release_takes_effect_at_the_next_start_and_is_undone(running: Range, language: Language) -> None:
    """A switched link, and a restart by supervisord, in each implementation."""
    estate = running.estate
    service = next(one for one in estate.plan.services if one.language is language and not one.consumes)
    instance = service.instances[0]
    path = service.routes[0].path.replace("{id}", "1")
    bad = replace(profile(estate.plan, service, version="9.9.9"), knobs=Knobs(error_share=1.0))
    write_release(estate.folder, bad)
    before = switch(estate.folder, service.id, "9.9.9")
    assert ask(instance.port, path) == 200
    restart(estate, instance.id, instance.port)
    assert ask(instance.port, path) == 500
    switch(estate.folder, service.id, before)
    restart(estate, instance.id, instance.port)
    assert ask(instance.port, path) == 200


def restart(estate: Estate, program: str, port: int) -> None:
    """Stop a program and start it again; returns when it answers."""
    estate.supervisord.stop(program)
    until("stopped", lambda: not estate.supervisord.process(program).pid, 20)
    estate.supervisord.start(program)

    def answers() -> bool:
        try:
            return ask(port, "/health") == 200
        except OSError:
            return False

    until("started", answers, 30)


def test_an_operator_sheds_and_limits_through_the_proxy(running: Range) -> None:
    """A map's entry takes effect at once, and is gone when it is removed."""
    estate = running.estate
    entry = estate.plan.entries[0]
    shed, rate = haproxy.shed_map(estate.folder), haproxy.rate_map(estate.folder)
    proxy(estate, f"add map {shed} {entry.id} 100")
    assert ask(entry.port, "/health") == 503
    proxy(estate, f"del map {shed} {entry.id}")
    assert ask(entry.port, "/health") == 200
    proxy(estate, f"add map {rate} {entry.id} 0")
    until("limited", lambda: ask(entry.port, "/health") == 429, 10)
    proxy(estate, f"del map {rate} {entry.id}")
    assert ask(entry.port, "/health") == 200


def test_a_drained_instance_gets_no_requests(running: Range) -> None:
    """The other one serves alone."""
    estate = running.estate
    service = next(one for one in estate.plan.services if one.replicas > 1)
    first = f"{service.id}/{service.instances[0].id}"
    proxy(estate, f"set server {first} state drain")
    assert "DRAIN" in next(
        line for line in proxy(estate, "show stat").splitlines() if f",{first.split('/')[1]}," in line
    )
    assert ask(service.port, "/health") == 200
    proxy(estate, f"set server {first} state ready")


def proxy(estate: Estate, command: str) -> str:
    """A command to HAProxy's runtime socket, and its answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(estate.folder.haproxy_socket))
        connection.sendall(f"{command}\n".encode())
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


def test_a_killed_instance_stays_dead(running: Range) -> None:
    """Repair is the runtime's; supervisord restarts only if it is told to."""
    estate = running.estate
    service = next(one for one in estate.plan.services if one.replicas > 1)
    program = service.instances[0].id
    estate.supervisord.signal(program, signal.SIGKILL)
    until("ended", lambda: estate.supervisord.process(program).state is ProcessState.EXITED, 20)
    assert state(estate)["not_running"] == [program]
    assert estate.supervisord.start(program)


def test_nothing_is_left_at_the_end(running: Range) -> None:
    """No process, no socket, no file, also when an instance was stopped by a signal."""
    estate = running.estate
    estate.supervisord.signal(estate.plan.services[0].instances[0].id, signal.SIGSTOP)
    estate.down()
    assert leftovers.processes(estate.folder.root) == []
    assert [port for port in ports(estate.plan) if not is_free(port)] == []
    assert not Path(estate.run.short).exists()
    assert not estate.folder.root.exists()
