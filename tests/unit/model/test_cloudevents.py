from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model import cloudevents, codec
from aiops.model.cloudevents import encode
from aiops.model.cloudevents_reader import MAX_BYTES, Receipt, UnusableMessage, decode
from aiops.model.deadletters import DeadLetterReason
from aiops.model.entities import Edge, EdgeKind, Item, Objective
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.events import ChangeReported, EdgesObserved, EpisodeReported, ItemReported, TicketReceived
from aiops.model.prose import Prose
from aiops.model.reports import Change, Ticket

NOW = 1_800_000_000_000_000_000
RECEIPT = Receipt(NOW)

SIGNAL = Signal(
    "cpu{host=a}", "cpu", SignalDirection.UP, Source.METRIC, NOW - 5, 0.9, 97.0, 20.0, peer="db", ended_at=None
)
EPISODE = Episode("pay@1", "pay", NOW - 9, 3, 0.9, (SIGNAL,), 7, NOW, slot=2, generation=4, domain="eu")


def told(event: dict[str, Any]) -> Any:
    """The one event that a message becomes."""
    answer = decode(encode(event), RECEIPT)
    assert not isinstance(answer, UnusableMessage), answer
    (found,) = answer
    return found


def reason(event: Any) -> DeadLetterReason:
    """Why a message is refused."""
    answer = decode(json.dumps(event).encode(), RECEIPT)
    assert isinstance(answer, UnusableMessage), answer
    return answer.reason


def test_an_episode_comes_back_as_it_was() -> None:
    """Writing and reading an episode changes nothing, its domain included."""
    found = told(cloudevents.of_episode(EPISODE))
    assert found == EpisodeReported(id="/monitoring/2#pay@1/3/4", at=NOW, episode=EPISODE, domain="eu")


def test_edges_come_back_as_they_were() -> None:
    """Observed edges keep kind, weight and time."""
    edges = (Edge("a", "b", EdgeKind.CALLS, "spans", NOW, 12.5),)
    found = told(cloudevents.of_edges(edges, "/monitoring/1", NOW))
    assert isinstance(found, EdgesObserved)
    assert found.edges == edges


def test_an_item_comes_back_with_its_edges() -> None:
    """An item's own edges get it as their source."""
    item = Item("pay", owner="money", objectives=(Objective("ok", 0.999),), attributes={"tag": "x"}, version=3)
    edges = (Edge("pay", "db", EdgeKind.USES, "cmdb"),)
    found = told(cloudevents.of_item(item, edges, NOW))
    assert isinstance(found, ItemReported)
    assert (found.item, found.edges) == (item, edges)


def test_changes_and_tickets_come_back_without_names() -> None:
    """A name is replaced by its pseudonym, and dropped where there is none."""
    change = told(cloudevents.of_change(Change("c1", "pay", NOW - 1, "deploy", author="Ann")))
    assert isinstance(change, ChangeReported)
    assert change.change == Change("c1", "pay", NOW - 1, "deploy")
    event = cloudevents.of_ticket(Ticket("t1", NOW - 1, Prose("broken"), requester="Ann"))
    answer = decode(encode(event), Receipt(NOW, pseudonym=lambda name: f"#{len(name)}"))
    assert isinstance(answer, tuple)
    assert isinstance(answer[0], TicketReceived)
    assert answer[0].ticket.requester == "#3"


def test_a_change_may_say_its_time_as_text_or_leave_it_to_the_envelope() -> None:
    """Both ways of giving the time of a change mean the same."""
    event = cloudevents.of_change(Change("c1", "pay", 1_700_000_000_500_000_000, "deploy"))
    event["data"]["at"] = "2023-11-14T23:13:20.5+01:00"
    assert told(event).change.at == 1_700_000_000_500_000_000
    del event["data"]["at"]
    assert told(event).change.at == 1_700_000_000_500_000_000


def test_a_repeat_has_the_same_id() -> None:
    """The same message read twice gives the same event id."""
    event = cloudevents.of_ticket(Ticket("t1", NOW - 1, Prose("broken")))
    assert told(event).id == told(json.loads(json.dumps(event))).id


def alert(**changed: Any) -> dict[str, Any]:
    """Alertmanager's body with one alert."""
    inner = {
        "status": "firing",
        "labels": {"alertname": "HighErrors", "service": "pay", "severity": "critical"},
        "annotations": {"summary": "many errors"},
        "startsAt": "2026-01-02T03:04:05.123Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "abc",
    } | changed
    return {"version": "4", "status": "firing", "receiver": "x", "groupKey": "{}", "alerts": [inner]}


def test_an_alert_is_an_episode_and_its_resolution_ends_it() -> None:
    """Firing opens, resolved ends with a higher revision and the same identity; a later firing is higher still."""
    opened = told(alert()).episode
    ended = told(alert(status="resolved", endsAt="2026-01-02T03:09:05Z")).episode
    again = told(alert(startsAt="2026-01-02T03:30:00Z")).episode
    assert (opened.id, opened.entity, opened.severity, opened.ended_at) == ("abc", "pay", 1.0, None)
    assert opened.source == Source.ALERT
    assert (ended.id, ended.opened_at, ended.ended_at) == ("abc", opened.opened_at, 1_767_323_345_000_000_000)
    assert opened.revision < ended.revision < again.revision


