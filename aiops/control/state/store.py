"""The orchestrator's memory: documents, timers and what is derived from them, changed by one fold only.

Live decisions and recovery go through the same ``fold``, so what a restart finds is what was there. Indexes are never
stored: they follow from documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeVar

from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import LAST
from aiops.control.state.tables import StateTables
from aiops.model.codec import decode
from aiops.model.durations import SECOND
from aiops.model.entities import RUNTIME_ENTITY, Edge, Item
from aiops.model.entity_names import less_specific
from aiops.model.episodes import Source
from aiops.model.handoffs import Role
from aiops.model.incidents import Incident
from aiops.model.journal import Put, Recovered, Remove
from aiops.model.reports import Change
from aiops.settings import Control
from remediations.breakers import Position
from topology.builder import GraphBuilder
from topology.correlation import Correlator
from topology.graph import Graph

SHOWN: Final = 64
"""Entities and episodes that an incident's own document lists; members are exact."""
SMALL_GRAPH: Final = 2_000
"""Items up to which the graph is rebuilt at every change; larger ones may be a few seconds old."""
GRAPH_AGE: Final = 5 * SECOND
Key = TypeVar("Key", str, tuple[str, str])
ORDER: Final = (doc.LEADERSHIP, "account", "item", "edge", "work", "incident", "episode", "member")
"""Kinds that others' indexes rest on are loaded first."""


