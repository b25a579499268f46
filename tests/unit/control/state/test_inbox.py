"""Rows of the inbox as events: what the row says of itself counts more than what its body says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.control.state.inbox import UnreadableRowError, event_of
from aiops.model.codec import EVENT, encode
from aiops.model.events import CommandGiven, HaltChanged, StepReported, Tick
from aiops.model.journal import InboxRow
from aiops.model.plans import StepOutcome, StepStatus
from aiops.model.prose import Prose

NOW = 1_800_000_000_000_000_000
OUTCOME = StepOutcome("plan/1/do", StepStatus.DONE, NOW - 5, Prose("restarted"))
COMMAND = CommandGiven(id="forged", at=1, command="approve", subject="INC-1", who="mallory", domain="elsewhere")


def row(kind: str, body: str, **fields: str) -> InboxRow:
    """A row that ann wrote into the domain ``main``."""
    return replace(InboxRow(key="row-1", kind=kind, body=body, at=5, who="ann"), **fields)  # type: ignore[arg-type]


def test_an_outcome_is_a_report_on_its_step() -> None:
    """Its id is the row's key, so the same row read twice is the same event."""
    event = event_of(row("outcome", encode(OUTCOME)), NOW)
    assert event == StepReported(id="row-1", at=NOW, outcome=OUTCOME)


def test_a_command_is_of_whoever_wrote_the_row() -> None:
    """Name, time, id and domain in the body are not believed."""
    event = event_of(row("command", encode(COMMAND)), NOW)
    assert event == replace(COMMAND, id="row-1", at=NOW, who="ann", domain="main")


def test_an_event_of_another_process_gets_the_row_s_key_and_time() -> None:
    """Two processes may number their events alike."""
    sent = HaltChanged(id="1", at=1, generation=3, halted=True, who="ann")
    event = event_of(row("event", EVENT.dump_json(sent).decode()), NOW)
    assert event == replace(sent, id="row-1", at=NOW)


def test_the_row_s_domain_counts() -> None:
    """Of all kinds."""
    tick = EVENT.dump_json(Tick(id="1", at=1)).decode()
    for kind, body in (("outcome", encode(OUTCOME)), ("command", encode(COMMAND)), ("event", tick)):
        event = event_of(row(kind, body, domain="payments"), NOW)
        assert event is not None
        assert event.domain == "payments"


@pytest.mark.parametrize("kind", ["attempt", "scale", "", "OUTCOME", "something-new"])
def test_other_kinds_are_for_others(kind: str) -> None:
    """Not even their body is read."""
    assert event_of(row(kind, "not json"), NOW) is None


@pytest.mark.parametrize("kind", ["outcome", "command", "event"])
@pytest.mark.parametrize("body", ["", "null", "{", "[]", "{}", '{"type": "unknown"}', '{"id": 1e999}', "\x00"])
def test_a_body_that_cannot_be_read_names_its_row(kind: str, body: str) -> None:
    """Its reader skips it and says which it was."""
    with pytest.raises(UnreadableRowError, match="inbox row 'row-1'"):
        event_of(row(kind, body), NOW)


@given(st.text(max_size=60), st.sampled_from(["outcome", "command", "event"]))
def test_no_text_breaks_the_reader(body: str, kind: str) -> None:
    """Every body becomes an event or is unreadable."""
    with suppress(UnreadableRowError):
        assert event_of(row(kind, body), NOW) is not None


@given(st.builds(StepOutcome, key=st.text(), status=st.sampled_from(StepStatus), at=st.integers(0, 2**62)))
def test_every_outcome_survives_the_inbox(outcome: StepOutcome) -> None:
    """Whatever characters its key has, if they can be written at all."""
    event = event_of(row("outcome", encode(outcome)), NOW)
    assert isinstance(event, StepReported)
    assert event.outcome == outcome