def test_an_enveloped_alert_and_a_watchdog() -> None:
    """The body is taken inside an envelope too, and an alert of severity none says nothing."""
    event = cloudevents.envelope(cloudevents.ALERTS, ("/am", "1"), alert(), at=NOW, domain="eu")
    assert told(event).episode.domain == "eu"
    assert decode(encode(alert(labels={"alertname": "Watchdog", "severity": "none"})), RECEIPT) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type": "io.aiops.change.v9"}, DeadLetterReason.UNSUPPORTED),
        ({"specversion": "0.3"}, DeadLetterReason.SCHEMA_MISMATCH),
        ({"data": {"id": "c"}}, DeadLetterReason.MISSING_FIELD),
        ({"data": {"id": "c", "entity": "e", "kind": "k", "colour": 1}}, DeadLetterReason.SCHEMA_MISMATCH),
        ({"data": {"id": "c", "entity": "e", "kind": "k", "at": "yesterday"}}, DeadLetterReason.BAD_TIME),
        ({"data": {"id": "c", "entity": "e", "kind": "k", "at": 2**62 + 2**61}}, DeadLetterReason.FAR_FUTURE),
        ({"data": {"id": "c", "entity": "e", "kind": "k", "at": 2**70}}, DeadLetterReason.SCHEMA_MISMATCH),
        ({"data": {"id": "c", "entity": "e", "kind": "k", "summary": "a\0b"}}, DeadLetterReason.SCHEMA_MISMATCH),
        ({"data": {"id": "c", "entity": "e" * 40_000, "kind": "k"}}, DeadLetterReason.TOO_LARGE),
        ({"data": {"id": "", "entity": "e", "kind": "k"}}, DeadLetterReason.MISSING_FIELD),
        ({"data": 4}, DeadLetterReason.SCHEMA_MISMATCH),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(changes: dict[str, Any], expected: DeadLetterReason) -> None:
    """Each kind of misfit has its own reason of the closed list."""
    event = cloudevents.of_change(Change("c", "e", NOW, "k"))
    assert expected == reason(event | changes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xff\xfe", DeadLetterReason.UNDECODABLE),
        (b"[" * 100_000, DeadLetterReason.UNDECODABLE),
        (b'{"a": NaN}', DeadLetterReason.UNDECODABLE),
        (b"[]", DeadLetterReason.SCHEMA_MISMATCH),
        (b"{}", DeadLetterReason.MISSING_FIELD),
        (b" " * (MAX_BYTES + 1), DeadLetterReason.TOO_LARGE),
    ],
)
def test_hostile_bytes_are_refused(value: bytes, expected: DeadLetterReason) -> None:
    """Deep nesting, broken text and size are refusals, never errors."""
    answer = decode(value, RECEIPT)
    assert isinstance(answer, UnusableMessage)
    assert answer.reason == expected


def test_a_tombstone_says_nothing() -> None:
    """Compaction's empty value is applied without effect."""
    assert decode(b"", RECEIPT) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TEMPLATES = [
    cloudevents.of_episode(EPISODE),
    cloudevents.of_edges((Edge("a", "b"),), "/m", NOW),
    cloudevents.of_item(Item("a"), (Edge("a", "b"),), NOW),
    cloudevents.of_change(Change("c", "e", NOW, "k")),
    cloudevents.of_ticket(Ticket("t", NOW, Prose("x"))),
    alert(),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TEMPLATES), st.data(), JSON)
def test_no_json_makes_it_raise(template: dict[str, Any], data: st.DataObject, junk: Any) -> None:
    """Any field of any message replaced by anything gives events or a refusal, and what is told can be told again."""
    event = json.loads(encode(template))
    inner = event.get("data") or event["alerts"][0]
    inner[data.draw(st.sampled_from(sorted(inner)))] = junk
    answer = decode(json.dumps(event).encode(), RECEIPT)
    for found in answer if isinstance(answer, tuple) else ():
        if isinstance(found, EpisodeReported):
            assert told(cloudevents.of_episode(found.episode)).episode == found.episode


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(value: bytes) -> None:
    """Random bytes are refused or say nothing."""
    assert isinstance(decode(value, RECEIPT), UnusableMessage | tuple)


@pytest.mark.parametrize("name", ["easing", "recovering"])
def test_a_recovering_episode_is_written_as_easing_and_read_by_both_names(name: str) -> None:
    """Consumers of the topic know the former name."""
    event = cloudevents.of_episode(replace(EPISODE, recovering=True))
    event["data"][name] = event["data"].pop("easing")
    assert told(event).episode.recovering


def test_a_document_holds_a_recovering_episode_as_easing() -> None:
    """Its text is that of earlier versions, and the later name is read too."""
    text = codec.encode(replace(EPISODE, recovering=True))
    assert json.loads(text)["easing"] is True
    assert codec.decode(Episode, text) == codec.decode(Episode, text.replace("easing", "recovering"))
    assert codec.decode(Episode, text).recovering
