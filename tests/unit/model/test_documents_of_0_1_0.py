"""Documents and entries as version 0.1.0 wrote them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.control.state.documents import SagaRecord
from aiops.control.state.transaction import refusal_in
from aiops.model.codec import decode, encode
from aiops.model.incidents import Incident
from aiops.model.journal import JournalEntry
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.plans import Verdict
from aiops.model.prose import Prose
from aiops.model.refusals import Refusal, RefusalKind
from aiops.model.telemetry import EntityReading, FleetAnswer, SeriesReading

SAGA = {
    "plan": {
        "id": "INC-1-p1",
        "work_item": "INC-1",
        "runbook": "restart-crashed",
        "steps": [
            {
                "id": "restart",
                "action": {"primitive": "restart", "target": "web", "parameters": {}},
                "undo": None,
                "blast": {"shares": {"zone": 0.1}, "entities": ["web"]},
            }
        ],
        "symptom": "web",
        "neighbours": ["pay"],
        "reason": "probably crash of web",
        "expected": "web is well",
    },
    "tracks": [
        {"mark": "undo begun", "reservation": "INC-1-p1/restart/reservation/1", "undo": True, "runs": 1, "done_at": 5}
    ],
    "state": "running",
    "cursor": 0,
    "direction": "undo",
    "halted": False,
    "reversing": False,
    "timer": "INC-1-p1/step/7",
    "moves": 7,
    "deadline": 9,
    "why": "harmed: pay was well and is unwell now",
}


def record(**changes: object) -> str:
    """A record of a saga, as 0.1.0 wrote it."""
    seen = "harmed: pay was well and is unwell now"
    said = {"incident": "INC-1", "approvals": ["kim"], "evidence_at": 1, "looks": 3, "seen": seen, "lag": 0}
    return json.dumps({"saga": SAGA | changes, **said})


def test_a_saga_that_is_taken_back_because_of_harm_still_counts_as_harm() -> None:
    """Its reason was the only place that said so."""
    assert decode(SagaRecord, record()).saga.verdict is Verdict.HARMED


@pytest.mark.parametrize("why", ["unhealthy: web is still unwell", "", "its time is over", "harmedly slow"])
def test_a_saga_of_another_reason_has_no_verdict(why: str) -> None:
    """Nothing is made up."""
    assert decode(SagaRecord, record(why=why)).saga.verdict is None


def test_a_verdict_that_is_stated_is_kept() -> None:
    """A present record's reason is no verdict."""
    held = decode(SagaRecord, record(verdict="unhealthy", ended="undone"))
    assert held.saga.verdict is Verdict.UNHEALTHY
    assert decode(SagaRecord, encode(held)) == held


def test_the_sentence_of_the_newest_look_is_forgotten() -> None:
    """The next look is logged again; the count of looks goes on."""
    held = decode(SagaRecord, record())
    assert (held.seen, held.checks) == (None, 3)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"refused": "revision 3 is not newer than 4", "old": True}, RefusalKind.OLD),
        ({"refused": "fault: KeyError: 'x'", "old": False}, RefusalKind.FAULT),
        ({"refused": "no page 'x' is open", "old": False}, RefusalKind.UNSTATED),
        ({"refused": "fault: says the sender", "kind": "malformed", "old": False}, RefusalKind.MALFORMED),
    ],
)
def test_refused_entries_have_a_kind(said: dict[str, object], kind: RefusalKind) -> None:
    """The last is a present one: its kind is stated, and its reason is not looked at."""
    entry = JournalEntry("e", 1, "refused", "", "", "{}", json.dumps([said]))
    assert refusal_in(entry) == Refusal(kind, said["refused"])  # type: ignore[arg-type]


def test_an_applied_entry_is_no_refusal() -> None:
    """Whatever its consequences are."""
    assert refusal_in(JournalEntry("e", 1, "episode", "", "", "{}", '[{"refused":"fault: no"}]')) is None


INCIDENT = {
    "id": "INC-1", "state": "resolved", "opened_at": 1, "updated_at": 9, "onset": 1, "entities": ["web"],
    "open_entities": [], "episodes": ["web@1"], "context_version": 2, "priority": "P2", "owner": "team",
    "level": "unattended", "diagnosis": None, "plan": "INC-1-p1", "attempts": 1, "tickets": [], "merged_into": None,
    "closed_at": 9, "outcome": "healed", "shadow": False, "story": [], "members_total": 1, "domain": "main",
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "kind", "detail"),
    [
        ("healed", OutcomeKind.HEALED, ""),
        ("cleared by itself", OutcomeKind.CLEARED, ""),
        ("cleared while a person had it", OutcomeKind.CLEARED_WITH_PERSON, ""),
        ("shadow: would restart web, then scale pay", OutcomeKind.SHADOW, "restart web, then scale pay"),
        ("handed to a person", OutcomeKind.HANDED_OVER, ""),
        ("rejected by kim", OutcomeKind.REJECTED, "kim"),
        ("closed by healed", OutcomeKind.CLOSED_BY_PERSON, "healed"),
        ("left with a person", OutcomeKind.LEFT_WITH_PERSON, ""),
        ("not heard of again", OutcomeKind.NOT_HEARD_AGAIN, ""),
        ("part of INC-7", OutcomeKind.MERGED, "INC-7"),
        ("healed, perhaps", OutcomeKind.UNSTATED, "healed, perhaps"),
    ],
)
def test_words_of_an_outcome_become_its_type(words: str, kind: OutcomeKind, detail: str) -> None:
    """And are printed as they were."""
    held = decode(Incident, json.dumps(INCIDENT | {"outcome": words}))
    assert held.outcome == IncidentOutcome(kind, Prose(detail))
    assert held.ended_as is kind
    assert str(held.outcome) == words
    assert decode(Incident, encode(held)) == held


def test_an_incident_without_words_has_not_ended() -> None:
    """Empty words, or none, are no outcome."""
    assert decode(Incident, json.dumps(INCIDENT | {"outcome": ""})).outcome is None
    bare = {key: value for key, value in INCIDENT.items() if key != "outcome"}
    assert decode(Incident, json.dumps(bare)).ended_as is None


@given(st.sampled_from(OutcomeKind), st.text(max_size=20))
def test_a_present_outcome_is_never_read_from_its_words(kind: OutcomeKind, detail: str) -> None:
    """Whatever a person's name is: the kind is stored beside it."""
    held = replace(decode(Incident, json.dumps(INCIDENT)), outcome=IncidentOutcome(kind, Prose(detail)))
    assert decode(Incident, encode(held)).outcome == held.outcome


def test_readings_of_0_1_0_are_read_under_their_present_names() -> None:
    """Journals keep the fleet's answers, whose fields were called ``unwell`` and ``felt``."""
    series = SeriesReading("web", "errors", 1.0, 2.0, 0.5, 0.1, 60, 0.9, noticeable=False)
    answer = FleetAnswer("q", 5, (EntityReading("web", 4, abnormal=True, series=(series,)),))
    old = encode(answer).replace('"abnormal":', '"unwell":').replace('"noticeable":', '"felt":')
    assert old != encode(answer)
    assert decode(FleetAnswer, old) == decode(FleetAnswer, encode(answer)) == answer
