"""The Collector's configuration."""

from __future__ import annotations

from typing import Any

import yaml

from aiops.topic_names import Topics
from simulations.range.configuration.collector import configuration
from simulations.range.estate_plan import BACKING
from tests.unit.simulations.range.runs import FOLDER, PLAN, run


def made(**changes: Any) -> Any:
    """The configuration with some settings changed."""
    return yaml.safe_load(configuration(PLAN, FOLDER, run(**changes)))


def test_every_receiver_has_a_pipeline_to_kafka() -> None:
    """Nothing is received in vain."""
    found = made()
    used = {name for pipeline in found["service"]["pipelines"].values() for name in pipeline["receivers"]}
    assert used == set(found["receivers"])
    assert all(pipeline["exporters"] == ["kafka"] for pipeline in found["service"]["pipelines"].values())


def test_backing_services_get_a_name() -> None:
    """Their receivers set none."""
    names = {
        attribute["value"]
        for processor in made()["processors"].values()
        for attribute in processor.get("attributes", ())
        if attribute["key"] == "service.name"
    }
    assert names == set(BACKING)


def test_host_metrics_belong_to_the_host() -> None:
    """And to no service."""
    assert made()["processors"]["resource/host"]["attributes"] == [
        {"key": "host.name", "value": "machine", "action": "upsert"}
    ]


def test_services_choose_their_own_resources() -> None:
    """What SDKs send passes unchanged."""
    pipelines = made()["service"]["pipelines"]
    assert [pipelines[signal]["processors"] for signal in ("metrics", "logs", "traces")] == [["batch"]] * 3


def test_the_interval_is_that_of_the_run() -> None:
    """All receivers that read at times of their own."""
    receivers = made(interval_ms=1_000)["receivers"]
    intervals = [one["collection_interval"] for name, one in receivers.items() if name != "otlp"]
    assert intervals == ["1000ms"] * 6


def test_topics_and_broker_are_those_of_the_run() -> None:
    """Also renamed ones."""
    kafka = made(kafka="127.0.0.1:1", topics=Topics(otlp_spans="spans"))["exporters"]["kafka"]
    assert kafka["brokers"] == ["127.0.0.1:1"]
    assert [kafka[signal]["topic"] for signal in ("metrics", "logs", "traces")] == [
        "otlp_metrics",
        "otlp_logs",
        "spans",
    ]


def test_records_are_keyed_unless_told_otherwise() -> None:
    """As docs/deploy.md advises, or as a default Collector writes them."""
    assert made()["exporters"]["kafka"]["partition_metrics_by_resource_attributes"] is True
    assert "partition_metrics_by_resource_attributes" not in made(keyed=False)["exporters"]["kafka"]


def test_the_proxy_is_read_through_its_socket() -> None:
    """The receiver takes a path without a scheme."""
    assert made()["receivers"]["haproxy"]["endpoint"] == str(FOLDER.haproxy_socket)
