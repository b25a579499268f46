"""Takes in telemetry and configuration: episodes, items, edges, changes; and places episodes in incidents.

An episode is an upsert: an older revision or generation is refused. An overlapping episode of the same entity and
reporter is folded into the known one. The placement uses simple rules; analysis may merge incidents later.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from aiops.control.diagnosis.merging import merge_found
from aiops.control.diagnosis.requests import WATCHED, changed, diagnose
from aiops.control.incident.membership import all_normal, close, join, open_incident, revise
from aiops.control.plan.outcomes import recurred
from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import EARLY, LAST, Trigger
from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Draft
from aiops.model.durations import SECOND
from aiops.model.entities import RESOURCES, RUNTIME_ENTITY, Edge
from aiops.model.entity_names import less_specific
from aiops.model.episodes import Episode, Source
from aiops.model.events import ChangeReported, EdgesObserved, EpisodeReported, ItemReported
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import OldNewsError, RefusalKind, RefusedError

EDGE_FRESH: Final = 600 * SECOND
"""An unchanged edge is not written again within this time of the last write, ns."""
EDGE_KEPT: Final = 24 * 3600 * SECOND
"""An edge observed in spans is removed if it was not observed for this time, ns."""
STATED_KEPT: Final = 3 * 3600 * SECOND
"""The same of an edge that resource attributes state, which is told every hour: pods come and go."""
REPORTERS: Final = {Source.ALERT: "alert", Source.TICKET: "ticket", Source.RUNTIME: "runtime"}
"""Reporter of an episode by source; all other sources belong to the data plane."""


def episode_reported(draft: Draft, event: EpisodeReported) -> None:
    """Upsert an episode; its incident opens, grows, clears or reopens accordingly."""
    take_episode(draft, event.episode)


def take_episode(draft: Draft, episode: Episode) -> None:
    """The upsert itself, also for episodes that are made from tickets."""
    state = draft.state
    _check(state, episode, draft.settings.domain)
    name = state.aliases.get(episode.id, episode.id)
    record = state.episodes.get(name)
    if record is not None:
        _revised(draft, record, episode)
        return
    _fence(draft, episode)
    same = _overlapping(state, episode)
    if same is not None:
        account = state.account
        draft.put(replace(account, seen=account.seen + 1, folded=account.folded + 1))
        record = replace(same, folded=(*same.folded, episode.id))
        newer = replace(episode, id=same.episode.id, opened_at=same.episode.opened_at)
        newer = replace(newer, revision=same.episode.revision + 1)
        draft.subject = same.incident
        revise(draft, record, newer)
        _after(draft, same.incident, record.episode, now=newer)
        return
    _place(draft, episode)


def _check(state: ControlState, episode: Episode, domain: str) -> None:
    numbers = [episode.severity, *(v for s in episode.signals for v in (s.score, s.value, s.expected))]
    if not episode.id or not episode.entity:
        raise RefusedError(RefusalKind.MALFORMED, "an episode needs an id and an entity")
    if episode.domain != domain:
        raise RefusedError(RefusalKind.NOT_PERMITTED, f"it belongs to domain {episode.domain}")
    if not all(math.isfinite(n) for n in numbers):
        raise RefusedError(RefusalKind.MALFORMED, "a figure of it is not a number")
    held = state.slots.get(str(episode.slot))
    if episode.source not in REPORTERS and held is not None and episode.generation < held.generation:
        raise OldNewsError(f"generation {episode.generation} of slot {episode.slot} is over")


def _fence(draft: Draft, episode: Episode) -> None:
    held = draft.state.slots.get(str(episode.slot))
    if episode.source not in REPORTERS and episode.generation > (held.generation if held else 0):
        draft.put(doc.SlotRecord(episode.slot, episode.generation))


def _revised(draft: Draft, record: doc.EpisodeRecord, episode: Episode) -> None:
    """Apply a revision of a known episode; a revision under a folded episode's id counts only if it is newer."""
    draft.subject = record.incident
    held = record.episode
    if episode.entity != held.entity:
        raise RefusedError(RefusalKind.MALFORMED, f"episode {episode.id} is of {held.entity}, not of {episode.entity}")
    if episode.id == held.id and episode.revision <= held.revision:
        raise OldNewsError(f"revision {episode.revision} is not newer than {held.revision}")
    if episode.id != held.id:
        if episode.watermark < held.watermark:
            raise OldNewsError("another report of the same episode is newer")
        episode = replace(episode, id=held.id, opened_at=held.opened_at, revision=max(held.revision, episode.revision))
    _fence(draft, episode)
    revise(draft, record, episode)
    _after(draft, record.incident, held, now=episode)