class ControlState(StateTables):
    """All documents by kind and key, and the indexes over them. Nobody but ``fold`` changes it."""

    def __init__(self, settings: Control) -> None:
        super().__init__()
        self._builder = GraphBuilder()
        self._graph_version = 0
        self._graph = Graph.empty()
        self._graph_at = 0
        self._one: list[tuple[str, ...]] = []
        """Incidents that turned out to be one and nobody was told of yet."""
        self._correlator = Correlator(
            self._graph, hops=settings.correlation_hops, window=round(settings.correlation_seconds * SECOND)
        )

    # ------------------------------------------------------------------------------------------------- recovery

    @classmethod
    def load(cls, recovered: Recovered, settings: Control) -> ControlState:
        """The state that the journal holds; a document that cannot be read raises and names itself."""
        state = cls(settings)
        rest = [kind for kind in recovered.documents if kind not in ORDER]
        for kind in (*ORDER, *rest):
            values = [decode(doc.TYPES[kind], body) for body in recovered.documents.get(kind, {}).values()]
            values.sort(key=_age)
            for value in values:
                state.fold(*doc.identity(value), value)
        for row in recovered.timers:
            state.timers[row.id] = row
        state._one.clear()  # what was to be made of it is in the journal
        return state

    def documents(self) -> Iterator[tuple[str, str, doc.Document]]:
        """Everything it remembers."""
        for kind, held in self.kinds.items():
            for key, value in held.items():
                yield kind, key, value

    # ------------------------------------------------------------------------------------------------- reading

    @property
    def leadership(self) -> doc.LeadershipRecord:
        """Epoch and halt as they are now."""
        return self.leaderships.get("now") or doc.LeadershipRecord()

    @property
    def account(self) -> doc.MembershipAccount:
        """Counts of episodes."""
        return self.accounts.get("episodes") or doc.MembershipAccount()

    def agent(self, role: Role) -> doc.AgentRecord:
        """How an agent does."""
        return self.agents.get(role.value) or doc.AgentRecord(role, 0)

    def item(self, name: str) -> Item | None:
        """The item that describes an entity: its own, else one of a less specific name; None: there is none."""
        for short in less_specific(name):
            held = self.items.get(short)
            if held is not None and not held.item.deleted:
                return held.item if short == name else replace(held.item, id=name)
        return None

    def graph(self, at: int) -> Graph:
        """The graph, rebuilt when it changed; a large one at most every few seconds."""
        fresh = self._graph.version == self._graph_version
        if not fresh and (len(self.items) <= SMALL_GRAPH or at >= self._graph_at + GRAPH_AGE or not self._graph_at):
            self._graph = self._builder.snapshot(self._graph_version)
            self._graph_at = at
            self._one += self._correlator.graph_changed(self._graph)
        return self._graph

    def place(self, entity: str, since: int, at: int) -> tuple[str, ...]:
        """Live incidents that trouble of ``entity`` may belong to, best first."""
        self.graph(at)
        return self._correlator.place(entity, since)

    def found_one(self) -> list[tuple[str, ...]]:
        """Live incidents, oldest first, that turned out to be one since this was asked last."""
        found = [tuple(name for name in names if name in self.live) for names in self._one]
        self._one = []
        return [names for names in found if len(names) > 1]

    def owned(self, owner: str, kind: str) -> list[str]:
        """Keys of the documents of a kind that belong to an incident or a plan."""
        return list(self._owned.get((owner, kind), ()))

    def of_tickets_only(self, incident: str) -> bool:
        """Nothing but users' words speaks of it."""
        return all(self.episodes[e].episode.source is Source.TICKET for e in self.episodes_of.get(incident, ()))

    # ------------------------------------------------------------------------------------------------- the fold

    def fold(self, kind: str, key: str, value: doc.Document | None) -> doc.Document | None:
        """Make ``value`` the document (None: it is gone) and return what was there before."""
        held = self.kinds[kind]
        before: doc.Document | None = held.get(key)
        if value is None:
            held.pop(key, None)
        else:
            held[key] = value
        match value if value is not None else before:
            case doc.EpisodeRecord():
                self._index_episode(before, value)  # type: ignore[arg-type]
            case doc.Member():
                self._index_member(before, value)  # type: ignore[arg-type]
            case Incident():
                self._index_incident(before, value)  # type: ignore[arg-type]
            case doc.ItemRecord() as record:
                self._index_item(record, gone=value is None)
            case Edge() as edge:
                builder = self._builder
                news = builder.observe((edge,)) if value is not None else builder.forget(edge)
                self._graph_version += news
            case Change() as change:
                _toggle(self.changes_on, change.entity, change.id, present=value is not None)
            case doc.BreakerRecord() as record:
                tripped = value is not None and record.breaker.position is not Position.CLOSED
                _toggle(self.tripped, "all", key, present=tripped)
            case doc.SagaRecord():
                self._index_saga(key, before, value)  # type: ignore[arg-type]
            case _:
                pass
        self._index_owner((kind, key), _owner(before), _owner(value))
        return before

    def _index_owner(self, identity: tuple[str, str], before: str | None, after: str | None) -> None:
        kind, key = identity
        if before is not None and before != after:
            _toggle(self._owned, (before, kind), key, present=False)
        if after is not None:
            _toggle(self._owned, (after, kind), key, present=True)

    def _index_saga(self, key: str, before: doc.SagaRecord | None, after: doc.SagaRecord | None) -> None:
        for name in before.saga.reservations if before else ():
            self.reserved_by.pop(name, None)
        for name in after.saga.reservations if after else ():
            self.reserved_by[name] = key

    def apply(self, writes: Iterable[Put | Remove]) -> None:
        """Fold what the journal keeps."""
        for write in writes:
            value = decode(doc.TYPES[write.kind], write.body) if isinstance(write, Put) else None
            self.fold(write.kind, write.key, value)

    def _index_episode(self, before: doc.EpisodeRecord | None, after: doc.EpisodeRecord | None) -> None:
        if before is not None:
            name = before.episode.id
            for alias in before.folded:
                self.aliases.pop(alias, None)
            _toggle(self.episodes_of, before.incident, name, present=False)
            _toggle(self.open_on, before.episode.entity, name, present=False)
        if after is not None:
            name = after.episode.id
            self._graph_version += self._builder.meet(after.episode.entity)
            for alias in after.folded:
                self.aliases[alias] = name
            _toggle(self.episodes_of, after.incident, name, present=True)
            _toggle(self.open_on, after.episode.entity, name, present=after.episode.ended_at is None)

    def _index_member(self, before: doc.Member | None, after: doc.Member | None) -> None:
        for member, sign in ((before, -1), (after, 1)):
            if member is not None and member.open:
                count = self.open_members.pop(member.incident, 0) + sign
                if count:
                    self.open_members[member.incident] = count
        if after is None:
            assert before is not None
            self.members.get(before.incident, {}).pop(before.entity, None)
            if not self.members.get(before.incident):
                self.members.pop(before.incident, None)
            _toggle(self.incidents_of, before.entity, before.incident, present=False)
            return
        self.members.setdefault(after.incident, {})[after.entity] = after
        if before is None:
            _toggle(self.incidents_of, after.entity, after.incident, present=True)
            if after.incident in self.live and after.entity != RUNTIME_ENTITY:
                self._note_merge(self._correlator.open(after.incident, after.entity, after.since))

    def _index_incident(self, before: Incident | None, after: Incident | None) -> None:
        was = before is not None and before.state not in LAST
        now = after is not None and after.state not in LAST
        if now and not was:
            assert after is not None
            self.live[after.id] = None
            for member in self.members.get(after.id, {}).values():
                if member.entity != RUNTIME_ENTITY:
                    self._note_merge(self._correlator.open(after.id, member.entity, member.since))
        elif was and not now:
            assert before is not None
            self.live.pop(before.id, None)
            self._correlator.close(before.id)

    def _note_merge(self, one: tuple[str, ...]) -> None:
        if one:
            self._one.append(one)

    def _index_item(self, record: doc.ItemRecord, *, gone: bool) -> None:
        item = replace(record.item, deleted=True) if gone else record.item
        self._graph_version += self._builder.report(item, record.edges)


def _owner(document: doc.Document | None) -> str | None:
    """The incident or plan that a document belongs to; None: it belongs to none."""
    match document:
        case doc.HandoffRecord():
            return document.handoff.work_item
        case doc.PageRecord():
            return document.page.work_item
        case doc.SagaRecord():
            return document.incident
        case doc.OrderRecord() | doc.QuestionRecord():
            return document.plan
        case _:
            return None


def _toggle(index: dict[Key, dict[str, None]], key: Key, name: str, *, present: bool) -> None:
    if present:
        index.setdefault(key, {})[name] = None
    elif key in index:
        index[key].pop(name, None)
        if not index[key]:
            del index[key]


def _age(value: Any) -> Any:
    """Order in which documents of one kind came to be."""
    match value:
        case Incident():
            return (value.opened_at, value.id)
        case doc.Member():
            return (value.joined_at, value.number, value.entity)
        case doc.EpisodeRecord():
            return (value.episode.opened_at, value.episode.id)
        case doc.HandoffRecord():
            return (value.handoff.at, value.handoff.id)
        case _:
            return ()
