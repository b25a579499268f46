"""The full record of one incident, read from the journal: for the command line, the API and the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from aiops.agents.paging import page_key
from aiops.control.plan.saga_driver import APPROVERS
from aiops.control.state.documents import EpisodeRecord, PageRecord, SagaRecord, Work, plan_version
from aiops.control.state.lifecycle import LAST
from aiops.model.codec import EVENT, decode
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.episodes import Episode
from aiops.model.errors import PermanentError
from aiops.model.events import HandoffAnswered
from aiops.model.handoffs import Ruling
from aiops.model.incidents import Incident, IncidentState
from aiops.model.journal import JournalRow
from aiops.model.outcomes import as_fields
from aiops.model.plans import Plan
from aiops.ports import JournalReader

T = TypeVar("T")

_ROWS = 20_000
"""Journal rows of one incident that are searched for policy decisions."""
_LEVELS = 16
"""Levels of escalation whose pages are searched."""


@dataclass(frozen=True, slots=True)
class StepStory:
    """One step of a plan and its result."""

    id: str
    primitive: str
    target: str
    undo: str
    """The action that undoes the step; empty: irreversible."""
    mark: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlanStory:
    """A plan: proposed, running or finished."""

    id: str
    runbook: str
    reason: str
    expected: str
    state: str
    steps: tuple[StepStory, ...]
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """Oversight's ruling on a handoff or a step, with the policies that decided it."""

    at: int
    subject: str
    permitted: bool
    level: str
    reasons: tuple[str, ...]
    policies: tuple[str, ...]
    digest: str
    """SHA-256 of the policy set that was in force."""


@dataclass(frozen=True, slots=True)
class Story:
    """One incident with its episodes, plans, decisions and pages."""

    incident: Incident
    episodes: tuple[Episode, ...]
    plans: tuple[PlanStory, ...]
    decisions: tuple[ShownDecision, ...]
    pages: tuple[PageRecord, ...]
    approvals: tuple[str, ...] = ()
    approvals_needed: int = 0
    seen: str = ""
    """PLAN@VERSION that an approval must name, so that no other plan is approved; empty: no plan waits."""

    @property
    def waits(self) -> bool:
        """The plan waits for a person's approval."""
        return self.incident.state is IncidentState.AWAITING_APPROVAL


_STORY: TypeAdapter[Story] = TypeAdapter(Story)
_INCIDENT: TypeAdapter[Incident] = TypeAdapter(Incident)


def as_json(story: Story) -> dict[str, Any]:
    """The story as a JSON object; times are ns."""
    plain: dict[str, Any] = _STORY.dump_python(story, mode="json", by_alias=True)
    plain["incident"] |= as_fields(story.incident.outcome)
    return plain


def incident_as_json(incident: Incident) -> dict[str, Any]:
    """An incident as a JSON object, without its timeline; times are ns."""
    plain: dict[str, Any] = _INCIDENT.dump_python(incident, mode="json", exclude={"story"})
    return plain | as_fields(incident.outcome) | {"root": incident.root}


def listed(reader: JournalReader, domain: str = MAIN_DOMAIN, *, closed: int = 0) -> list[Incident]:
    """Open incidents, highest priority first; then at most ``closed`` closed ones, newest first."""
    current = [_read(Incident, body) for body in reader.documents("incident", domain).values()]
    still = sorted((i for i in current if i.state not in LAST), key=lambda i: (i.priority, -i.opened_at))
    if not closed:
        return still
    over = {i.id: i for i in current if i.state in LAST}
    over |= {i.id: i for i in (_read(Incident, body) for body in reader.archived("incident", closed, domain).values())}
    return still + sorted(over.values(), key=lambda i: -(i.closed_at or i.updated_at))[:closed]


