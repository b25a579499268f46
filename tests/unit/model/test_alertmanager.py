from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aiops.model.alertmanager import Alert, Webhook, episodes
from aiops.model.episodes import Episode, SignalDirection, Source

SECOND = 1_000_000_000
START = 1_767_225_600 * SECOND
"""2026-01-01T00:00:00Z."""
AT = START + 90 * SECOND


def alert(**fields: Any) -> dict[str, Any]:
    """An alert as Alertmanager sends it; ``fields`` in its own spelling."""
    return {
        "status": "firing",
        "labels": {"alertname": "HighErrorRate", "service": "cart", "severity": "critical", "route": "/pay"},
        "annotations": {"summary": "5 % of requests fail"},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "c0ffee",
        "generatorURL": "http://prometheus/graph",
    } | fields


def read(*alerts: dict[str, Any], at: int = AT) -> tuple[Episode, ...]:
    """Episodes of a notification with these alerts, through JSON as they come."""
    body = {"version": "4", "groupKey": "{}", "alerts": list(alerts)}
    return episodes(Webhook.model_validate_json(json.dumps(body)), at, "shop")


def test_a_firing_alert_is_an_open_episode() -> None:
    """Entity, times, severity and the signal's name come from the alert; the watermark is the time of receipt."""
    (episode,) = read(alert())
    assert (episode.id, episode.entity, episode.domain, episode.source) == ("c0ffee", "cart", "shop", Source.ALERT)
    assert (episode.opened_at, episode.ended_at, episode.watermark) == (START, None, AT)
    assert (episode.severity, episode.signals_total, episode.breaches_objective) == (1.0, 1, False)
    (signal,) = episode.signals
    assert signal.series == "HighErrorRate{route=/pay,service=cart}"
    assert (signal.metric, signal.direction, signal.since) == ("HighErrorRate", SignalDirection.NEW, START)
    assert signal.detector == "alertmanager: 5 % of requests fail"


def test_a_resolved_alert_ends_its_episode() -> None:
    """The same fingerprint with a higher revision ends at the alert's own end."""
    (opened,) = read(alert())
    (ended,) = read(alert(status="resolved", endsAt="2026-01-01T00:01:00Z"))
    assert (ended.id, ended.ended_at, ended.signals[0].ended_at) == (
        opened.id,
        START + 60 * SECOND,
        START + 60 * SECOND,
    )
    assert ended.revision == opened.revision + 1


def test_a_repeated_notification_changes_nothing() -> None:
    """Alertmanager repeats a firing alert every few hours: id and revision stay as they were."""
    (first,), (later,) = read(alert()), read(alert(), at=AT + 3600 * SECOND)
    assert (first.id, first.revision) == (later.id, later.revision)


def test_an_alert_that_fires_again_overtakes_its_own_end() -> None:
    """A later start gives a higher revision than the end of the episode before."""
    (ended,) = read(alert(status="resolved", endsAt="2026-01-01T00:01:00Z"))
    (again,) = read(alert(startsAt="2026-01-01T00:02:00Z"), at=AT + 60 * SECOND)
    assert again.revision > ended.revision


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("2026-01-01T00:01:00Z", START + 60 * SECOND),
        ("2026-01-01T01:00:00Z", AT),
        ("2025-12-31T23:59:00Z", START),
        ("0001-01-01T00:00:00Z", AT),
        (None, AT),
        ("", AT),
    ],
)
def test_an_end_lies_between_the_start_and_now(ends: str | None, expected: int) -> None:
    """An end before the start, after the receipt or missing is moved to the nearest sensible time."""
    (episode,) = read(alert(status="resolved", endsAt=ends))
    assert episode.ended_at == expected


def test_the_end_of_a_firing_alert_is_a_forecast() -> None:
    """Prometheus sends the time at which a firing alert would time out: the episode stays open."""
    (episode,) = read(alert(endsAt="2026-01-01T00:04:00Z"))
    assert episode.ended_at is None


@pytest.mark.parametrize(
    ("word", "severity"),
    [("critical", 1.0), ("PAGE", 1.0), ("error", 0.85), ("Warning", 0.7), ("minor", 0.6), ("info", 0.4), ("sev2", 0.7)],
)
def test_severity_words(word: str, severity: float) -> None:
    """Known words in any case; an unknown one counts as a warning."""
    (episode,) = read(alert(labels={"service": "cart", "severity": word}))
    assert (episode.severity, episode.signals[0].score) == (severity, severity)


def test_without_a_severity_it_is_a_warning() -> None:
    """An alert that states none is not left out."""
    assert read(alert(labels={"service": "cart"}))[0].severity == 0.7


