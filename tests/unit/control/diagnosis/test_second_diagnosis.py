"""A second diagnosis while a person has the incident: what it changes, and what it makes void."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.agents.paging import Ask
from aiops.control.diagnosis.second_diagnosis import approval_reason, cause, finding, thought_again
from aiops.control.incident.escalation import AGAIN, escalate
from aiops.control.plan.proposals import consider
from aiops.control.state.transaction import Decision, Draft
from aiops.model.diagnoses import Diagnosis, Hypothesis
from aiops.model.effects import SendPage
from aiops.model.incidents import IncidentState
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from tests.unit.control.drafts import Desk, diagnosis, effects, ruling

ASK = Ask(PageReason(EscalationCause.NO_PLAN), Prose("No runbook fits."), Prose("Repair it."))


def waiting() -> Desk:
    """A plan against a crash of web waits for approval; ann has approved."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.DECIDING)
    desk.change(name, diagnosis=diagnosis())
    plan = desk.plan(name)
    desk.do(consider, name, plan, ruling=ruling(plan.id, Oversight.TWO_APPROVERS))
    desk.work(name, approvals=("ann",))
    return desk


def think(desk: Desk, found: Diagnosis) -> tuple[bool, Decision]:
    """The new diagnosis was permitted."""
    seen: list[bool] = []
    request = desk.handoff("INC-1", "INC-1/diagnose/2")

    def thought(draft: Draft) -> None:
        draft.subject = "INC-1"
        seen.append(thought_again(draft, request, found))

    decision = desk.do(thought)
    return seen[0], decision


def test_the_same_cause_voids_nothing() -> None:
    """Surer or less sure: the plan, its approval and its page stay."""
    desk = waiting()
    best = diagnosis().hypotheses[0]
    again, _ = think(desk, diagnosis(hypotheses=(replace(best, probability=0.7),)))
    work = desk.state.work["INC-1"]
    assert not again
    assert (work.approvals, work.voided, desk.stated("INC-1")) == (("ann",), 0, "awaiting-approval")


@pytest.mark.parametrize("other", [diagnosis(entity="db"), diagnosis(kind="saturation"), diagnosis(unknown=True)])
def test_another_cause_voids_the_plan_and_its_approvals(other: Diagnosis) -> None:
    """They were given for the old one; the page that asked for approval goes to no other level."""
    desk = waiting()
    again, _ = think(desk, other)
    work = desk.state.work["INC-1"]
    assert again
    assert (work.proposed, work.approvals, work.voided) == (None, (), 1)
    assert desk.stated("INC-1") == "diagnosing"
    assert not [timer for timer in desk.state.timers if timer.startswith("ack/")]
    assert desk.story("INC-1")[-1].endswith("the cause seems to be another; the approval of ann is void")


def test_a_plan_that_nobody_approved_is_withdrawn_without_a_word_on_approvals() -> None:
    """There is nothing to take back from anybody."""
    desk = waiting()
    desk.work("INC-1", approvals=())
    think(desk, diagnosis(entity="db"))
    assert desk.story("INC-1")[-1] == "orchestrator: withdraws INC-1/p/plan: the cause seems to be another"


def test_each_plan_asks_for_approval_for_itself() -> None:
    """The second plan of an attempt has another reason than the first, so it pages again."""
    desk = waiting()
    slugs = []
    for voided in range(3):
        desk.work("INC-1", voided=voided)
        slugs.append(approval_reason(desk.draft(), "INC-1").slug)
    assert slugs == ["approval-1", "approval-1-2", "approval-1-3"]


def test_causes_that_change_each_time_are_a_person_s() -> None:
    """Nobody is asked to approve plan after plan."""
    desk = waiting()
    desk.work("INC-1", voided=AGAIN)
    again, decision = think(desk, diagnosis(entity="db"))
    assert not again
    assert [one.key for one in effects(decision, SendPage)] == ["INC-1/unsettled/0"]
    assert desk.stated("INC-1") == "escalated"


def escalated() -> Desk:
    """A person has INC-1, thought to be a crash of web."""
    desk = Desk()
    desk.incident("web")
    desk.change("INC-1", diagnosis=diagnosis())
    desk.do(escalate, "INC-1", ASK)
    return desk


def test_an_escalated_incident_learns_the_new_cause_and_keeps_its_person() -> None:
    """Its page says it too; the context is a new one."""
    desk = escalated()
    version = desk.state.incidents["INC-1"].context_version
    again, decision = think(desk, diagnosis(entity="db"))
    assert not again
    assert desk.stated("INC-1") == "escalated"
    assert desk.state.incidents["INC-1"].context_version == version + 1
    assert "of db" in desk.state.pages["INC-1/no-plan/0"].page.title
    assert effects(decision, SendPage) == []


def test_the_same_cause_is_no_new_context_and_no_new_line() -> None:
    """Only the figures are newer."""
    desk = escalated()
    before = desk.state.incidents["INC-1"]
    think(desk, diagnosis(p_unknown=0.2))
    after = desk.state.incidents["INC-1"]
    assert (after.context_version, after.story) == (before.context_version, before.story)
    assert after.diagnosis == diagnosis(p_unknown=0.2)


# --------------------------------------------------------------------------------------------------- what it names


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (None, None),
        (diagnosis(), ("web", "crash")),
        (diagnosis(unknown=True), None),
        (diagnosis(hypotheses=()), None),
    ],
)
def test_a_cause_is_what_a_plan_can_be_made_for(found: Diagnosis | None, named: Any) -> None:
    """Doubt is no cause."""
    assert cause(found) == named


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "probable cause: crash of web (90%)"),
        ({"unknown": True}, "probable cause: crash of web (90%), but not sure enough to act"),
        ({"hypotheses": (), "unknown": True}, "probable cause: nothing found"),
        ({"hypotheses": (Hypothesis("a", 1 / 3, "latency", ()),)}, "probable cause: latency of a (33%)"),
    ],
)
def test_a_finding_is_a_sentence(fields: dict[str, Any], text: str) -> None:
    """With the probability as people read it."""
    assert finding(diagnosis(**fields)) == text
