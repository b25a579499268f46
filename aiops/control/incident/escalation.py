"""Pages people, level by level, until someone acknowledges: delivery failures, acknowledgements, reminders.

There is one page per incident and reason. A reopened incident pages again for the same reason at most ``AGAIN`` times.
A page that cannot be delivered on the last level is sent again with growing delays until it is delivered or the
incident is closed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.agents.paging import Ask, compose, page_key
from aiops.control.incident.membership import move
from aiops.control.incident.unfinished_plans import half_way
from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import LAST, TABLE, Trigger
from aiops.control.state.transaction import Draft
from aiops.control.state.views import view_of
from aiops.model.effects import SendPage
from aiops.model.events import PageReported
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import EscalationCause, Page, PageReason
from aiops.model.prose import NOTHING, Prose
from aiops.model.refusals import RefusalKind, RefusedError

AGAIN: Final = 3
"""Number of reopenings after which the same reason pages again."""
SLOWEST_RETRY_SECONDS: Final = 600.0


def escalate(draft: Draft, name: str, ask: Ask, *, page: Page | None = None, trigger: Trigger = Trigger.STUCK) -> None:
    """Page a person, and move the incident to ``escalated`` if the lifecycle has such a transition."""
    incident = draft.state.incidents[name]
    if (incident.state, trigger) in TABLE:
        move(draft, name, trigger, outcome=IncidentOutcome(OutcomeKind.HANDED_OVER))
    draft.line(name, "orchestrator", f"a person is needed: {ask.because}")
    page_people(draft, name, ask, page=page)


def page_people(draft: Draft, name: str, ask: Ask, *, page: Page | None = None) -> None:
    """Send a page unless one was sent for the same reason."""
    work = draft.state.work[name]
    reason = replace(ask.reason, again=min(work.reopened, AGAIN))
    if reason in work.paged:
        return
    draft.put(replace(work, paged=(*work.paged, reason)))
    body = page or compose(view_of(draft.state, name, draft.at), ask)
    _send(draft, replace(body, work_item=name, domain=draft.settings.domain), reason, level=0)


def update_pages(draft: Draft, name: str) -> None:
    """Update the text of unacknowledged pages; the next sending or level gets the new text."""
    view = view_of(draft.state, name, draft.at)
    for key in draft.state.owned(name, "page"):
        record = draft.state.pages[key]
        if record.acknowledged_by:
            continue
        old = record.page
        page = compose(view, Ask(record.reason, NOTHING, old.asks), level=old.level)
        page = replace(page, key=key, at=old.at, answer_by=old.answer_by, tried=old.tried)
        draft.put(replace(record, page=page))


def withdraw(draft: Draft, name: str, cause: EscalationCause) -> None:
    """Stop resending and escalating the pages of this cause."""
    for key in draft.state.owned(name, "page"):
        if draft.state.pages[key].reason.cause is cause:
            draft.cancel(f"ack/{key}")
            draft.cancel(f"resend/{key}")


def _send(draft: Draft, page: Page, reason: PageReason, *, level: int) -> None:
    key = page_key(page.work_item, reason, level)
    answer_by = draft.after(_patience(draft, page.work_item))
    page = replace(page, key=key, level=level, at=draft.at, answer_by=answer_by)
    draft.put(doc.PageRecord(page, reason))
    draft.effect(SendPage(key, page, domain=page.domain))
    draft.timer("ack", key, answer_by)
    draft.line(page.work_item, "orchestrator", f"paged level {level + 1}: {page.title}", ref=key)


def _patience(draft: Draft, name: str) -> float:
    """Seconds until the next level is paged: the shorter of the agreed time to answer and the settings' time."""
    agreed, longest = draft.state.incidents[name].answer_seconds, draft.settings.control.acknowledge_seconds
    return longest if agreed is None else min(agreed, longest)


def overdue(draft: Draft, name: str) -> None:
    """Add a story line and page a person: the incident is open after its agreed time to repair."""
    incident = draft.state.incidents.get(name)
    if incident is None or incident.state in LAST or incident.shadow:
        raise RefusedError(RefusalKind.LATE, f"{name} is over")
    draft.subject = name
    draft.line(name, "orchestrator", f"the agreed time to repair is over: {incident.agreement}")
    because = f"{name} is not repaired in the agreed time ({incident.agreement})."
    asks = Prose("Please take it, or say who does: acknowledge this page.")
    page_people(draft, name, Ask(PageReason(EscalationCause.OVERDUE), Prose(because), asks))


def reported(draft: Draft, event: PageReported) -> None:
    """Take in a notifier's report: the page was delivered, or delivery failed."""
    delivery = event.delivery
    record = draft.state.pages.get(delivery.key)
    if record is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"no page {delivery.key!r} is open")
    draft.subject = record.page.work_item
    if record.delivered:
        raise RefusedError(RefusalKind.LATE, "it was delivered already")
    draft.done(delivery.key)
    if delivery.delivered:
        draft.put(replace(record, delivered=True))
        draft.cancel(f"resend/{delivery.key}")
        draft.line(draft.subject, "notifier", f"page delivered by {delivery.channel}", ref=delivery.key)
        return
    record = replace(record, failures=record.failures + 1)
    draft.put(record)
    draft.line(
        draft.subject, "notifier", f"page not delivered by {delivery.channel}: {delivery.error}", ref=delivery.key
    )
    if not _next_level(draft, record):
        slower = draft.settings.paging.retry_seconds * 2 ** min(record.failures, 10)
        draft.timer("resend", delivery.key, draft.after(min(slower, SLOWEST_RETRY_SECONDS)))


def _next_level(draft: Draft, record: doc.PageRecord) -> bool:
    """Page the next level; False: there is none, or it was paged for this reason already."""
    level = record.page.level + 1
    key = page_key(record.page.work_item, record.reason, level)
    if level >= len(draft.settings.paging.levels):
        return False
    if key not in draft.state.pages:
        _send(draft, record.page, record.reason, level=level)
    return True


def not_acknowledged(draft: Draft, key: str) -> None:
    """The page was not acknowledged in time: page the next level."""
    record = draft.state.pages.get(key)
    if record is None or record.acknowledged_by:
        return
    draft.subject = record.page.work_item
    if draft.state.incidents[draft.subject].state in LAST and not _left_half_way(draft, draft.subject):
        return
    tail = "" if _next_level(draft, record) else "; there is no higher one"
    draft.line(draft.subject, "orchestrator", f"level {record.page.level + 1} did not acknowledge{tail}")


def _left_half_way(draft: Draft, name: str) -> bool:
    """Whether a closed incident has a stuck reversal, which still needs a person."""
    return bool(half_way(draft.state, name))


def resend(draft: Draft, key: str) -> None:
    """Send the page again with the same key."""
    record = draft.state.pages.get(key)
    if record is None or record.delivered:
        return
    draft.subject = record.page.work_item
    draft.effect(SendPage(key, record.page, domain=record.page.domain))


def acknowledge(draft: Draft, name: str, who: str) -> None:
    """Record that ``who`` acknowledges the incident; no higher level is paged."""
    found = False
    for key in draft.state.owned(name, "page"):
        record = draft.state.pages[key]
        if not record.acknowledged_by:
            found = True
            draft.put(replace(record, acknowledged_by=who))
            draft.cancel(f"ack/{key}")
    if not found:
        raise RefusedError(RefusalKind.LATE, f"no page of {name} waits for acknowledgement")
    draft.line(name, who, "acknowledged")
