"""Pages: one for each reason, the next level after silence, slower repeats when none is delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.agents.paging import Ask
from aiops.control.incident.escalation import (
    AGAIN,
    SLOWEST_RETRY_SECONDS,
    acknowledge,
    escalate,
    not_acknowledged,
    overdue,
    page_people,
    reported,
    resend,
    update_pages,
    withdraw,
)
from aiops.control.incident.membership import close, reopen
from aiops.control.state.lifecycle import Trigger
from aiops.model.effects import SendPage
from aiops.model.events import PageReported
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import Delivery, EscalationCause, PageReason
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from remediations.saga_state import SagaState
from tests.unit.control.drafts import Desk, diagnosis, effects
from tests.unit.control.fakes import settings

ASK = Ask(PageReason(EscalationCause.ATTEMPTS), Prose("Nothing helped."), Prose("Repair it."))
OVER = IncidentOutcome(OutcomeKind.CLEARED)
FIRST, SECOND_LEVEL = "INC-1/attempts/0", "INC-1/attempts/1"


def paged(**control: Any) -> Desk:
    """An incident that was handed to a person."""
    desk = Desk(settings(**control))
    desk.incident("web")
    desk.do(escalate, "INC-1", ASK)
    return desk


def report(desk: Desk, key: str = FIRST, *, delivered: bool) -> PageReported:
    """A notifier's report on a page."""
    delivery = Delivery(key, "mail", delivered=delivered, at=desk.at, error=Prose("" if delivered else "refused"))
    return PageReported(id=f"r{desk.number}", at=desk.at, delivery=delivery)


def told(desk: Desk, key: str = FIRST, *, delivered: bool) -> list[str]:
    """Keys of the pages that are sent on a report."""
    return [one.key for one in effects(desk.do(reported, report(desk, key, delivered=delivered)), SendPage)]


def test_an_escalation_moves_the_incident_and_pages_the_first_level() -> None:
    """The next level is due after the settings' time."""
    desk = paged(acknowledge_seconds=300.0)
    assert desk.stated("INC-1") == "escalated"
    assert desk.state.incidents["INC-1"].outcome == IncidentOutcome(OutcomeKind.HANDED_OVER)
    assert list(desk.state.pages) == [FIRST]
    assert desk.due_in(f"ack/{FIRST}") == 300.0


def test_one_reason_pages_once() -> None:
    """However often it is given."""
    desk = paged()
    assert effects(desk.do(escalate, "INC-1", ASK), SendPage) == []
    other = replace(ASK, reason=PageReason(EscalationCause.HALTED))
    assert [one.key for one in effects(desk.do(escalate, "INC-1", other), SendPage)] == ["INC-1/halted/0"]


def test_a_reopened_incident_pages_again_and_at_some_point_no_more() -> None:
    """An incident that flaps does not wake people all night."""
    desk = paged()
    keys = []
    for _ in range(AGAIN + 2):
        desk.do(close, "INC-1", Trigger.CLEARED, outcome=OVER)
        desk.do(reopen, "INC-1", Prose("again"))
        keys += [one.key for one in effects(desk.do(escalate, "INC-1", ASK), SendPage)]
    assert keys == [f"INC-1/attempts-again-{number}/0" for number in range(1, AGAIN + 1)]


def test_the_shorter_time_to_answer_counts() -> None:
    """What was agreed with the users, or what the settings say."""
    for agreed, due in ((30.0, 30.0), (1000.0, 300.0)):
        desk = Desk()
        desk.incident("web")
        desk.change("INC-1", answer_seconds=agreed)
        desk.do(page_people, "INC-1", ASK)
        assert desk.due_in(f"ack/{FIRST}") == due


def test_a_page_belongs_to_its_incident_whatever_an_agent_wrote() -> None:
    """An agent's page with another work item is not filed there."""
    desk = paged()
    page = replace(desk.state.pages[FIRST].page, work_item="INC-9", domain="other")
    desk.do(page_people, "INC-1", replace(ASK, reason=PageReason(EscalationCause.NO_PLAN)), page=page)
    kept = desk.state.pages["INC-1/no-plan/0"].page
    assert (kept.work_item, kept.domain) == ("INC-1", desk.settings.domain)


def test_silence_pages_the_next_level() -> None:
    """The last level has nobody above it, which the story says."""
    desk = paged()
    decision = desk.do(not_acknowledged, FIRST)
    assert [one.key for one in effects(decision, SendPage)] == [SECOND_LEVEL]
    assert desk.story("INC-1")[-1] == "orchestrator: level 1 did not acknowledge"
    assert effects(desk.do(not_acknowledged, SECOND_LEVEL), SendPage) == []
    assert desk.story("INC-1")[-1] == "orchestrator: level 2 did not acknowledge; there is no higher one"


@pytest.mark.parametrize("key", [FIRST, "INC-1/unknown/0"])
def test_nobody_is_paged_after_an_acknowledgement(key: str) -> None:
    """Also a page that does not exist pages nobody."""
    desk = paged()
    desk.do(acknowledge, "INC-1", "ann")
    assert desk.do(not_acknowledged, key).effects == ()


