"""The transaction of one event: each consequence is applied to the state at once; a refusal undoes all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic_core import PydanticSerializationError

from aiops.control.state import documents as doc
from aiops.control.state.store import ControlState
from aiops.model import earlier
from aiops.model.codec import EVENT, adapter
from aiops.model.durations import SECOND
from aiops.model.effects import Effect
from aiops.model.errors import AiopsError
from aiops.model.events import Event
from aiops.model.incidents import Incident, Line
from aiops.model.journal import JournalEntry, Put, Remove, TimerRow, Transaction
from aiops.model.ledger import Ending
from aiops.model.prose import Prose
from aiops.model.records import TopicPartition
from aiops.model.refusals import Refusal, RefusalKind
from aiops.settings import Settings

STORY: Final = 200
"""Lines that an incident's story keeps: the first ``STORY_HEAD`` and the newest."""
STORY_HEAD: Final = 60
REFUSED: Final = "refused"
"""Kind of the journal entry of a refused event."""


def refusal_in(entry: JournalEntry) -> Refusal | None:
    """The refusal that a journal entry records; None: the event was accepted."""
    if entry.kind != REFUSED:
        return None
    fields = json.loads(entry.consequences)[0]
    kind = RefusalKind(fields["kind"]) if "kind" in fields else earlier.refusal(fields)
    return Refusal(kind, Prose(fields["refused"]))


@dataclass(frozen=True, slots=True)
class Decision:
    """The consequences of one event. They hold only after the journal has committed them."""

    entry: JournalEntry
    documents: tuple[Put | Remove, ...] = ()
    timers_set: tuple[TimerRow, ...] = ()
    timers_gone: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    effects_done: tuple[str, ...] = ()
    refusal: Refusal | None = None
    """Why the event was refused; None: it was accepted."""

    @property
    def ending(self) -> Ending:
        """How the event's message ends in the ledger: applied, duplicate (old news), or dead letter (refused)."""
        if self.refusal is None:
            return Ending.APPLIED
        return Ending.DUPLICATE if self.refusal.kind is RefusalKind.OLD else Ending.DEAD_LETTER


@dataclass(frozen=True, slots=True)
class Writer:
    """The epoch that commits, and how far its inputs were read."""

    domain: str
    epoch: int
    positions: Mapping[TopicPartition, int] = field(default_factory=dict)
    inbox: int | None = None


def together(decisions: Sequence[Decision], writer: Writer, performed: Iterable[str] = ()) -> Transaction:
    """One transaction for a group of decisions; only the last version of each document is written.

    ``performed``: keys of effects that were performed and that no event answers (``Release``, ``Publish``).
    """
    documents: dict[tuple[str, str], tuple[Put | Remove, ...]] = {}
    timers: dict[str, TimerRow | None] = {}
    effects: dict[str, Effect] = {}
    done: dict[str, None] = dict.fromkeys(performed)
    for decision in decisions:
        for write in decision.documents:
            before = documents.get((write.kind, write.key), ())
            # a document must be written in its last version before it is archived
            kept = before[-1:] if isinstance(write, Remove) and write.archive else ()
            documents[write.kind, write.key] = (*kept, write)
        for key in decision.effects_done:
            effects.pop(key, None)
            done[key] = None
        for effect in decision.effects:
            effects[effect.key] = effect
            done.pop(effect.key, None)
        timers.update(dict.fromkeys(decision.timers_gone))
        timers.update((row.id, row) for row in decision.timers_set)
    return Transaction(
        domain=writer.domain,
        epoch=writer.epoch,
        entries=tuple(decision.entry for decision in decisions),
        documents=tuple(write for writes in documents.values() for write in writes),
        timers_set=tuple(row for row in timers.values() if row is not None),
        timers_gone=tuple(name for name, row in timers.items() if row is None),
        effects=tuple(effects.values()),
        effects_done=tuple(done),
        positions=writer.positions,
        inbox=writer.inbox,
    )


