"""Triage reads tickets: it finds the items that they name and the open incident that they support.

A ticket's text is untrusted and only evidence. A ticket names an item in three cases: its form names the item, one of
its identifying attributes equals one of the item's names, or the words of the item's name are adjacent in its text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.agents.view import AgentView
from aiops.model.durations import SECOND
from aiops.model.entity_names import last_part
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Handoff, Intent, Role, TicketLinked, TicketRead
from aiops.model.incidents import Incident
from aiops.model.prose import Prose
from aiops.model.reports import Ticket
from topology.graph import Graph

CLUSTER_TICKETS: Final = 3
"""Number of tickets on one item that open an incident if they arrive within ``CLUSTER_SECONDS``."""
CLUSTER_SECONDS: Final = 900
"""Time span of the tickets of one cluster, seconds."""
READ_CHARACTERS: Final = 8_192
"""Most characters of a ticket's text that are read."""
ALIASES: Final = ("alias", "aliases", "name", "display_name", "hostname")
"""Attributes of items with further names, separated by commas."""
SHORTEST_NAME: Final = 3
"""Least length of a name, characters; shorter names would match almost every text."""
LONGEST_NAME: Final = 8
"""Most words of a name."""
_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)
_CONFIDENCE: Final = {True: 0.9, False: 0.6}
"""Confidence by whether the form names the item (True) or only the text does (False)."""


@dataclass(frozen=True, slots=True)
class Report:
    """A ticket that was read."""

    ticket: str
    at: int
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketCluster:
    """Several tickets that name one item within a short time."""

    item: str
    since: int
    tickets: tuple[str, ...]


class TriageAgent:
    """Reads the ticket of a handoff."""

    role = Role.TRIAGE

    def __init__(self) -> None:
        self._graph = Graph.empty()
        self._names: dict[str, str] = {}
        """Names of the items of ``_graph``; a cache, because most tickets are read with the same graph."""

    def _names_of(self, graph: Graph) -> dict[str, str]:
        if graph is not self._graph:
            self._graph, self._names = graph, names_in(graph)
        return self._names

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Answer ``READ`` by ``LINK`` with the items and the open incident that they support, if any."""
        if not isinstance(handoff.payload, TicketRead):
            raise PermanentError(f"triage does not {handoff.intent}")
        ticket = handoff.payload.ticket
        found = items_named(ticket, self._names_of(view.graph))
        incident = supported(found, view.others)
        stated = bool(ticket.item) and ticket.item in found
        reason = f"ticket [{ticket.id}] names {', '.join(found) or 'nothing that is known'}"
        answer = handoff.answer(
            Role.ORCHESTRATOR,
            Intent.LINK,
            TicketLinked(ticket=ticket.id, items=found, incident=incident),
            confidence=_CONFIDENCE[stated] if found else 0.0,
            reasoning=(Prose(reason),),
            evidence=(ticket.id,),
            at=view.at,
        )
        return (answer,)


def items_named(ticket: Ticket, names: Mapping[str, str]) -> tuple[str, ...]:
    """Items that the ticket names, the stated one first; ``names``: item by folded name, see ``names_in``."""
    named = [_fold(ticket.item or ""), *(_fold(value) for value in ticket.attributes.values())]
    stated = [names[key] for key in named if key in names]
    words = _WORD.findall(f"{ticket.title} . {ticket.text[:READ_CHARACTERS]}".casefold())
    return tuple(dict.fromkeys(stated + _mentioned(words, names)))


def _mentioned(words: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Items whose name occurs in the words; of overlapping names the longest counts."""
    found, at = [], 0
    while at < len(words):
        for length in range(min(LONGEST_NAME, len(words) - at), 0, -1):
            item = names.get(" ".join(words[at : at + length]))
            if item is not None:
                found.append(item)
                at += length - 1
                break
        at += 1
    return found


def names_in(graph: Graph) -> dict[str, str]:
    """Item id by folded name, of all items of the graph; ids take precedence over aliases.

    The last part of an id is a name too, where no other item has it.
    """
    names: dict[str, str] = {}
    for item, attributes in graph.attributes.items():
        for attribute in ALIASES:
            for alias in attributes.get(attribute, "").split(","):
                names[_fold(alias)] = item
    short = Counter(last_part(name) for name in graph.names)
    names.update((_fold(last_part(name)), name) for name in graph.names if short[last_part(name)] == 1)
    names.update((_fold(name), name) for name in graph.names)
    return {key: item for key, item in names.items() if len(key) >= SHORTEST_NAME}


def _fold(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def supported(items: Sequence[str], incidents: Iterable[Incident]) -> str | None:
    """The first opened of the open incidents that have one of the items as member, cause or impact."""
    named = set(items)
    for incident in sorted(incidents, key=lambda i: (i.opened_at, i.id)):
        reach = set(incident.entities)
        if incident.diagnosis is not None:
            reach.update(i.entity for i in incident.diagnosis.impact)
            reach.update(h.entity for h in incident.diagnosis.hypotheses[:1])
        if named & reach:
            return incident.id
    return None


def clusters(reports: Sequence[Report], at: int) -> tuple[TicketCluster, ...]:
    """Items that at least ``CLUSTER_TICKETS`` tickets of the last ``CLUSTER_SECONDS`` name."""
    recent = sorted((r for r in reports if r.at >= at - CLUSTER_SECONDS * SECOND), key=lambda r: (r.at, r.ticket))
    by_item: dict[str, list[Report]] = {}
    for report in recent:
        for item in report.items:
            by_item.setdefault(item, []).append(report)
    return tuple(
        TicketCluster(item, found[0].at, tuple(r.ticket for r in found))
        for item, found in sorted(by_item.items())
        if len(found) >= CLUSTER_TICKETS
    )