def test_watchdogs_say_nothing() -> None:
    """An alert of severity ``none`` always fires and is left out; the others of the group stay."""
    found = read(alert(labels={"alertname": "Watchdog", "severity": "None"}), alert())
    assert [episode.entity for episode in found] == ["cart"]


@pytest.mark.parametrize(
    ("labels", "entity"),
    [
        ({"aiops_entity": "x", "service_name": "y", "service": "z"}, "x"),
        ({"service": "z", "pod": "z-1", "instance": "10.0.0.1:9090"}, "z"),
        ({"pod": "", "node": "n1"}, "n1"),
        ({"namespace": "shop", "cluster": "eu"}, "shop"),
        ({"alertname": "Deadman", "team": "a"}, "Deadman"),
        ({}, "alert"),
    ],
)
def test_the_entity_is_the_first_label_that_names_one(labels: dict[str, str], entity: str) -> None:
    """From the closest label to the widest; empty labels do not count, and without any it is the alert's name."""
    assert read(alert(labels=labels))[0].entity == entity


@pytest.mark.parametrize("label", ["slo", "sloth_slo", "SLO_NAME"])
def test_a_label_of_an_objective_marks_the_breach(label: str) -> None:
    """Burn-rate alerts carry the objective in a label."""
    assert read(alert(labels={"service": "cart", label: "availability"}))[0].breaches_objective


def test_without_a_fingerprint_the_labels_are_the_identity() -> None:
    """Label order does not matter, one other value does, and moving text between name and value does."""
    one = Alert.model_validate(alert(fingerprint="", labels={"a": "1", "b": "2"}))
    same = Alert.model_validate(alert(fingerprint="", labels={"b": "2", "a": "1"}))
    other = Alert.model_validate(alert(fingerprint="", labels={"a": "1", "b": "3"}))
    moved = Alert.model_validate(alert(fingerprint="", labels={"a1": "", "b": "2"}))
    assert one.identity == same.identity
    assert len({one.identity, other.identity, moved.identity}) == 3
    assert len(one.identity) == 16


@pytest.mark.parametrize(
    ("annotations", "told"),
    [
        ({"description": "long text"}, "alertmanager: long text"),
        ({"summary": "", "description": "d"}, "alertmanager: d"),
        ({}, "alertmanager"),
        ({"summary": "x" * 500}, "alertmanager: " + "x" * 186),
    ],
)
def test_the_summary_is_shown_with_the_signal(annotations: dict[str, str], told: str) -> None:
    """The summary, else the description, cut to 200 characters in all."""
    assert read(alert(annotations=annotations))[0].signals[0].detector == told


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "pending"},
        {"startsAt": "yesterday"},
        {"startsAt": "0001-01-01T00:00:00Z"},
        {"startsAt": None},
        {"startsAt": -1},
        {"startsAt": 2**63},
        {"startsAt": True},
        {"startsAt": 1.5},
        {"endsAt": "never"},
        {"labels": None},
        {"labels": ["service"]},
        {"labels": {"service": 5}},
        {"labels": {str(n): "x" for n in range(257)}},
        {"labels": {"service": "x" * (32 * 1024 + 1)}},
        {"annotations": {"summary": {"text": "x"}}},
        {"fingerprint": "f" * 257},
    ],
)
def test_a_broken_alert_is_refused(fields: dict[str, Any]) -> None:
    """A wrong type, an impossible time or a huge value is a validation error, and never another exception."""
    with pytest.raises(ValidationError):
        read(alert(**fields))


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"alerts": {}}', b'{"alerts": [1]}', b"\xff\xfe", b'{"alerts": [', b'{"alerts": null}'],
)
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    """Bytes that hold no list of alerts are a validation error."""
    with pytest.raises(ValidationError):
        Webhook.model_validate_json(body)


def test_lone_surrogates_do_not_get_in() -> None:
    """A label that no UTF-8 can carry is refused at the border: it could be neither hashed nor stored."""
    body = b'{"alerts": [{"status": "firing", "labels": {"service": "\\ud800"}, "startsAt": 0}]}'
    with pytest.raises(ValidationError):
        Webhook.model_validate_json(body)


@settings(max_examples=50)
@given(
    starts=st.integers(0, 2**63 - 1),
    ends=st.none() | st.integers(0, 2**63 - 1),
    at=st.integers(0, 2**63 - 1),
    resolved=st.booleans(),
)
def test_times_of_any_alert_are_in_order(starts: int, ends: int | None, at: int, *, resolved: bool) -> None:
    """An episode never ends before it opened, and is open exactly while its alert fires."""
    (episode,) = read(alert(status="resolved" if resolved else "firing", startsAt=starts, endsAt=ends), at=at)
    assert (episode.ended_at is not None) == resolved
    assert episode.ended_at is None or episode.ended_at >= episode.opened_at == starts
    assert episode.revision // 2 == starts // 1_000_000
