"""The lifecycle table and the channels."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.control.handoff.channels import ANSWERS, CHANNELS, PAYLOADS, objection
from aiops.control.state.lifecycle import LAST, TABLE, Trigger, picture, step
from aiops.model.errors import NoTransitionError
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, MergeProposed, Role
from aiops.model.incidents import IncidentState
from aiops.model.prose import Prose

REQUEST = Handoff(
    "d1",
    "INC-1",
    Role.ORCHESTRATOR,
    Role.ANALYSIS,
    Intent.DIAGNOSE,
    1.0,
    (Prose("r"),),
    ("e",),
    1,
    1,
    9,
    DiagnoseRequest(),
    "c",
)
ANSWER = replace(
    REQUEST, id="a1", sender=Role.ANALYSIS, to=Role.ORCHESTRATOR, intent=Intent.MERGE, payload=MergeProposed("INC-2")
)


@given(st.sampled_from(IncidentState), st.sampled_from(Trigger))
def test_a_pair_outside_the_table_raises(state: IncidentState, trigger: Trigger) -> None:
    """The table is the whole machine; the error names state and trigger."""
    if (state, trigger) in TABLE:
        assert step(state, trigger) is TABLE[state, trigger]
    else:
        with pytest.raises(NoTransitionError, match=f"{state.value}.*{trigger.value}"):
            step(state, trigger)


@pytest.mark.parametrize("state", sorted(set(IncidentState) - LAST))
def test_every_state_but_the_last_has_a_timed_way_out(state: IncidentState) -> None:
    """A deadline leads somewhere from everywhere."""
    assert (state, Trigger.DEADLINE) in TABLE


@pytest.mark.parametrize("state", sorted(IncidentState))
def test_every_state_leads_to_an_end(state: IncidentState) -> None:
    """From each state one of the last ones can be reached, and each is reached from open."""
    assert _reach(state) & LAST
    assert state in _reach(IncidentState.OPEN)


def _reach(state: IncidentState) -> set[IncidentState]:
    seen, todo = {state}, [state]
    while todo:
        now = todo.pop()
        for (before, _), after in TABLE.items():
            if before is now and after not in seen:
                seen.add(after)
                todo.append(after)
    return seen


def test_the_picture_shows_every_row() -> None:
    """It is printed from the table."""
    assert picture().count("-->") == len(TABLE) + 1 + len(LAST)


def test_every_intent_has_a_payload_and_a_channel() -> None:
    """Nothing was forgotten when an intent was added."""
    assert set(PAYLOADS) == set(Intent)
    assert {intent for _, _, intent in CHANNELS} == set(Intent)
    assert set(ANSWERS) | set().union(*ANSWERS.values()) == set(Intent)


def test_a_sound_answer_meets_no_objection() -> None:
    """The sound one passes."""
    assert objection(ANSWER, REQUEST) is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"to": Role.RESOLUTION}, "not permitted"),
        ({"sender": Role.TRIAGE}, "not permitted"),
        ({"intent": Intent.ROUTE, "to": Role.ROUTING}, "payload"),
        ({"work_item": "INC-9"}, "INC-9"),
        ({"domain": "other"}, "domain"),
        ({"id": "d1"}, "id"),
        ({"id": ""}, "id"),
        ({"confidence": float("nan")}, "confidence"),
        ({"confidence": 1.5}, "confidence"),
        ({"reasoning": ()}, "reasoning"),
        ({"reasoning": ("",)}, "reasoning"),
        ({"cause": ""}, "cause"),
        ({"context_version": 0}, "context"),
        ({"deadline_at": 0}, "deadline"),
    ],
)
def test_an_answer_that_is_not_whole_is_stopped(changes: dict[str, object], word: str) -> None:
    """Each missing or false field has its reason."""
    why = objection(replace(ANSWER, **changes), REQUEST)  # type: ignore[arg-type]
    assert why is not None
    assert word in why


def test_analysis_may_not_act() -> None:
    """No channel leads from analysis, triage or oversight to execution."""
    executing = {(sender, to) for sender, to, intent in CHANNELS if intent is Intent.EXECUTE}
    assert executing == {(Role.RESOLUTION, Role.ORCHESTRATOR)}
