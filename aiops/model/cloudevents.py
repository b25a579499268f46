"""CloudEvents 1.0 (JSON, structured mode) of the control topics: their schemas and how to write them.

Every message is ``{"specversion": "1.0", "id", "source", "type", "subject"?, "time"?, "domain"?, "data"}``; other
context attributes are ignored, ``data`` is strict: a field that its schema does not know is a schema mismatch. ``at``
is an integer in ns UTC or an RFC 3339 string; the product writes integers. The ``type`` ends in the schema's version.

============================ ============== ==========================================================================
type                         topic          data (``?``: optional)
============================ ============== ==========================================================================
``io.aiops.episode.v1``      anomalies      fields of ``aiops.model.episodes.Episode`` with its ``signals``
``io.aiops.edges.v1``        anomalies      ``{"at", "edges": [{"source", "target", "kind"?, "origin"?, "seen_at"?,
                                            "weight"?}]}``
``io.aiops.item.v1``         cmdb           fields of ``aiops.model.entities.Item`` (only ``id`` is needed) and
                                            ``edges"?: [{"target", "kind"?, "origin"?}]``, complete for its origin
``io.aiops.change.v1``       changes        ``{"id", "entity", "at"?, "kind", "summary"?, "instances"?, "author"?,
                                            "reversible"?, "version"?}``; without ``at`` the envelope's ``time``
``io.aiops.ticket.v1``       tickets        ``{"id", "at"?, "title", "text"?, "item"?, "requester"?, "attributes"?}``
``io.aiops.alerts.v1``       alerts         Alertmanager's webhook body; it is taken without an envelope too
============================ ============== ==========================================================================

An item is deleted by ``"deleted": true``; an empty value (a tombstone for compaction) is ignored. The reader replaces
names of authors and requesters by ``Receipt.pseudonym``, and drops them if there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from aiops.model.codec import adapter
from aiops.model.entities import MAIN_DOMAIN, Edge, Item
from aiops.model.episodes import Episode
from aiops.model.reports import Change, Ticket
from aiops.model.times import rfc3339

EPISODE = "io.aiops.episode.v1"
EDGES = "io.aiops.edges.v1"
ITEM = "io.aiops.item.v1"
CHANGE = "io.aiops.change.v1"
TICKET = "io.aiops.ticket.v1"
ALERTS = "io.aiops.alerts.v1"


def envelope(kind: str, identity: tuple[str, str], data: Mapping[str, Any], *, at: int, subject: str = "",
             domain: str = MAIN_DOMAIN) -> dict[str, Any]:  # fmt: skip
    """A CloudEvent around ``data``; ``identity`` is (source, id), unique together."""
    source, name = identity
    event = {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": rfc3339(at),
        "datacontenttype": "application/json",
        "domain": domain,
        "data": dict(data),
    }
    return event if subject else {key: value for key, value in event.items() if key != "subject"}


def encode(event: Mapping[str, Any]) -> bytes:
    """The event as JSON bytes; equal events give equal bytes."""
    return to_json(event, inf_nan_mode="null")


def of_episode(episode: Episode) -> dict[str, Any]:
    """One revision of an episode, for the topic of anomalies; key it by ``episode.entity``."""
    identity = (f"/monitoring/{episode.slot}", f"{episode.id}/{episode.revision}/{episode.generation}")
    data = adapter(Episode).dump_python(episode, by_alias=True)
    return envelope(EPISODE, identity, data, at=episode.watermark, subject=episode.entity, domain=episode.domain)


def of_edges(edges: tuple[Edge, ...], source: str, at: int, *, domain: str = MAIN_DOMAIN) -> dict[str, Any]:
    """Edges observed by ``source`` (a slot, for example) up to ``at`` (ns)."""
    data = {"at": at, "edges": [asdict(edge) for edge in edges]}
    return envelope(EDGES, (source, f"edges/{at}"), data, at=at, domain=domain)


def of_item(item: Item, edges: tuple[Edge, ...], at: int, *, source: str = "/cmdb") -> dict[str, Any]:
    """An item with all its outgoing edges; key it by ``item.id``."""
    data = asdict(item) | {
        "edges": [{"target": edge.target, "kind": edge.kind, "origin": edge.origin} for edge in edges]
    }
    identity = (source, f"{item.id}/{item.version}/{at}")
    return envelope(ITEM, identity, data, at=at, subject=item.id, domain=item.domain)


def of_change(change: Change, source: str = "/changes") -> dict[str, Any]:
    """A change; key it by ``change.entity``."""
    identity = (source, change.id)
    return envelope(CHANGE, identity, asdict(change), at=change.at, subject=change.entity, domain=change.domain)


def of_ticket(ticket: Ticket, source: str = "/tickets") -> dict[str, Any]:
    """A ticket; key it by ``ticket.id``."""
    return envelope(TICKET, (source, ticket.id), asdict(ticket), at=ticket.at, subject=ticket.id, domain=ticket.domain)