def _overlapping(state: ControlState, episode: Episode) -> doc.EpisodeRecord | None:
    """The open episode of the same entity from the same reporter; None: there is none."""
    reporter = REPORTERS.get(episode.source, "bank")
    if reporter in {"alert", "runtime"}:
        return None
    for name in state.open_on.get(episode.entity, ()):
        record = state.episodes[name]
        ended = episode.ended_at is not None and episode.ended_at < record.episode.opened_at
        if REPORTERS.get(record.episode.source, "bank") == reporter and not ended:
            return record
    return None


def _after(draft: Draft, name: str, before: Episode, *, now: Episode) -> None:
    """Apply an episode's end or return to its incident."""
    incident = draft.state.incidents[name]
    if before.ended_at is None and now.ended_at is not None:
        cleared(draft, name)
    elif now.ended_at is None and incident.state is IncidentState.RESOLVED:
        relapse = not before.recovering and not now.recovering and before.watermark >= (incident.closed_at or 0)
        relapse = relapse and incident.ended_as is OutcomeKind.HEALED and _about(draft.state, name, now.entity)
        if before.ended_at is not None or relapse:
            _came_back(draft, name, now.entity)


def cleared(draft: Draft, name: str) -> None:
    """All members are normal: close an incident without a plan under way."""
    incident = draft.state.incidents[name]
    if not all_normal(draft.state, name) or draft.state.work[name].topic:
        return
    if incident.state in EARLY | {IncidentState.SUPPRESSED}:
        decided = incident.outcome if incident.ended_as is OutcomeKind.SHADOW else None
        close(draft, name, Trigger.CLEARED, outcome=decided or IncidentOutcome(OutcomeKind.CLEARED))
    elif incident.state is IncidentState.ESCALATED:
        close(draft, name, Trigger.CLEARED, outcome=IncidentOutcome(OutcomeKind.CLEARED_WITH_PERSON))


def _place(draft: Draft, episode: Episode) -> None:
    """Add the episode to the incident that it belongs to, or open a new incident."""
    state = draft.state
    since = min([episode.opened_at, *(s.since for s in episode.signals)])
    found = _same_entity(state, episode) or _near(draft, episode, since)
    name = found or open_incident(draft, since)
    draft.subject = name
    new = episode.entity not in state.members.get(name, {})
    join(draft, name, episode)
    incident = state.incidents[name]
    if episode.ended_at is not None:
        cleared(draft, name)
    elif incident.state is IncidentState.RESOLVED:
        _came_back(draft, name, episode.entity)
    elif new and incident.state in (EARLY | WATCHED) - {IncidentState.HELD}:
        changed(draft, name)
    merge_found(draft)


def _came_back(draft: Draft, name: str, entity: str) -> None:
    """An entity of a closed incident is abnormal again within the settle time."""
    recurred(draft, name, Prose(f"{entity} is abnormal again"))
    diagnose(draft, name, Prose("recurred"))


