"""Journals that version 0.1.0 wrote go on under this one: every kind of document, timer and pending effect."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.metrics import RuntimeMetrics
from aiops.console.stories import as_json, incident_as_json, listed, story
from aiops.control.state.views import open_breakers
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.codec import EFFECT
from aiops.model.journal import TimerRow
from aiops.model.outcomes import OutcomeKind
from aiops.model.pages import EscalationCause
from aiops.model.plans import Verdict
from remediations.breakers import Result
from tests.unit.console.estate import LoopClock
from tests.unit.control.fakes import Loop, settings

WRITTEN: dict[str, Any] = json.loads((Path(__file__).parent / "documents_0_1_0.json").read_text(encoding="utf-8"))
"""What that version's journal held of one incident, by where it stood."""


def journal_of(name: str) -> MemoryJournal:
    """A journal as it was left."""
    written, journal = deepcopy(WRITTEN[name]), MemoryJournal()
    held = journal._of("main")
    held.documents, held.archive = written["documents"], written["archive"]
    held.timers = {row["id"]: TimerRow(**row) for row in written["timers"]}
    held.effects = {effect["key"]: EFFECT.validate_json(json.dumps(effect)) for effect in written["effects"]}
    held.epochs, held.read = dict(written["epochs"]), written["read"]
    return journal


def resumed(name: str, **control: bool) -> Loop:
    """The present runtime on that journal; all is well outside."""
    return Loop(settings(**control), journal=journal_of(name), at=WRITTEN[name]["at"])


@pytest.mark.parametrize("name", WRITTEN)
def test_it_goes_on_without_a_fault(name: str) -> None:
    """No event of the next ten minutes fails, and every invariant holds after each of them."""
    loop = resumed(name)
    loop.wait(600)
    assert loop.runtime.orchestrator.validate() == []


def test_a_healed_incident_is_still_healed() -> None:
    """It is archived when the settle time has passed; its plan was a success."""
    loop = resumed("healed")
    assert loop.runtime.orchestrator.state.incidents["INC-1"].ended_as is OutcomeKind.HEALED


def test_a_relapse_of_what_was_healed_reopens_it() -> None:
    """Its member is still abnormal after the settle time: the breaker learns that it recurred."""
    loop = resumed("healed")
    loop.wait(300)
    assert "reopened" in loop.story()
    record = loop.runtime.orchestrator.state.breakers["target:web"]
    assert [result for _, result in record.breaker.endings][:2] == [Result.HEALED, Result.RECURRED]


def test_a_plan_that_waits_is_approved() -> None:
    """Its page, paged under the old key, is not sent a second time."""
    loop = resumed("approval")
    work = loop.runtime.orchestrator.state.work["INC-1"]
    assert [reason.cause for reason in work.paged] == [EscalationCause.APPROVAL]
    loop.wait(5)
    assert loop.target.pages == []
    loop.runtime.command("approve", "INC-1", "ann")
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}


def test_harm_that_was_being_taken_back_counts_as_harm() -> None:
    """That version kept the verdict in the saga's reason alone."""
    loop = resumed("undoing after harm")
    loop.wait(60)
    state = loop.runtime.orchestrator.state
    assert state.work["INC-1"].attempts[0].verdict is Verdict.HARMED
    assert "target:web" in open_breakers(state, loop.at)


def test_a_shadow_incident_says_what_would_have_been_done() -> None:
    """And is no person's affair when it ends."""
    loop = resumed("shadow", shadow=True)
    incident = loop.runtime.orchestrator.state.incidents["INC-1"]
    assert (incident.ended_as, str(incident.outcome)) == (OutcomeKind.SHADOW, "shadow: would restart web")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("healed", "healed", "healed"),
        ("rejected", "rejected", "rejected by ann"),
        ("oversight down", "handed-over", "handed to a person"),
        ("verifying", "", ""),
    ],
)
def test_programs_outside_get_words_and_kind(name: str, kind: str, words: str) -> None:
    """Of an incident and of its story, by the same names."""
    journal = journal_of(name)
    incident = next(one for one in listed(journal, closed=10) if one.id == "INC-1")
    told = story(journal, "INC-1")
    assert told is not None
    for plain in (incident_as_json(incident), as_json(told)["incident"]):
        assert (plain["outcome"], plain["outcome_kind"]) == (words, kind)


def test_outcomes_are_counted_under_their_labels() -> None:
    """The metric's labels are those of that version."""
    clock = LoopClock(Loop(settings()))
    metrics = RuntimeMetrics(lambda: None, journal_of("healed"), clock, difference=lambda: None)
    family = next(f for f in metrics.collect() if f.name == "aiops_incidents_ended")
    assert {s.labels["outcome"]: s.value for s in family.samples}["healed"] == 1
