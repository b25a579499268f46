"""The Collector: what services send, the host and the backing services, written to Kafka.

The receivers of backing services set no ``service.name``, so each has a pipeline whose ``resource`` processor adds one,
as docs/deploy.md advises.
"""

from __future__ import annotations

from typing import Any

import yaml

from simulations.range.configuration import rabbitmq
from simulations.range.estate_plan import HAPROXY, HOST, POSTGRESQL, RABBITMQ, REDIS, REPLICA, EstatePlan
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import RunSettings

SCRAPERS = ("cpu", "disk", "filesystem", "load", "memory", "network", "paging")


def configuration(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> str:
    """Text of ``config.yaml``."""
    receivers = _receivers(plan, folder, run)
    named = {name: receiver for name, receiver in receivers.items() if name != "otlp"}
    entities = {name: _entity(name, run.host) for name in named}
    pipelines: dict[str, Any] = {
        signal: {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["kafka"]}
        for signal in ("metrics", "logs", "traces")
    }
    for name, (label, _) in entities.items():
        pipelines[f"metrics/{label}"] = {
            "receivers": [name],
            "processors": [f"resource/{label}", "batch"],
            "exporters": ["kafka"],
        }
    processors = {
        f"resource/{label}": {
            "attributes": [{"key": key, "value": value, "action": "upsert"} for key, value in attributes.items()]
        }
        for label, attributes in entities.values()
    }
    return yaml.safe_dump(
        {
            "receivers": receivers,
            "processors": {"batch": {"timeout": "200ms"}, **processors},
            "exporters": {"kafka": _kafka(run)},
            "service": {"telemetry": {"metrics": {"level": "none"}}, "pipelines": pipelines},
        },
        sort_keys=False,
    )


def _receivers(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> dict[str, Any]:
    interval = {"collection_interval": f"{run.interval_ms}ms"}
    ports = plan.ports
    database = {"username": "shop", "password": "shop", "databases": ["shop"], "tls": {"insecure": True}, **interval}
    return {
        "otlp": {"protocols": {"http": {"endpoint": f"{HOST}:{ports.otlp_http}"}}},
        "hostmetrics": {**interval, "scrapers": {name: {} for name in SCRAPERS}},
        "postgresql": {"endpoint": f"{HOST}:{ports.postgresql}", **database},
        "postgresql/replica": {"endpoint": f"{HOST}:{ports.replica}", **database},
        "redis": {"endpoint": f"{HOST}:{ports.redis}", **interval},
        "rabbitmq": {
            "endpoint": f"http://{HOST}:{ports.rabbitmq_management}",
            "username": rabbitmq.USER,
            "password": rabbitmq.PASSWORD,
            **interval,
        },
        "haproxy": {"endpoint": str(folder.haproxy_socket), **interval},
    }


def _entity(receiver: str, host: str) -> tuple[str, dict[str, str]]:
    """Label and resource attributes of what a receiver reads."""
    if receiver == "hostmetrics":
        return "host", {"host.name": host}
    name = {
        "postgresql": POSTGRESQL,
        "postgresql/replica": REPLICA,
        "redis": REDIS,
        "rabbitmq": RABBITMQ,
        "haproxy": HAPROXY,
    }[receiver]
    return name, {"service.name": name, "host.name": host}


def _kafka(run: RunSettings) -> dict[str, Any]:
    topics = {"metrics": run.topics.otlp_metrics, "logs": run.topics.otlp_logs, "traces": run.topics.otlp_spans}
    keys = {
        "partition_metrics_by_resource_attributes": True,
        "partition_logs_by_resource_attributes": True,
        "partition_traces_by_id": True,
    }
    return {
        "brokers": [run.kafka],
        "protocol_version": "3.0.0",
        **{signal: {"topic": topic} for signal, topic in topics.items()},
        **(keys if run.keyed else {}),
    }
