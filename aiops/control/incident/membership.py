"""Opens, moves, joins, merges and archives incidents: the only code that changes what belongs to which.

Every move goes through the lifecycle table, tells the outside and sets the state's timed way out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from aiops.control.incident.published_events import publish
from aiops.control.incident.unfinished_plans import expect_all_finished, move_plans
from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import EARLY, LAST, Trigger, step
from aiops.control.state.store import SHOWN, ControlState
from aiops.control.state.transaction import Draft
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode
from aiops.model.handoffs import Handoff, Intent, ReviewRequest
from aiops.model.incidents import Incident, IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind, RefusedError
from aiops.model.series_names import display_name
from aiops.settings import Settings

REVIEW_SECONDS: Final = 24 * 3600.0
"""An escalated incident that nothing more was heard of for this long is left with its person."""
ACTING_SECONDS: Final = 3600.0
"""Beyond any plan's own deadlines; a plan that is still under way then is looked at by a person."""
_DECIDING: Final = frozenset({IncidentState.OPEN, IncidentState.DIAGNOSING, IncidentState.DECIDING})


def open_incident(draft: Draft, onset: int, *, topic: str = "") -> str:
    """A new incident without members yet; returns its id."""
    leadership = draft.state.leadership
    number = leadership.incidents + 1
    draft.put(replace(leadership, incidents=number))
    name = f"INC-{number}"
    incident = Incident(
        id=name,
        state=IncidentState.OPEN,
        opened_at=draft.at,
        updated_at=draft.at,
        onset=onset,
        entities=(),
        open_entities=(),
        episodes=(),
        shadow=draft.settings.control.shadow,
        domain=draft.settings.domain,
    )
    draft.put(doc.Work(incident=name, topic=topic))
    draft.put(incident)
    draft.timer("deadline", name, draft.after(_patience(draft.settings, IncidentState.OPEN)))
    publish(draft, incident)
    return name


def move(draft: Draft, name: str, trigger: Trigger, *, due: int | None = None, **changes: Any) -> Incident:
    """Go through the lifecycle table; ``due`` replaces the time at which the new state's patience ends."""
    before = draft.state.incidents[name]
    after = replace(before, state=step(before.state, trigger), updated_at=draft.at, **changes)
    after = shown(draft.state, after)
    draft.put(after)
    draft.note(incident=name, state=after.state, trigger=trigger)
    if after.state in LAST:
        draft.cancel(f"deadline/{name}")
        draft.timer("settle", name, draft.after(draft.settings.control.settle_seconds))
    elif not (before.state in _DECIDING and after.state in _DECIDING):
        draft.cancel(f"settle/{name}")
        draft.timer("deadline", name, due or draft.after(_patience(draft.settings, after.state)))
    if after.state is not before.state:
        publish(draft, after)
    return after


def _patience(settings: Settings, state: IncidentState) -> float:
    """Seconds until a state's timed way out."""
    control = settings.control
    match state:
        case IncidentState.AWAITING_APPROVAL:
            return control.approval_seconds
        case IncidentState.ACTING | IncidentState.VERIFYING | IncidentState.UNDOING:
            return ACTING_SECONDS
        case IncidentState.ESCALATED:
            return REVIEW_SECONDS
        case _:
            return control.gather_seconds + 6 * control.handoff_seconds + 30


def close(draft: Draft, name: str, trigger: Trigger, *, outcome: IncidentOutcome) -> None:
    """The incident ends so; it is archived when the settle time has passed quietly."""
    move(draft, name, trigger, closed_at=draft.at, outcome=outcome)
    draft.line(name, "orchestrator", f"closed: {outcome}")
    work = draft.state.work[name]
    draft.put(replace(work, proposed=None, approvals=(), bound=None))
    drop_chain(draft, name)
    for key in draft.state.owned(name, "page"):
        draft.cancel(f"ack/{key}")


