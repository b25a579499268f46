"""Answers to handoffs."""

from __future__ import annotations

from aiops.model.handoffs import Handoff, Intent, Role, TicketLinked, TicketRead
from aiops.model.prose import Prose
from aiops.model.reports import Ticket

LINKED = TicketLinked(ticket="T-7", items=("checkout",), incident="INC-1")


def _asked() -> Handoff:
    return Handoff(
        id="T-7/read",
        work_item="T-7",
        sender=Role.ORCHESTRATOR,
        to=Role.TRIAGE,
        intent=Intent.LINK,
        confidence=1.0,
        reasoning=(Prose("A ticket came in. [T-7]"),),
        evidence=("T-7",),
        context_version=41,
        at=1_000,
        deadline_at=9_000,
        payload=TicketRead(ticket=Ticket(id="T-7", at=900, title=Prose("checkout is slow"))),
        cause="event-3",
        domain="payments",
    )


def _answer(asked: Handoff) -> Handoff:
    return asked.answer(
        Role.ORCHESTRATOR,
        Intent.LINK,
        LINKED,
        confidence=0.7,
        reasoning=(Prose("It names checkout. [T-7]"),),
        evidence=("T-7", "checkout"),
        at=2_000,
    )


def test_an_answer_comes_from_the_role_that_was_asked() -> None:
    answer = _answer(_asked())
    assert (answer.sender, answer.to) == (Role.TRIAGE, Role.ORCHESTRATOR)


def test_an_answer_stays_in_the_work_item_context_domain_and_deadline_of_its_question() -> None:
    answer = _answer(_asked())
    assert (answer.work_item, answer.context_version, answer.domain, answer.deadline_at) == (
        "T-7",
        41,
        "payments",
        9_000,
    )


def test_an_answer_names_its_question_as_cause_and_in_its_id() -> None:
    answer = _answer(_asked())
    assert (answer.cause, answer.id) == ("T-7/read", f"T-7/read/{Intent.LINK}")


def test_an_answer_carries_what_its_agent_says() -> None:
    answer = _answer(_asked())
    assert answer.payload == LINKED
    assert (answer.confidence, answer.at, answer.evidence) == (0.7, 2_000, ("T-7", "checkout"))
    assert answer.reasoning == ("It names checkout. [T-7]",)
