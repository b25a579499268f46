"""Reads CloudEvents of the control topics into events, or returns why a message cannot be used.

``aiops.model.cloudevents`` has the schema of each type. Reading raises for no input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from aiops.model import alertmanager
from aiops.model.cloudevents import ALERTS, CHANGE, EDGES, EPISODE, ITEM, TICKET
from aiops.model.deadletters import DeadLetterReason
from aiops.model.durations import SECOND
from aiops.model.entities import MAIN_DOMAIN, Edge, EdgeKind, Item
from aiops.model.episodes import Episode
from aiops.model.events import ChangeReported, EdgesObserved, EpisodeReported, ItemReported, TicketReceived
from aiops.model.prose import Prose
from aiops.model.reports import Change, Ticket
from aiops.model.times import nanoseconds, rfc3339

MAX_BYTES = 1024 * 1024
"""Largest message, bytes. A larger one is ``TOO_LARGE`` and is not parsed."""
MAX_TEXT = 32 * 1024
"""Longest single text in a message, characters."""
FUTURE = 600 * SECOND
"""A message with a time more than this many ns after its receipt is ``FAR_FUTURE``."""
_INT64 = 2**63

ControlEvent = EpisodeReported | EdgesObserved | ItemReported | ChangeReported | TicketReceived
Pseudonym = Callable[[str], str]
"""Keyed digest of a person's name."""


@dataclass(frozen=True, slots=True)
class UnusableMessage:
    """Why a message cannot be used."""

    reason: DeadLetterReason
    detail: Prose


@dataclass(frozen=True, slots=True)
class Receipt:
    """The context of a message: when it was received, and how to pseudonymise names."""

    at: int
    """Now, ns."""
    pseudonym: Pseudonym | None = None


def decode(value: bytes, receipt: Receipt) -> tuple[ControlEvent, ...] | UnusableMessage:
    """The events of a message, or why it cannot be used. A repeated message gives events with the same ids.

    Raises for no input. An empty value (a tombstone) gives ``()``.
    """
    if not value:
        return ()
    if len(value) > MAX_BYTES:
        return UnusableMessage(DeadLetterReason.TOO_LARGE, Prose(f"{len(value)} bytes, {MAX_BYTES} are taken"))
    try:
        document = from_json(value, allow_inf_nan=False)
    except ValueError as error:
        return UnusableMessage(DeadLetterReason.UNDECODABLE, Prose(str(error)[:300]))
    unsafe = _unsafe(document) if isinstance(document, dict) else "not a JSON object"
    if unsafe:
        return UnusableMessage(DeadLetterReason.SCHEMA_MISMATCH, Prose(unsafe))
    try:
        return _read(document, receipt)
    except ValidationError as error:
        return _refusal(error)


def _read(document: dict[str, Any], receipt: Receipt) -> tuple[ControlEvent, ...] | UnusableMessage:
    if "specversion" not in document and "alerts" in document:
        return _alerts(document, receipt, MAIN_DOMAIN)
    head = _Envelope.model_validate(document)
    if head.type == ALERTS:
        return _alerts(head.data, receipt, head.domain)
    reader = _READERS.get(head.type)
    if reader is None:
        return UnusableMessage(
            DeadLetterReason.UNSUPPORTED, Prose(f"type {head.type[:100]!r}; known: {', '.join(_READERS)}")
        )
    if any(head.data.get(name) == "" for name in ("id", "entity")):
        return UnusableMessage(DeadLetterReason.MISSING_FIELD, Prose("id and entity must not be empty"))
    event, latest = reader(head, receipt)
    if latest > receipt.at + FUTURE:
        return UnusableMessage(DeadLetterReason.FAR_FUTURE, Prose(f"{rfc3339(latest)} at {rfc3339(receipt.at)}"))
    return (event,)


def _alerts(data: Mapping[str, Any], receipt: Receipt, domain: str) -> tuple[ControlEvent, ...] | UnusableMessage:
    webhook = alertmanager.Webhook.model_validate(data)
    episodes = alertmanager.episodes(webhook, receipt.at, domain)
    if any(episode.opened_at > receipt.at + FUTURE for episode in episodes):
        return UnusableMessage(DeadLetterReason.FAR_FUTURE, Prose("an alert starts in the far future"))
    return tuple(
        EpisodeReported(id=f"alert/{episode.id}/{episode.revision}", at=receipt.at, episode=episode, domain=domain)
        for episode in episodes
    )


def _unsafe(document: Any) -> str:
    """Why a parsed document cannot be stored: an integer beyond 64 bits, or NUL in a text. Empty: it can."""
    waiting = [document]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            waiting.extend(found)
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
        elif isinstance(found, str):
            if "\0" in found:
                return "text with a NUL character"
        elif isinstance(found, int) and not -_INT64 <= found < _INT64:
            return "an integer beyond 64 bits"
    return ""


