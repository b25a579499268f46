"""Reports incidents and actions on their topics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from aiops.control.state.transaction import Draft
from aiops.model.cloudevents import envelope
from aiops.model.codec import adapter
from aiops.model.effects import Publish
from aiops.model.incidents import Incident
from aiops.model.outcomes import as_fields

INCIDENT: Final = "io.aiops.incident.v1"
ACTION: Final = "io.aiops.action.v1"


def publish(draft: Draft, incident: Incident) -> None:
    """Tell ``aiops.incidents`` how the incident stands."""
    data = adapter(Incident).dump_python(replace(incident, story=()), mode="json")
    data |= as_fields(incident.outcome)
    identity = ("/orchestrator", f"{incident.id}/{draft.event.id}/{incident.state}")
    event = envelope(INCIDENT, identity, data, at=draft.at, subject=incident.id, domain=incident.domain)
    topic = draft.settings.topics.incidents
    draft.effect(Publish(f"publish/{event['id']}", topic, incident.id, event, domain=incident.domain))


def publish_action(draft: Draft, incident: str, key: str, *, data: dict[str, Any]) -> None:
    """Tell ``aiops.actions`` that an effect begins or ended."""
    identity = ("/orchestrator", f"{key}/{draft.event.id}")
    domain = draft.settings.domain
    data = data | {"incident": incident, "key": key}
    event = envelope(ACTION, identity, data, at=draft.at, subject=incident, domain=domain)
    topic = draft.settings.topics.actions
    draft.effect(Publish(f"publish/{event['id']}", topic, key, event, domain=domain))