def test_nobody_is_paged_for_a_closed_incident() -> None:
    """Unless its plan stopped half-way: then somebody must look at the targets."""
    desk = Desk()
    name, _ = desk.begun()
    desk.do(page_people, name, ASK)
    desk.at_rest(name, IncidentState.ESCALATED)
    desk.do(close, name, Trigger.CLOSED_BY_PERSON, outcome=OVER)
    assert desk.do(not_acknowledged, FIRST).effects == ()
    desk.at_rest(name, IncidentState.RESOLVED, SagaState.STUCK)
    assert [one.key for one in effects(desk.do(not_acknowledged, FIRST), SendPage)] == [SECOND_LEVEL]


def test_an_acknowledgement_stops_the_clock_of_all_pages() -> None:
    """It is of the incident; a second one has nothing left to acknowledge."""
    desk = paged()
    desk.do(escalate, "INC-1", replace(ASK, reason=PageReason(EscalationCause.HALTED)))
    desk.do(acknowledge, "INC-1", "ann")
    assert {record.acknowledged_by for record in desk.state.pages.values()} == {"ann"}
    assert not [name for name in desk.state.timers if name.startswith("ack/")]
    assert desk.refused(acknowledge, "INC-1", "bob").kind is RefusalKind.LATE


def test_a_delivered_page_is_not_sent_again() -> None:
    """A second report on it is late, and a repeat does nothing."""
    desk = paged()
    assert told(desk, delivered=True) == []
    assert desk.state.pages[FIRST].delivered
    assert desk.refused(reported, report(desk, delivered=True)).kind is RefusalKind.LATE
    assert desk.do(resend, FIRST).effects == ()


def test_a_report_on_an_unknown_page_is_refused() -> None:
    """It may be of another domain, or forged."""
    desk = paged()
    assert desk.refused(reported, report(desk, "INC-7/halted/0", delivered=True)).kind is RefusalKind.UNKNOWN


def test_a_page_that_is_not_delivered_goes_to_the_next_level_at_once() -> None:
    """And no repeat is set: the next level has it."""
    desk = paged()
    assert told(desk, delivered=False) == [SECOND_LEVEL]
    assert f"resend/{FIRST}" not in desk.state.timers


def test_the_last_level_is_tried_again_ever_more_slowly() -> None:
    """Up to a longest pause, and under the same key."""
    desk = paged()
    told(desk, delivered=False)
    pauses = []
    for _ in range(9):
        told(desk, SECOND_LEVEL, delivered=False)
        pauses.append(desk.due_in(f"resend/{SECOND_LEVEL}"))
    assert pauses[:3] == [20.0, 40.0, 80.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == SLOWEST_RETRY_SECONDS
    (again,) = effects(desk.do(resend, SECOND_LEVEL), SendPage)
    assert again.page.key == SECOND_LEVEL


def test_both_levels_that_fail_page_each_level_once() -> None:
    """The first level's second failure does not page the second level again."""
    desk = paged()
    told(desk, delivered=False)
    assert told(desk, delivered=False) == []


def test_new_text_keeps_key_time_and_request() -> None:
    """Only what is known about the incident changes."""
    desk = paged()
    before = desk.state.pages[FIRST].page
    desk.change("INC-1", diagnosis=diagnosis(entity="db"))
    desk.wait(30)
    desk.do(update_pages, "INC-1")
    after = desk.state.pages[FIRST].page
    assert "crash of db" in after.title
    assert (after.key, after.at, after.answer_by, after.asks) == (
        before.key,
        before.at,
        before.answer_by,
        before.asks,
    )


def test_an_acknowledged_page_keeps_its_text() -> None:
    """Somebody has read it."""
    desk = paged()
    desk.do(acknowledge, "INC-1", "ann")
    desk.change("INC-1", diagnosis=diagnosis(entity="db"))
    before = desk.state.pages[FIRST]
    desk.do(update_pages, "INC-1")
    assert desk.state.pages[FIRST] == before


def test_only_the_pages_of_one_cause_are_withdrawn() -> None:
    """The others go on to the next level."""
    desk = paged()
    asks = replace(ASK, reason=PageReason(EscalationCause.APPROVAL, "1"))
    desk.do(page_people, "INC-1", asks)
    desk.do(withdraw, "INC-1", EscalationCause.APPROVAL)
    assert [name for name in desk.state.timers if name.startswith("ack/")] == [f"ack/{FIRST}"]


def test_a_missed_time_to_repair_pages_with_the_agreement() -> None:
    """Once."""
    desk = Desk()
    desk.incident("web")
    desk.change("INC-1", agreement="99.9% of web")
    (sent,) = effects(desk.do(overdue, "INC-1"), SendPage)
    assert "not repaired in the agreed time (99.9% of web)" in sent.page.asks
    assert effects(desk.do(overdue, "INC-1"), SendPage) == []


@pytest.mark.parametrize("over", ["closed", "shadow", "unknown"])
def test_what_is_over_is_not_overdue(over: str) -> None:
    """Nor is an incident in shadow mode, or one that was archived."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.RESOLVED if over == "closed" else IncidentState.OPEN)
    desk.change(name, shadow=over == "shadow")
    assert desk.refused(overdue, "INC-9" if over == "unknown" else name).kind is RefusalKind.LATE
