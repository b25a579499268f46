"""Tickets: triage reads each. A ticket that names a known item becomes evidence; several open a low-severity incident.

An incident that only tickets report never leads to an action: a person handles it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.agents.triage import Report, TicketCluster, clusters
from aiops.control.events.intake import take_episode
from aiops.control.handoff.sending import ask
from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import LAST
from aiops.control.state.transaction import Draft
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.events import TicketReceived
from aiops.model.handoffs import Handoff, Intent, Role, Ruling, TicketLinked, TicketRead
from aiops.model.refusals import OldNewsError, RefusalKind, RefusedError

SEVERITY: Final = 0.3
"""Severity of an episode that only tickets report, in [0, 1]."""
QUIET_SECONDS: Final = 3600.0


def ticket_received(draft: Draft, event: TicketReceived) -> None:
    """Store a ticket and send it to triage."""
    ticket = event.ticket
    if not ticket.id:
        raise RefusedError(RefusalKind.MALFORMED, "a ticket needs an id")
    if ticket.id in draft.state.tickets:
        raise OldNewsError(f"ticket {ticket.id} was reported before")
    draft.put(doc.TicketRecord(ticket))
    draft.timer("forget-ticket", ticket.id, draft.after(24 * 3600.0))
    draft.subject = f"ticket/{ticket.id}"
    ask(draft, f"ticket/{ticket.id}/read", Role.TRIAGE, intent=Intent.READ, payload=TicketRead(ticket))


def linked(draft: Draft, answer: Handoff, ruling: Ruling) -> None:
    """Apply triage's result: the ticket becomes evidence for an open incident, or a weak signal."""
    payload = answer.payload
    assert isinstance(payload, TicketLinked)
    record = draft.state.tickets.get(payload.ticket)
    if record is None or record.read or answer.work_item != f"ticket/{payload.ticket}":
        raise RefusedError(RefusalKind.LATE, f"ticket {payload.ticket!r} does not wait to be read")
    incident = draft.state.incidents.get(payload.incident or "")
    joined = incident is not None and incident.state not in LAST and ruling.permitted
    draft.put(replace(record, items=payload.items, read=True, incident=incident.id if incident and joined else ""))
    if incident is None or not joined:
        _clustered(draft)
    elif payload.ticket not in incident.tickets:
        draft.subject = incident.id
        draft.incident(replace(incident, tickets=(*incident.tickets, payload.ticket)))
        draft.line(
            incident.id, "triage", f"ticket {payload.ticket} speaks of {', '.join(payload.items)}", ref=answer.id
        )


def _clustered(draft: Draft) -> None:
    """Open an episode for an item without an incident that enough tickets name; a person handles its incident."""
    weak = [r for r in draft.state.tickets.values() if r.read and not r.incident]
    reports = [Report(r.ticket.id, r.ticket.at, r.items) for r in weak]
    for cluster in clusters(reports, draft.at):
        episode = _episode(cluster, draft.at, draft.settings.domain)
        covered = any(name in draft.state.live for name in draft.state.incidents_of.get(cluster.item, ()))
        if not covered and episode.id not in draft.state.episodes:
            take_episode(draft, episode)
            draft.timer("tickets-quiet", episode.id, draft.after(QUIET_SECONDS))


def quiet(draft: Draft, name: str) -> None:
    """No further tickets arrived: end the episode that was made from tickets."""
    record = draft.state.episodes.get(name)
    if record is not None and record.episode.ended_at is None:
        held = record.episode
        take_episode(draft, replace(held, revision=held.revision + 1, ended_at=draft.at, watermark=draft.at))


def _episode(cluster: TicketCluster, at: int, domain: str) -> Episode:
    signal = Signal(
        series="tickets",
        metric="tickets",
        direction=SignalDirection.UP,
        source=Source.TICKET,
        since=cluster.since,
        score=SEVERITY,
        value=float(len(cluster.tickets)),
        expected=0.0,
        detector="triage",
    )
    return Episode(
        id=f"tickets@{cluster.item}@{cluster.tickets[0]}",
        entity=cluster.item,
        opened_at=cluster.since,
        revision=1,
        severity=SEVERITY,
        signals=(signal,),
        signals_total=1,
        watermark=at,
        source=Source.TICKET,
        domain=domain,
    )