def _same_entity(state: ControlState, episode: Episode) -> str | None:
    """An incident with this entity: a live one, else one closed within the settle time whose subject it was."""
    names = list(state.incidents_of.get(episode.entity, ()))
    if episode.entity == RUNTIME_ENTITY:
        names = [n for n in names if _metric(state, n) == _metric_of(episode)]
    live = [n for n in names if state.incidents[n].state not in LAST]
    closed = [
        n for n in names if state.incidents[n].state is IncidentState.RESOLVED and _about(state, n, episode.entity)
    ]
    return next(iter(live), None) or (closed[-1] if closed else None)


def _about(state: ControlState, name: str, entity: str) -> bool:
    """Whether the entity's recurrence means that the healing failed: a symptom alone may have a new cause."""
    incident = state.incidents[name]
    record = state.sagas.get(incident.plan or "")
    if incident.ended_as is not OutcomeKind.HEALED or record is None:
        return True
    healed = {step.action.target for step in record.saga.plan.steps}
    seen = healed & set(state.members.get(name, ()))
    return entity in seen or not seen


def _metric(state: ControlState, name: str) -> str:
    first = next(iter(state.episodes_of.get(name, ())), None)
    return _metric_of(state.episodes[first].episode) if first else ""


def _metric_of(episode: Episode) -> str:
    return episode.signals[0].metric if episode.signals else ""


def _near(draft: Draft, episode: Episode, since: int) -> str | None:
    if episode.entity == RUNTIME_ENTITY:
        return None
    return next(iter(draft.state.place(episode.entity, since, draft.at)), None)


# ------------------------------------------------------------------------------------------- items, edges, changes


def item_reported(draft: Draft, event: ItemReported) -> None:
    """Store an item of the CMDB with its edges; a lower version is refused as a duplicate."""
    held = draft.state.items.get(event.item.id)
    if not event.item.id or not math.isfinite(event.item.value_per_minute):
        raise RefusedError(RefusalKind.MALFORMED, "an item needs an id and a finite value")
    if held is not None and event.item.version < held.item.version:
        raise OldNewsError(f"version {event.item.version} is older than {held.item.version}")
    record = doc.ItemRecord(event.item, event.edges)
    if held == record:
        raise OldNewsError("nothing new")
    draft.put(record)


def edges_observed(draft: Draft, event: EdgesObserved) -> None:
    """Store observed edges; an unchanged edge is written again only after ``EDGE_FRESH``. A new one ends old ones."""
    grew = False
    for edge in event.edges:
        held = draft.state.edges.get(doc.edge_key(edge))
        if edge.source and edge.target and edge.source != edge.target and _news(held, edge):
            draft.put(edge)
            grew = grew or held is None
    if grew:
        expire(draft)


def _news(held: Edge | None, edge: Edge) -> bool:
    return math.isfinite(edge.weight) and (held is None or edge.seen_at >= held.seen_at + EDGE_FRESH)


def change_reported(draft: Draft, event: ChangeReported) -> None:
    """Store a change; it is kept for a day as a suspect."""
    change = event.change
    if not change.id:
        raise RefusedError(RefusalKind.MALFORMED, "a change needs an id")
    if change.id in draft.state.changes:
        raise OldNewsError(f"change {change.id} was reported before")
    draft.put(change)
    draft.timer("forget-change", change.id, draft.after(24 * 3600.0))
    touched = [names for entity, names in draft.state.incidents_of.items() if change.entity in less_specific(entity)]
    for name in dict.fromkeys(name for names in touched for name in names):
        if name in draft.state.live:
            draft.line(name, "changes", f"{change.kind} of {change.entity}: {change.summary[:200]}", ref=change.id)


def expire(draft: Draft) -> None:
    """Remove observed edges that were not observed for ``EDGE_KEPT`` or ``STATED_KEPT``."""
    kept = {RESOURCES: STATED_KEPT}
    edges = draft.state.edges.items()
    old = [key for key, edge in edges if edge.seen_at < draft.at - kept.get(edge.origin, EDGE_KEPT)]
    for key in old:
        draft.remove("edge", key)
