"""Builds an agent's view: the work item and its surroundings, from the present state.

A view is cheap to build: all views share one snapshot of the graph, only items near the members are included, and only
the newest other incidents, without their stories.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Final

from aiops.agents.view import AgentView
from aiops.control.state.store import ControlState
from aiops.model.durations import DAY
from aiops.model.entities import Item
from aiops.model.episodes import Episode
from aiops.model.incidents import Incident, IncidentState
from aiops.model.reports import Change, Ticket
from remediations.breakers import Breakers, open_now
from topology.graph import Graph

OTHERS: Final = 50
"""Most other incidents in a view, newest first."""
NEARBY: Final = 2_000
"""Most items in a view."""
HOPS: Final = 2
TICKETS: Final = 50


def view_of(state: ControlState, work_item: str, at: int, *, others: bool = False) -> AgentView:
    """The view of an incident, or of a ticket without an incident; ``others``: include the other open incidents."""
    incident = whole(state, work_item) or _nameless(work_item, at)
    work = state.work.get(incident.id)
    episodes = _episodes(state, incident.id, work.calm_at if work else 0)
    graph = state.graph(at)
    items = _items(state, graph, incident.entities)
    return AgentView(
        at=at,
        incident=incident,
        episodes=episodes,
        graph=graph,
        items=items,
        changes=_changes(state, (*incident.entities, *items), at),
        tickets=_tickets(state, incident),
        others=_others(state, incident.id) if others else (),
        attempts=work.attempts if work else (),
        evidence_at=min((e.watermark for e in episodes if e.ended_at is None), default=at),
        halted=state.leadership.halted,
        breakers_open=open_breakers(state, at),
    )


def whole(state: ControlState, name: str) -> Incident | None:
    """An incident with all its members and episodes; its stored document lists only some. None: there is none."""
    held = state.incidents.get(name)
    if held is None:
        return None
    members = state.members.get(name, {})
    return replace(
        held,
        entities=tuple(members) or held.entities,
        open_entities=tuple(e for e, m in members.items() if m.open),
        episodes=tuple(state.episodes_of.get(name, ())),
        members_total=len(members),
    )


def open_breakers(state: ControlState, at: int) -> frozenset[str]:
    """Names of the breakers that are open at ``at`` (ns)."""
    tripped = state.tripped.get("all", ())
    return open_now(Breakers({name: state.breakers[name].breaker for name in tripped}), at)


def _nameless(work_item: str, at: int) -> Incident:
    return Incident(
        id=work_item,
        state=IncidentState.OPEN,
        opened_at=at,
        updated_at=at,
        onset=at,
        entities=(),
        open_entities=(),
        episodes=(),
        tickets=(work_item.removeprefix("ticket/"),),
    )


def _episodes(state: ControlState, incident: str, calm_at: int) -> tuple[Episode, ...]:
    """Episodes that are open or began after the incident was last closed (``calm_at``, ns); if there are none, all."""
    found = [state.episodes[name].episode for name in state.episodes_of.get(incident, ())]
    found = [e for e in found if e.ended_at is None or e.opened_at > calm_at] or found
    return tuple(sorted(found, key=lambda e: (e.opened_at, e.id)))


def _items(state: ControlState, graph: Graph, members: Iterable[str]) -> dict[str, Item]:
    """Items of the members and of all entities within ``HOPS`` hops of them, nearest first."""
    found: dict[str, Item] = {}
    seen = dict.fromkeys(members)
    edge = list(seen)
    for _ in range(HOPS + 1):
        for name in edge:
            item = state.item(name)
            if item is not None and len(found) < NEARBY:
                found[name] = item
        if len(seen) >= NEARBY:
            break
        edge = list(islice(_beyond(graph, edge, seen), NEARBY))
    return found


def _beyond(graph: Graph, edge: Iterable[str], seen: dict[str, None]) -> Iterator[str]:
    """Yield each neighbour of ``edge`` that is not in ``seen``, lazily, and add it to ``seen``."""
    for name in edge:
        for near, _ in chain(graph.needs_of(name), graph.serves_of(name)):
            if near not in seen:
                seen[near] = None
                yield near


def _changes(state: ControlState, near: Iterable[str], at: int) -> tuple[Change, ...]:
    names = (c for entity in dict.fromkeys(near) for c in state.changes_on.get(entity, ()))
    found = [state.changes[c] for c in names]
    return tuple(sorted((c for c in found if c.at >= at - DAY), key=lambda c: (-c.at, c.id)))


def _tickets(state: ControlState, incident: Incident) -> tuple[Ticket, ...]:
    return tuple(state.tickets[t].ticket for t in incident.tickets[-TICKETS:] if t in state.tickets)


def _others(state: ControlState, name: str) -> tuple[Incident, ...]:
    newest = islice((n for n in reversed(state.live) if n != name and not state.work[n].topic), OTHERS)
    return tuple(replace(state.incidents[n], story=()) for n in newest)