def reopen(draft: Draft, name: str, why: Prose) -> None:
    """It came back within the settle time."""
    work = draft.state.work[name]
    calm_at = draft.state.incidents[name].closed_at or draft.at
    draft.put(replace(work, reopened=work.reopened + 1, calm_at=calm_at, named=None))
    move(draft, name, Trigger.RECURRED, closed_at=None, outcome=None)
    draft.line(name, "orchestrator", f"reopened: {why}")


def shown(state: ControlState, incident: Incident) -> Incident:
    """The incident with the lists that its document shows: the first members, and how many there are."""
    members = state.members.get(incident.id)
    if members is None:
        return incident
    first = [m for _, m in zip(range(SHOWN), members.values(), strict=False)]
    episodes = state.episodes_of.get(incident.id, {})
    return replace(
        incident,
        entities=tuple(m.entity for m in first),
        open_entities=tuple(m.entity for m in first if m.open),
        episodes=tuple(e for _, e in zip(range(SHOWN), episodes, strict=False)),
        members_total=len(members),
    )


# ------------------------------------------------------------------------------------------------------ members


def join(draft: Draft, name: str, episode: Episode) -> None:
    """A new episode belongs to the incident from now on."""
    state = draft.state
    draft.put(doc.EpisodeRecord(episode, name))
    members = state.members.get(name, {})
    held = members.get(episode.entity)
    number = held.number if held else len(members)
    opened = int(episode.ended_at is None)
    onset = min([episode.opened_at, *(s.since for s in episode.signals)])
    if held is None:
        draft.put(doc.Member(name, episode.entity, number, onset, draft.at, 1, opened))
    else:
        since = min(held.since, onset)
        draft.put(replace(held, since=since, episodes=held.episodes + 1, open=held.open + opened))
    account = state.account
    draft.put(replace(account, seen=account.seen + 1))
    if number < SHOWN:
        incident = state.incidents[name]
        version = incident.context_version + (held is None)
        onset = min(incident.onset, onset)
        draft.incident(shown(state, replace(incident, context_version=version, onset=onset)))
    if held is None and number < SHOWN:
        draft.line(name, "monitoring", _description(episode), ref=episode.id)


def _description(episode: Episode) -> str:
    if not episode.signals:
        return f"{episode.entity} is abnormal"
    worst = episode.signals[0]
    series = display_name(worst.series, (signal.series for signal in episode.signals))
    return (
        f"{episode.entity} is abnormal: {series} {worst.direction.value}, {worst.value:.4g} instead of "
        f"{worst.expected:.4g} ({episode.signals_total} signals)"
    )


def revise(draft: Draft, record: doc.EpisodeRecord, episode: Episode) -> None:
    """A newer revision; ``episode.id`` stays the record's."""
    was, now = record.episode.ended_at is None, episode.ended_at is None
    draft.put(replace(record, episode=episode))
    if was == now:
        return
    member = draft.state.members[record.incident][episode.entity]
    draft.put(replace(member, open=member.open + (1 if now else -1)))
    if member.number < SHOWN:
        draft.incident(shown(draft.state, draft.state.incidents[record.incident]))
        if not now and member.open == 1:
            draft.line(record.incident, "monitoring", f"{episode.entity} is normal again", ref=episode.id)


def all_normal(state: ControlState, name: str) -> bool:
    """All its members are normal again."""
    return state.open_members.get(name, 0) == 0


def recovering(state: ControlState, name: str) -> bool:
    """All that is still open of it only waits for its end."""
    open_now = (e for n in state.episodes_of.get(name, ()) if (e := state.episodes[n].episode).ended_at is None)
    return all(episode.recovering for episode in open_now)