def story(reader: JournalReader, name: str, domain: str = MAIN_DOMAIN) -> Story | None:
    """The story of one incident, open or archived; None: no incident has that id."""
    body = reader.document("incident", name, domain)
    if body is None:
        return None
    incident = _read(Incident, body)
    held = reader.document("work", name, domain)
    work = _read(Work, held) if held else Work(name)
    episodes = (reader.document("episode", key, domain) for key in incident.episodes)
    return Story(
        incident=incident,
        episodes=tuple(_read(EpisodeRecord, text).episode for text in episodes if text),
        plans=tuple(_plans(reader, incident, work)),
        decisions=tuple(_decisions(_rows(reader, name, domain))),
        pages=tuple(sorted(_pages(reader, work, domain), key=lambda p: p.page.at)),
        approvals=work.approvals,
        approvals_needed=APPROVERS.get(incident.level, 0),
        seen=plan_version(work) if incident.state is IncidentState.AWAITING_APPROVAL else "",
    )


def _plans(reader: JournalReader, incident: Incident, work: Work) -> Iterator[PlanStory]:
    """Plans in the order of creation: finished ones, then the current one."""
    listed: set[str] = set()
    for attempt in work.attempts:
        listed.add(attempt.plan.id)
        yield _plan(attempt.plan, _saga(reader, attempt.plan.id, incident.domain), attempt.how)
    present = work.proposed.id if work.proposed else incident.plan
    if present is None or present in listed:
        return
    saga = _saga(reader, present, incident.domain)
    if work.proposed is not None:
        waits = incident.state is IncidentState.AWAITING_APPROVAL
        yield _plan(work.proposed, saga, "awaiting approval" if waits else "proposed")
    elif saga is not None:
        yield _plan(saga.saga.plan, saga, saga.saga.state.value)


def _saga(reader: JournalReader, plan: str, domain: str) -> SagaRecord | None:
    body = reader.document("saga", plan, domain)
    return _read(SagaRecord, body) if body else None


def _plan(plan: Plan, record: SagaRecord | None, state: str) -> PlanStory:
    tracks = record.saga.tracks if record else ()
    steps = []
    for number, step in enumerate(plan.steps):
        track = tracks[number] if number < len(tracks) else None
        undo = f"{step.undo.primitive} {step.undo.target}" if step.undo else ""
        mark, detail = (track.mark.value, track.detail) if track else ("not begun", "")
        steps.append(StepStory(step.id, step.action.primitive, step.action.target, undo, mark, detail))
    shown = state if record is None or record.saga.over else record.saga.state.value
    return PlanStory(plan.id, plan.runbook, plan.reason, plan.expected, shown, tuple(steps), plan.confidence)


def _pages(reader: JournalReader, work: Work, domain: str) -> Iterator[PageRecord]:
    for reason in work.paged:
        for level in range(_LEVELS):
            body = reader.document("page", page_key(work.incident, reason, level), domain)
            if body is None:
                break
            yield _read(PageRecord, body)


def _rows(reader: JournalReader, name: str, domain: str) -> Iterator[JournalRow]:
    after, seen = 0, 0
    while seen < _ROWS:
        rows = reader.rows(after, 1000, name, domain=domain)
        yield from rows
        if len(rows) < 1000:
            return
        after, seen = rows[-1].number, seen + len(rows)


def _decisions(rows: Iterable[JournalRow]) -> Iterator[ShownDecision]:
    for row in rows:
        if row.entry.kind != "answered" or '"ruling"' not in row.entry.event:
            continue
        event = EVENT.validate_json(row.entry.event)
        for answer in event.answers if isinstance(event, HandoffAnswered) else ():
            ruling = answer.payload
            if isinstance(ruling, Ruling):
                yield ShownDecision(
                    row.entry.at,
                    ruling.subject,
                    ruling.permitted,
                    ruling.level.value,
                    ruling.reasons,
                    ruling.policies,
                    ruling.digest,
                )


def _read(kind: type[T], body: str) -> T:
    try:
        return decode(kind, body)
    except ValidationError as error:
        raise PermanentError(f"the journal holds a {kind.__name__} that this version cannot read: {error}") from error
