"""Alertmanager's webhook body (version 4) as episodes: each alert is an episode with source ``alert``.

The fingerprint is the episode's id, and a resolved alert ends the episode. Revisions are made from the alert's start
time. An alert that fires again starts later, so revisions rise over the whole life of a fingerprint, and a repeated
notification changes nothing. Alerts of severity ``none`` (watchdogs that always fire) are ignored.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.times import nanoseconds

ENTITY_LABELS = (
    "aiops_entity", "service_name", "service", "app", "deployment", "statefulset", "daemonset", "pod", "node", "host",
    "instance", "job", "namespace", "cluster",
)  # fmt: skip
"""Labels that name the entity; the first one that is present counts."""
SEVERITIES = {
    "critical": 1.0, "page": 1.0, "emergency": 1.0, "error": 0.85, "high": 0.85, "major": 0.85, "warning": 0.7,
    "warn": 0.7, "minor": 0.6, "info": 0.4, "low": 0.4,
}  # fmt: skip
_UNKNOWN_SEVERITY = 0.7
_TIME = Annotated[int, BeforeValidator(nanoseconds)]
_RULES = ConfigDict(extra="ignore", frozen=True, str_max_length=32 * 1024, allow_inf_nan=False)


def _end(value: object) -> object:
    # Alertmanager writes year 1 for "not ended".
    return None if isinstance(value, str) and value.startswith("0001-") else nanoseconds(value) if value else None


class Alert(BaseModel):
    """One alert of a notification."""

    model_config = _RULES

    status: Literal["firing", "resolved"]
    labels: dict[str, str] = Field(max_length=256)
    annotations: dict[str, str] = Field(default_factory=dict, max_length=256)
    starts_at: _TIME = Field(alias="startsAt")
    ends_at: Annotated[int | None, BeforeValidator(_end)] = Field(default=None, alias="endsAt")
    fingerprint: str = Field(default="", max_length=256)

    @property
    def entity(self) -> str:
        """The entity that the labels name; empty: no label names one."""
        return next((self.labels[name] for name in ENTITY_LABELS if self.labels.get(name)), "")

    @property
    def name(self) -> str:
        """Name of the alert's rule."""
        return self.labels.get("alertname", "alert")

    @property
    def identity(self) -> str:
        """The fingerprint, or a digest of the labels if the sender gives none."""
        if self.fingerprint:
            return self.fingerprint
        text = "\0".join(f"{key}\0{value}" for key, value in sorted(self.labels.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Webhook(BaseModel):
    """A notification: alerts of one group."""

    model_config = _RULES

    alerts: list[Alert] = Field(max_length=10_000)


def episodes(webhook: Webhook, at: int, domain: str) -> tuple[Episode, ...]:
    """Episodes of a notification received at ``at``, ns; alerts of severity ``none`` are left out."""
    return tuple(
        _episode(alert, at, domain) for alert in webhook.alerts if alert.labels.get("severity", "").lower() != "none"
    )


def _episode(alert: Alert, at: int, domain: str) -> Episode:
    severity = SEVERITIES.get(alert.labels.get("severity", "").lower(), _UNKNOWN_SEVERITY)
    resolved = alert.status == "resolved"
    ended_at = max(alert.starts_at, min(alert.ends_at or at, at)) if resolved else None
    shown = {key: value for key, value in sorted(alert.labels.items()) if key not in {"alertname", "severity"}}
    summary = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    signal = Signal(
        series=alert.name + "{" + ",".join(f"{key}={value}" for key, value in shown.items()) + "}",
        metric=alert.name,
        direction=SignalDirection.NEW,
        source=Source.ALERT,
        since=alert.starts_at,
        score=severity,
        value=1.0,
        expected=0.0,
        detector=f"alertmanager: {summary}"[:200] if summary else "alertmanager",
        ended_at=ended_at,
    )
    return Episode(
        id=alert.identity,
        entity=alert.entity or alert.name,
        opened_at=alert.starts_at,
        revision=2 * (alert.starts_at // 1_000_000) + int(resolved),
        severity=severity,
        signals=(signal,),
        signals_total=1,
        watermark=at,
        ended_at=ended_at,
        source=Source.ALERT,
        breaches_objective=any("slo" in key.lower() for key in alert.labels),
        domain=domain,
    )
