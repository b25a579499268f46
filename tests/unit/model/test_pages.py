"""Reasons of pages: their slugs are parts of keys that receivers and journals hold, so they never change."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.control.state.documents import PageRecord, Work
from aiops.model.codec import decode, encode
from aiops.model.pages import EscalationCause, PageReason, page_reason

C = EscalationCause
SLUGS = {
    "approval-1": PageReason(C.APPROVAL, "1"),
    "approval-2-3": PageReason(C.APPROVAL, "2-3"),
    "not-approved": PageReason(C.NOT_APPROVED),
    "forbidden": PageReason(C.FORBIDDEN),
    "vetoed-execute": PageReason(C.VETOED, "execute"),
    "plan-refused": PageReason(C.PLAN_REFUSED),
    "no-plan": PageReason(C.NO_PLAN),
    "routing-escalates": PageReason(C.AGENT_ESCALATES, "routing"),
    "oversight-failed": PageReason(C.AGENT_FAILED, "oversight"),
    "unsettled": PageReason(C.UNSETTLED),
    "stuck-INC-1-p1": PageReason(C.STUCK, "INC-1-p1"),
    "stuck-INC-1-p1-again-2": PageReason(C.STUCK, "INC-1-p1", 2),
    "halted": PageReason(C.HALTED),
    "attempts-again-3": PageReason(C.ATTEMPTS, again=3),
    "too-long": PageReason(C.TOO_LONG),
    "overdue": PageReason(C.OVERDUE),
    "reminder-again-1": PageReason(C.REMINDER, again=1),
    "runtime": PageReason(C.RUNTIME),
    "agent-oversight": PageReason(C.RUNTIME_PROBLEM, "agent-oversight"),
    "governance-analysis": PageReason(C.RUNTIME_PROBLEM, "governance-analysis"),
}
"""As 0.1.0 wrote them; ``overdue`` came later."""


@pytest.mark.parametrize(("slug", "reason"), SLUGS.items())
def test_slugs_are_those_of_0_1_0(slug: str, reason: PageReason) -> None:
    """Both ways."""
    assert reason.slug == slug
    assert page_reason(slug) == reason


def test_every_cause_has_a_slug_here() -> None:
    """A new cause is added above, with the slug that it will keep."""
    assert {reason.cause for reason in SLUGS.values()} == set(EscalationCause)


@given(st.sampled_from(sorted(SLUGS)), st.integers(0, 3))
def test_any_reopening_of_any_reason_reads_back(slug: str, again: int) -> None:
    """Also of one that ends in a number."""
    reason = PageReason(SLUGS[slug].cause, SLUGS[slug].subject, again)
    assert page_reason(reason.slug) == reason


@given(st.text(max_size=40))
def test_any_text_is_a_reason_with_that_slug(slug: str) -> None:
    """What nobody wrote is a trouble of the runtime of that name; nothing is lost but leading zeros of a number."""
    assert page_reason(page_reason(slug).slug) == page_reason(slug)


def test_documents_keep_the_slug() -> None:
    """A journal of 0.1.0 is read, and what is written is what that version wrote."""
    text = json.dumps({"incident": "INC-1", "paged": ["approval-1", "stuck-INC-1-p1-again-1"]})
    work = decode(Work, text)
    assert work.paged == (PageReason(C.APPROVAL, "1"), PageReason(C.STUCK, "INC-1-p1", 1))
    assert json.loads(encode(work))["paged"] == json.loads(text)["paged"]


def test_a_page_of_0_1_0_keeps_its_key_on_the_next_level() -> None:
    """The record's reason makes the key of the next level."""
    page = {
        "key": "INC-1/approval-1/0", "work_item": "INC-1", "level": 0, "at": 1, "priority": "P2", "title": "web",
        "broken": "web", "matters": "", "affected": [], "causes": [], "tried": [], "asks": "aiops approve INC-1",
    }  # fmt: skip
    record = decode(PageRecord, json.dumps({"page": page, "reason": "approval-1", "delivered": True}))
    assert record.reason.cause is C.APPROVAL
    assert f"INC-1/{record.reason.slug}/0" == record.page.key