_REASONS = {
    "missing": DeadLetterReason.MISSING_FIELD,
    "finite_number": DeadLetterReason.NOT_A_NUMBER,
    "string_too_long": DeadLetterReason.TOO_LARGE,
    "too_long": DeadLetterReason.TOO_LARGE,
    "bad_time": DeadLetterReason.BAD_TIME,
}


def _refusal(error: ValidationError) -> UnusableMessage:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    reason = _REASONS.get(first["type"], DeadLetterReason.SCHEMA_MISMATCH)
    return UnusableMessage(reason, Prose(f"{place}: {first['msg']}"[:300]))


_Time = Annotated[int, BeforeValidator(nanoseconds)]


class _Envelope(BaseModel):
    """The context attributes that the product uses."""

    model_config = ConfigDict(extra="ignore", frozen=True, str_max_length=MAX_TEXT)

    specversion: str = Field(pattern=r"^1\.0$")
    id: str = Field(min_length=1, max_length=2048)
    source: str = Field(min_length=1, max_length=2048)
    type: str = Field(max_length=256)
    time: _Time | None = None
    domain: str = Field(default=MAIN_DOMAIN, min_length=1, max_length=128)
    data: dict[str, Any]

    def event_id(self) -> str:
        """Source and id are unique together."""
        return f"{self.source}#{self.id}"


class _Data(BaseModel):
    # This configuration also applies to the plain dataclasses in a model's fields.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_max_length=MAX_TEXT)


class _Target(_Data):
    target: str = Field(min_length=1)
    kind: EdgeKind = EdgeKind.CALLS
    origin: str = "cmdb"


class _EpisodeData(_Data):
    data: Episode


class _ItemData(_Data):
    data: Item
    edges: tuple[_Target, ...] = Field(default=(), max_length=10_000)


class _ChangeData(_Data):
    data: Change


class _TicketData(_Data):
    data: Ticket


class _EdgesData(_Data):
    at: _Time
    edges: tuple[Edge, ...] = Field(max_length=10_000)


_Read = tuple[ControlEvent, int]
"""The event, and its latest time that must not lie in the far future, ns."""


def _episode(head: _Envelope, receipt: Receipt) -> _Read:
    found = _EpisodeData.model_validate({"data": head.data | {"domain": head.domain}}).data
    event = EpisodeReported(id=head.event_id(), at=receipt.at, episode=found, domain=head.domain)
    return event, found.opened_at


def _edges(head: _Envelope, receipt: Receipt) -> _Read:
    found = _EdgesData.model_validate(head.data)
    return EdgesObserved(id=head.event_id(), at=receipt.at, edges=found.edges, domain=head.domain), found.at


def _item(head: _Envelope, receipt: Receipt) -> _Read:
    data = head.data | {"domain": head.domain}
    listed = data.pop("edges", ())
    found = _ItemData.model_validate({"data": data, "edges": listed})
    edges = tuple(Edge(found.data.id, edge.target, edge.kind, edge.origin) for edge in found.edges)
    event = ItemReported(id=head.event_id(), at=receipt.at, item=found.data, edges=edges, domain=head.domain)
    return event, 0


def _change(head: _Envelope, receipt: Receipt) -> _Read:
    found = _ChangeData.model_validate({"data": _timed(head, receipt, "author")}).data
    return ChangeReported(id=head.event_id(), at=receipt.at, change=found, domain=head.domain), found.at


def _ticket(head: _Envelope, receipt: Receipt) -> _Read:
    found = _TicketData.model_validate({"data": _timed(head, receipt, "requester")}).data
    return TicketReceived(id=head.event_id(), at=receipt.at, ticket=found, domain=head.domain), found.at


class _When(_Data):
    at: _Time


def _timed(head: _Envelope, receipt: Receipt, person: str) -> dict[str, Any]:
    """The data with its time in ns and with the person's name replaced by a pseudonym or dropped."""
    stated = head.data.get("at")
    if stated is None:
        stated = receipt.at if head.time is None else head.time
    name = head.data.get(person)
    hidden = receipt.pseudonym(name) if receipt.pseudonym and isinstance(name, str) and name else ""
    return head.data | {"at": _When(at=stated).at, person: hidden, "domain": head.domain}


_READERS: Mapping[str, Callable[[_Envelope, Receipt], _Read]] = {
    EPISODE: _episode,
    EDGES: _edges,
    ITEM: _item,
    CHANGE: _change,
    TICKET: _ticket,
}
