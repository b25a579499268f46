"""Names of the Kafka topics, and the formats of those that carry telemetry: a group of the settings."""

from __future__ import annotations

from pydantic import Field

from aiops.settings_group import Group


class Topics(Group):
    """Names of the Kafka topics. The OTLP defaults are the names that a stock OpenTelemetry Collector uses."""

    otlp_metrics: str = "otlp_metrics"
    """Input: OTLP export requests for metrics, protobuf or JSON."""
    otlp_logs: str = "otlp_logs"
    """Input: OTLP export requests for logs, protobuf or JSON."""
    otlp_spans: str = "otlp_spans"
    """Input: OTLP export requests for spans, protobuf or JSON."""
    metrics_arrow: str = "aiops.metrics.arrow"
    """Input: metric points as Arrow IPC, for bulk producers."""
    keyed: str = "aiops.keyed"
    """Internal: a slot forwards the telemetry of entities that belong to other slots through this topic."""
    cmdb: str = "aiops.cmdb"
    """Input: configuration items and their dependencies. The topic is compacted."""
    changes: str = "aiops.changes"
    """Input: deployments, configuration changes and other changes."""
    tickets: str = "aiops.tickets"
    """Input: tickets of users."""
    alerts: str = "aiops.alerts"
    """Input: webhook bodies of Alertmanager."""
    anomalies: str = "aiops.anomalies"
    """Internal: episodes and observed edges, from the shards to the orchestrator."""
    incidents: str = "aiops.incidents"
    """Output: one record for each state change of an incident."""
    actions: str = "aiops.actions"
    """Output: one record when a step begins and one when it ends."""
    audit: str = "aiops.audit"
    """Output: signed checkpoints of the audit log. Records never expire."""
    dead_letters: str = "aiops.dead-letters"
    """Output: records that could not be used, encrypted, each with its reason."""
    keyed_by_entity: tuple[str, ...] = ("aiops.metrics.arrow",)
    """Telemetry topics whose producer keys every record by its entity. Their points cost less. What belongs to another
    slot is forwarded all the same, but its series take room in the slot that received it."""

    formats: dict[str, str] = Field(default_factory=dict)
    """Further telemetry topics to the name of their format: a plug-in's, or ``otlp-metrics``, ``otlp-logs``,
    ``otlp-spans``, ``arrow-metrics``."""

    @property
    def decoded(self) -> dict[str, str]:
        """Every telemetry topic from outside and the name of its format, in the order in which they are read."""
        own = {
            self.otlp_metrics: "otlp-metrics",
            self.otlp_logs: "otlp-logs",
            self.otlp_spans: "otlp-spans",
            self.metrics_arrow: "arrow-metrics",
        }
        return own | self.formats

    @property
    def telemetry(self) -> tuple[str, ...]:
        """Topics that the shards read from outside."""
        return tuple(self.decoded)

    @property
    def control(self) -> tuple[str, ...]:
        """Topics that the orchestrator reads."""
        return (self.cmdb, self.changes, self.tickets, self.alerts, self.anomalies)