class Draft:
    """Collects the consequences of one event and applies each to the state at once."""

    def __init__(self, state: ControlState, event: Event, settings: Settings) -> None:
        self.state = state
        self.event = event
        self.settings = settings
        self.at = event.at
        self.subject = ""
        self._written: list[tuple[str, str, doc.Document | None]] = []
        """Kind, key and the document before the change, in the order of the changes."""
        self._moved: list[tuple[str, TimerRow | None]] = []
        """Id of each changed timer and its row before the change, in the order of the changes."""
        self._archive: set[tuple[str, str]] = set()
        self._effects: dict[str, Effect] = {}
        self._done: dict[str, None] = {}
        self._notes: list[dict[str, Any]] = []

    def after(self, seconds: float) -> int:
        """The time ``seconds`` after the event, ns."""
        return self.at + round(seconds * SECOND)

    def put(self, document: doc.Document) -> None:
        """Add the document, or replace the one of the same kind and key."""
        self._fold(*doc.identity(document), document)

    def remove(self, kind: str, key: str, *, archive: bool = False) -> None:
        """Remove a document; with ``archive`` people can still read it."""
        if key in self.state.kinds[kind]:
            self._fold(kind, key, None)
            if archive:
                self._archive.add((kind, key))

    def _fold(self, kind: str, key: str, value: doc.Document | None) -> None:
        self._written.append((kind, key, self.state.fold(kind, key, value)))

    def changed(self, kind: str) -> list[str]:
        """Keys of the documents of a kind that this event changed."""
        return list(dict.fromkeys(key for written, key, _ in self._written if written == kind))

    def timer(self, name: str, subject: str, due: int, *, id_: str = "") -> None:
        """Set a timer for ``due`` (ns). It replaces the timer of the same id, which defaults to ``name/subject``."""
        row = TimerRow(id=id_ or f"{name}/{subject}", due=due, name=name, subject=subject)
        self._moved.append((row.id, self.state.timers.get(row.id)))
        self.state.timers[row.id] = row
        self._notes.append({"timer": row.id, "due": due})

    def cancel(self, timer: str) -> None:
        """Cancel the timer of this id, if there is one."""
        if timer in self.state.timers:
            self._moved.append((timer, self.state.timers.pop(timer)))

    def effect(self, effect: Effect) -> None:
        """Request an effect; the driver begins it after the commit."""
        self._effects[effect.key] = effect
        self._done.pop(effect.key, None)
        self._notes.append({"effect": effect.type, "key": effect.key})

    def done(self, key: str) -> None:
        """Remove an effect from the outbox: it was answered or is no longer needed."""
        if self._effects.pop(key, None) is None:
            self._done[key] = None

    def note(self, **what: Any) -> None:
        """Add a consequence to the journal entry that no document shows."""
        self._notes.append(what)

    def line(self, incident: str, who: str, what: str, *, ref: str = "") -> None:
        """Add a line to an incident's story."""
        held = self.state.incidents.get(incident)
        if held is not None:
            self.put(replace(held, story=with_line(held.story, Line(self.at, who, Prose(what), ref or self.event.id))))
        self._notes.append({"incident": incident, "who": who, "what": what})

    def incident(self, incident: Incident) -> None:
        """Store a changed incident with the event's time as its time of change."""
        self.put(replace(incident, updated_at=self.at))

    def attempt(self, action: Callable[[], None], about: str) -> bool:
        """Run ``action``; if it is refused, undo only its consequences, add a note and return False."""
        marks = len(self._written), len(self._moved)
        effects, done, notes, subject = dict(self._effects), dict(self._done), list(self._notes), self.subject
        try:
            action()
        except AiopsError as error:
            self._undo(*marks)
            self._effects, self._done, self._notes, self.subject = effects, done, notes, subject
            self.note(dropped=about, because=str(error))
            return False
        return True

    def _undo(self, written: int, moved: int) -> None:
        while len(self._written) > written:
            self.state.fold(*self._written.pop())
        while len(self._moved) > moved:
            name, row = self._moved.pop()
            if row is None:
                self.state.timers.pop(name, None)
            else:
                self.state.timers[name] = row

    # ----------------------------------------------------------------------------------------------------- ends

    def decide(self) -> Decision:
        """The decision; a document that the event both made and removed is in it only if it is archived."""
        writes: list[Put | Remove] = []
        notes: list[dict[str, Any]] = []
        final = {(kind, key): before for kind, key, before in self._written}
        first = {(kind, key): before for kind, key, before in reversed(self._written)}
        for (kind, key), before in reversed(first.items()):
            value = self.state.kinds[kind].get(key)
            archive = (kind, key) in self._archive
            if value is not None:
                if value is not before:
                    writes.append(_put(kind, key, value))
                    notes.append({"put": kind, "key": key})
            elif before is not None or archive:
                last = final[kind, key]
                if archive and last is not None and last is not before:
                    writes.append(_put(kind, key, last))
                writes.append(Remove(kind, key, archive=archive))
                notes.append({"remove": kind, "key": key})
        was = dict(reversed(self._moved))
        now = {name: self.state.timers.get(name) for name in was}
        return Decision(
            entry=self._entry(self.event.type, notes + self._notes),
            documents=tuple(writes),
            timers_set=tuple(row for name, row in now.items() if row is not None and row != was[name]),
            timers_gone=tuple(name for name, row in now.items() if row is None and was[name] is not None),
            effects=tuple(self._effects.values()),
            effects_done=tuple(self._done),
        )

    def refuse(self, refusal: Refusal) -> Decision:
        """Undo all consequences; the decision has only the journal entry of the refusal."""
        self._undo(0, 0)
        fields = {"refused": refusal.reason, "kind": refusal.kind, "old": refusal.kind is RefusalKind.OLD}
        return Decision(entry=self._entry(REFUSED, [fields]), refusal=refusal)

    def _entry(self, kind: str, consequences: list[dict[str, Any]]) -> JournalEntry:
        event = self.event
        try:
            text = EVENT.dump_json(event, by_alias=True).decode()
        except PydanticSerializationError as error:
            text = json.dumps({"type": event.type, "unwritable": str(error)[:300]})
        return JournalEntry(
            event_id=_writable(event.id),
            at=event.at,
            kind=kind,
            subject=_writable(self.subject),
            cause=_writable(event.cause),
            event=text,
            consequences=_writable(json.dumps(consequences, separators=(",", ":"), ensure_ascii=False)),
        )


def _put(kind: str, key: str, value: doc.Document) -> Put:
    return Put(kind, key, adapter(doc.TYPES[kind]).dump_json(value, by_alias=True).decode())


def _writable(text: str) -> str:
    """The text with each lone surrogate, which UTF-8 cannot encode, replaced by a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def with_line(story: tuple[Line, ...], line: Line) -> tuple[Line, ...]:
    """The story with one more line; at ``STORY`` lines the oldest after the first ``STORY_HEAD`` is dropped."""
    if len(story) < STORY:
        return (*story, line)
    return (*story[:STORY_HEAD], *story[STORY_HEAD + 1 :], line)
