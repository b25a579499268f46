"""Records on the topics of incidents and actions: what they hold, and that each has an id of its own."""

from __future__ import annotations

from dataclasses import replace

from aiops.control.incident.published_events import publish, publish_action
from aiops.model.effects import Publish
from aiops.model.events import Tick
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from tests.unit.control.drafts import Desk, effects
from tests.unit.control.fakes import START, settings


def told(desk: Desk, name: str, event: str = "e1") -> Publish:
    """What is published of an incident on an event."""
    decision = desk.do(publish, desk.state.incidents[name], event=Tick(id=event, at=START))
    (found,) = effects(decision, Publish)
    assert isinstance(found, Publish)
    return found


def test_an_incident_is_a_cloud_event_on_its_topic() -> None:
    """Keyed by the incident, so that its records keep their order."""
    desk = Desk()
    name = desk.incident("web")
    record = told(desk, name)
    assert (record.topic, record.record_key) == (desk.settings.topics.incidents, name)
    assert record.event["type"] == "io.aiops.incident.v1"
    assert record.event["subject"] == name
    assert record.event["data"]["entities"] == ["web"]


def test_the_story_is_not_published() -> None:
    """It may hold 200 lines; people read it on the page."""
    desk = Desk()
    name = desk.incident("web")
    assert desk.story(name)
    assert told(desk, name).event["data"]["story"] == []


def test_the_outcome_is_published_as_text_and_as_kind() -> None:
    """Programs read the kind."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.RESOLVED)
    desk.change(name, outcome=IncidentOutcome(OutcomeKind.CLOSED_BY_PERSON, Prose("ann")))
    data = told(desk, name).event["data"]
    assert (data["outcome"], data["outcome_kind"]) == ("closed by ann", "closed-by-person")


def test_the_same_event_and_state_publish_the_same_id() -> None:
    """A record that is sent twice after a restart is recognised."""
    desk = Desk()
    name = desk.incident("web")
    first, again = told(desk, name), told(desk, name)
    assert first.event["id"] == again.event["id"]
    assert told(desk, name, "e2").event["id"] != first.event["id"]


def test_two_states_in_one_event_are_two_records() -> None:
    """An incident may pass through several states at once."""
    desk = Desk()
    name = desk.incident("web")
    held = desk.state.incidents[name]

    def both(draft: object) -> None:
        publish(desk.last, held)
        publish(desk.last, replace(held, state=IncidentState.DIAGNOSING))

    assert len(effects(desk.do(both), Publish)) == 2


def test_an_action_names_its_incident_and_its_key() -> None:
    """Keyed by the effect: its beginning and its end stay in order."""
    desk = Desk()
    name = desk.incident("web")
    decision = desk.do(publish_action, name, "plan/1/do", data={"status": "begun"})
    (record,) = effects(decision, Publish)
    assert (record.topic, record.record_key) == (desk.settings.topics.actions, "plan/1/do")
    assert record.event["data"] == {"status": "begun", "incident": name, "key": "plan/1/do"}
    assert record.event["domain"] == desk.settings.domain


def test_records_of_a_domain_are_effects_of_that_domain() -> None:
    """Of incidents and of actions alike: outboxes are kept by domain."""
    desk = Desk(settings().model_copy(update={"domain": "payments"}))
    name = desk.incident("web")
    decision = desk.do(publish_action, name, "plan/1/do", data={"status": "begun"})
    (record,) = effects(decision, Publish)
    assert (record.domain, record.event["domain"]) == ("payments", "payments")
    assert told(desk, name).domain == "payments"