def merge(draft: Draft, kept: str, gone: str, *, why: Prose) -> None:
    """``gone`` becomes part of ``kept``: its members, episodes and unfinished plans move, its other work is dropped."""
    state = draft.state
    if kept == gone or state.incidents[gone].state not in EARLY | {IncidentState.ESCALATED, IncidentState.SUPPRESSED}:
        raise RefusedError(RefusalKind.LATE, f"{gone} cannot be merged into {kept} now")
    if state.incidents[kept].state in LAST:
        raise RefusedError(RefusalKind.LATE, f"{kept} is closed")
    moved = [state.episodes[e] for e in state.episodes_of.get(gone, ())]
    members = list(state.members.get(gone, {}).values())
    move(
        draft,
        gone,
        Trigger.MERGED,
        merged_into=kept,
        closed_at=draft.at,
        outcome=IncidentOutcome(OutcomeKind.MERGED, Prose(kept)),
    )
    draft.line(gone, "analysis", f"merged into {kept}: {why}")
    for member in members:
        draft.remove("member", f"{gone}/{member.entity}")
        held = state.members.get(kept, {}).get(member.entity)
        if held is None:
            draft.put(replace(member, incident=kept, number=len(state.members.get(kept, {})), joined_at=draft.at))
        else:
            since, episodes = min(held.since, member.since), held.episodes + member.episodes
            draft.put(replace(held, since=since, episodes=episodes, open=held.open + member.open))
    for record in moved:
        draft.put(replace(record, incident=kept))
    old = state.incidents[gone]
    move_plans(draft, gone, kept)
    into = state.incidents[kept]
    tickets = tuple(dict.fromkeys(into.tickets + old.tickets))
    version = into.context_version + 1
    into = replace(into, tickets=tickets, context_version=version, onset=min(into.onset, old.onset))
    draft.incident(shown(state, into))
    draft.line(kept, "analysis", f"took over {gone} with {len(members)} members: {why}")
    archive(draft, gone)


def archive(draft: Draft, name: str) -> None:
    """Nothing more is expected: the incident moves to the archive with what belongs to it.

    Raises ``RefusedError`` while a plan of the incident has not finished.
    """
    state = draft.state
    expect_all_finished(state, name)
    episodes = list(state.episodes_of.get(name, ()))
    account = state.account
    draft.put(replace(account, archived=account.archived + len(episodes)))
    for key in episodes:
        draft.remove("episode", key, archive=True)
    for entity in list(state.members.get(name, ())):
        draft.remove("member", f"{name}/{entity}", archive=True)
    for key in state.owned(name, "saga"):
        _drop_plan(draft, key)
    for key in state.owned(name, "page"):
        draft.cancel(f"ack/{key}")
        draft.cancel(f"resend/{key}")
        draft.remove("page", key, archive=True)
    for key in state.owned(name, "handoff"):
        forget_handoff(draft, key)
    for timer in ("deadline", "settle", "ask", "repair"):
        draft.cancel(f"{timer}/{name}")
    draft.remove("work", name, archive=True)
    draft.remove("incident", name, archive=True)


def _drop_plan(draft: Draft, plan: str) -> None:
    draft.cancel(f"slow/{plan}")
    draft.remove("saga", plan, archive=True)
    for key in draft.state.owned(plan, "order"):
        draft.remove("order", key, archive=True)
    for key in draft.state.owned(plan, "question"):
        draft.done(key)
        draft.remove("question", key)


def drop_chain(draft: Draft, name: str) -> None:
    """Diagnosing and planning stop here; what a plan under way asked for is still wanted."""
    draft.put(replace(draft.state.work[name], chain=""))
    draft.cancel(f"ask/{name}")
    for key in draft.state.owned(name, "handoff"):
        if not _of_plan(draft.state.handoffs[key].handoff):
            forget_handoff(draft, key)


def _of_plan(handoff: Handoff) -> bool:
    shown = handoff.payload.handoff if isinstance(handoff.payload, ReviewRequest) else handoff
    return shown.intent in {Intent.AUTHORISE, Intent.VERIFY, Intent.CONCLUDE}


def forget_handoff(draft: Draft, name: str) -> None:
    """No answer to it is wanted any more."""
    record = draft.state.handoffs[name]
    draft.done(f"{name}/{record.attempt}")
    draft.remove("handoff", name)
    draft.cancel(f"handoff/{name}")
    draft.cancel(f"retry/{name}")


def is_runtime(state: ControlState, name: str) -> bool:
    """The incident is about the runtime itself and never leads to an action."""
    return bool(state.work[name].topic) or RUNTIME_ENTITY in state.members.get(name, {})
