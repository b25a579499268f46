"""Each value of version 0.1.0 as the present version reads it; what the present one wrote passes unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.earlier import newest_check, outcome, refusal, saga
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind

ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text()))


# -------------------------------------------------------------------------------------------------------- outcomes


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("healed", OutcomeKind.HEALED, ""),
        ("cleared by itself", OutcomeKind.CLEARED, ""),
        ("cleared while a person had it", OutcomeKind.CLEARED_WITH_PERSON, ""),
        ("handed to a person", OutcomeKind.HANDED_OVER, ""),
        ("left with a person", OutcomeKind.LEFT_WITH_PERSON, ""),
        ("not heard of again", OutcomeKind.NOT_HEARD_AGAIN, ""),
        ("shadow: would restart web, then scale db", OutcomeKind.SHADOW, "restart web, then scale db"),
        ("rejected by healed", OutcomeKind.REJECTED, "healed"),
        ("closed by Ann Lee", OutcomeKind.CLOSED_BY_PERSON, "Ann Lee"),
        ("closed by ", OutcomeKind.CLOSED_BY_PERSON, ""),
        ("part of INC-7", OutcomeKind.MERGED, "INC-7"),
    ],
)
def test_a_sentence_of_0_1_0_is_a_kind(text: str, kind: OutcomeKind, detail: str) -> None:
    """With whatever followed it; written again it is the same text."""
    read = outcome(text)
    assert read == IncidentOutcome(kind, Prose(detail))
    assert str(read) == text


@pytest.mark.parametrize("text", ["Healed", "healed ", "healed by ann", "closed", "rejected", "something else"])
def test_a_text_that_0_1_0_did_not_write_is_kept_and_states_nothing(text: str) -> None:
    """It decides nothing, and people can still read it."""
    assert outcome(text) == IncidentOutcome(OutcomeKind.UNSTATED, Prose(text))


def test_no_text_is_no_outcome() -> None:
    """The incident had not ended."""
    assert outcome("") is None


@given(st.text())
def test_no_text_of_an_outcome_is_lost(text: str) -> None:
    """Whatever it was, it is shown as it was."""
    read = outcome(text)
    assert (str(read) if read else "") == text


@pytest.mark.parametrize("value", [None, {"kind": "healed", "detail": ""}, IncidentOutcome(OutcomeKind.HEALED), 7])
def test_an_outcome_of_the_present_version_passes(value: Any) -> None:
    """The field's own type decides about it."""
    assert outcome(value) is value


# ----------------------------------------------------------------------------------------------- sagas and checks


def test_harm_was_only_in_the_reason() -> None:
    """Now it is a verdict; everything else stays."""
    stored = {"why": "harmed: pay is unwell", "state": "running"}
    assert saga(stored) == stored | {"verdict": "harmed"}


@pytest.mark.parametrize(
    "stored",
    [
        {"why": "harmed nothing"},
        {"why": "it was harmed: badly"},
        {"why": "harmed: pay", "verdict": None},
        {"why": "harmed: pay", "verdict": "unhealthy"},
        {"why": None},
        {},
        {"why": ["harmed: "]},
    ],
)
def test_any_other_saga_passes(stored: dict[str, Any]) -> None:
    """A verdict that is stated is believed, also that there is none."""
    assert saga(stored) is stored


@given(ANYTHING)
def test_what_is_no_saga_is_left_to_the_saga_s_own_type(value: Any) -> None:
    """It says what is wrong with it."""
    assert saga(value) is value


@given(ANYTHING)
def test_a_check_that_was_a_sentence_is_forgotten(value: Any) -> None:
    """The next check is logged again; any other value passes."""
    assert newest_check(value) is (None if isinstance(value, str) else value)


# -------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"refused": "revision 2 is not newer than 3", "old": True}, RefusalKind.OLD),
        ({"refused": "fault: KeyError: 'x'"}, RefusalKind.FAULT),
        ({"refused": "fault: old news", "old": True}, RefusalKind.OLD),
        ({"refused": "no fault: of ours", "old": False}, RefusalKind.UNSTATED),
        ({"refused": None}, RefusalKind.UNSTATED),
        ({}, RefusalKind.UNSTATED),
    ],
)
def test_a_refusal_of_0_1_0_has_a_kind(said: dict[str, Any], kind: RefusalKind) -> None:
    """The mark of a duplicate counts before the text."""
    assert refusal(said) is kind
