"""The tables of the state: each kind of document has one, and the indexes follow from the documents alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Final

from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aiops.control.diagnosis.requests import diagnose
from aiops.control.incident.membership import archive, close, join, merge, reopen, revise
from aiops.control.state.documents import TYPES, BreakerRecord, Work
from aiops.control.state.invariants import broken
from aiops.control.state.lifecycle import LAST, Trigger
from aiops.control.state.store import ControlState
from aiops.control.state.tables import StateTables
from aiops.model.codec import adapter
from aiops.model.errors import AiopsError
from aiops.model.journal import Recovered
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import Refusal, RefusalKind, refusal_of
from aiops.model.reports import Change
from remediations.breakers import Breaker, Position
from tests.unit.control.drafts import Desk
from tests.unit.control.fakes import SECOND, episode

INDEXES: Final = (
    *("members", "open_members", "incidents_of", "episodes_of", "open_on", "aliases", "changes_on", "tripped"),
    *("reserved_by", "live", "_owned"),
)
WHY: Final = Prose("because")
OVER: Final = IncidentOutcome(OutcomeKind.CLEARED)


def indexes(state: StateTables) -> dict[str, object]:
    """All indexes by name."""
    return {name: getattr(state, name) for name in INDEXES}


def reloaded(desk: Desk) -> ControlState:
    """The state that a restart makes of the same documents."""
    bodies: dict[str, dict[str, str]] = defaultdict(dict)
    for kind, key, value in desk.state.documents():
        bodies[kind][key] = adapter(TYPES[kind]).dump_json(value).decode()
    found = Recovered(bodies, tuple(desk.state.timers.values()), (), {}, 0, 0)
    return ControlState.load(found, desk.settings.control)


def test_every_kind_of_document_has_a_table() -> None:
    """A document of a kind without one would be lost."""
    assert set(StateTables().kinds) == set(TYPES)


def test_a_kind_s_table_is_the_named_one() -> None:
    """Each kind has its own."""
    tables = StateTables()
    assert tables.kinds["incident"] is tables.incidents
    assert tables.kinds["breaker"] is tables.breakers
    assert len({id(table) for table in tables.kinds.values()}) == len(tables.kinds)


def test_two_states_share_no_table() -> None:
    """Two domains may run in one process."""
    one, other = StateTables(), StateTables()
    assert not {id(table) for table in one.kinds.values()} & {id(table) for table in other.kinds.values()}


class Operations(RuleBasedStateMachine):
    """Whatever happens to incidents in any order, a restart finds the same indexes."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.number = 0

    def some(self, pick: int, *, last: bool = False) -> str:
        """One of the incidents that are live, or closed."""
        names = [n for n, i in self.desk.state.incidents.items() if (i.state in LAST) == last]
        return names[pick % len(names)] if names else ""

    def try_(self, call: object, *given: object, **named: object) -> None:
        """An operation that may be refused."""
        draft = self.desk.draft()
        assert callable(call)
        try:
            call(draft, *given, **named)
        except AiopsError as error:
            draft.refuse(refusal_of(error))

    @rule(entity=st.sampled_from("abc"))
    def opens(self, entity: str) -> None:
        """A new incident."""
        self.desk.wait(1)
        self.desk.incident(entity)

    @precondition(lambda self: self.some(0))
    @rule(pick=st.integers(0, 9), entity=st.sampled_from("abcd"), ended=st.booleans())
    def joins(self, pick: int, entity: str, ended: bool) -> None:  # noqa: FBT001 (hypothesis passes it)
        """One more episode, perhaps one that is over."""
        self.number += 1
        at = self.desk.at
        more = replace(episode(entity, at, ended_at=at if ended else None), id=f"more-{self.number}")
        self.desk.do(join, self.some(pick), more)

    @precondition(lambda self: self.desk.state.episodes)
    @rule(pick=st.integers(0, 9), ended=st.booleans())
    def revises(self, pick: int, ended: bool) -> None:  # noqa: FBT001 (hypothesis passes it)
        """An episode ends, or comes back."""
        records = list(self.desk.state.episodes.values())
        record = records[pick % len(records)]
        alias = replace(record, folded=(*record.folded, f"alias-{self.desk.number}"))
        at = self.desk.at if ended else None
        newer = replace(record.episode, revision=record.episode.revision + 1, ended_at=at)
        self.desk.do(revise, alias, newer)

    @rule(one=st.integers(0, 9), other=st.integers(0, 9))
    def merges(self, one: int, other: int) -> None:
        """Two become one, unless that is refused."""
        if self.some(one):
            self.try_(merge, self.some(one), self.some(other), why=WHY)

    @precondition(lambda self: self.some(0))
    @rule(pick=st.integers(0, 9))
    def closes(self, pick: int) -> None:
        """It clears."""
        self.try_(close, self.some(pick), Trigger.CLEARED, outcome=OVER)

    @precondition(lambda self: self.some(0, last=True))
    @rule(pick=st.integers(0, 9))
    def reopens(self, pick: int) -> None:
        """It comes back."""
        self.desk.do(reopen, self.some(pick, last=True), WHY)

    @precondition(lambda self: self.some(0, last=True))
    @rule(pick=st.integers(0, 9))
    def archives(self, pick: int) -> None:
        """Nothing more is expected of it."""
        self.desk.do(archive, self.some(pick, last=True))

    @precondition(lambda self: self.some(0))
    @rule(pick=st.integers(0, 9))
    def asks(self, pick: int) -> None:
        """A handoff of it is under way."""
        self.desk.do(diagnose, self.some(pick), WHY)

    @rule()
    def begins(self) -> None:
        """An incident whose plan asked for its budget."""
        self.number += 1
        self.desk.begun(f"svc-{self.number}", key=f"p{self.number}")

    @rule(name=st.sampled_from("ab"), position=st.sampled_from(Position))
    def trips(self, name: str, position: Position) -> None:
        """A breaker moves."""
        self.desk.do(lambda draft: draft.put(BreakerRecord(f"target:{name}", Breaker(position))))

    @rule(name=st.sampled_from("ab"), gone=st.booleans())
    def changes(self, name: str, gone: bool) -> None:  # noqa: FBT001 (hypothesis passes it)
        """A change is reported or forgotten."""
        put = Change(name, "web", self.desk.at, "deploy")
        self.desk.do(lambda draft: draft.remove("change", name) if gone else draft.put(put))

    @invariant()
    def a_restart_finds_the_same(self) -> None:
        """Indexes follow from documents, and no invariant is broken."""
        assert indexes(self.desk.state) == indexes(reloaded(self.desk))
        assert broken(self.desk.state) == []


TestOperations = Operations.TestCase
TestOperations.settings = budget(max_examples=25, stateful_step_count=20, deadline=None)


def test_an_incident_s_open_members_are_counted_as_they_end() -> None:
    """No entry is left for an incident whose members are all well."""
    desk = Desk()
    name = desk.incident("web", "db")
    for number, record in enumerate(list(desk.state.episodes.values()), start=1):
        desk.do(revise, record, replace(record.episode, revision=2, ended_at=desk.at + SECOND))
        assert desk.state.open_members.get(name, 0) == 2 - number
    assert desk.state.open_members == {}


def test_an_undone_write_leaves_no_index_behind() -> None:
    """A refused event is as if it never came."""
    desk = Desk()
    name = desk.incident("web")
    before = {key: dict(value) if isinstance(value, dict) else value for key, value in indexes(desk.state).items()}
    draft = desk.draft()
    join(draft, name, episode("db", desk.at))
    draft.put(Work("INC-9"))
    draft.put(BreakerRecord("global", Breaker(Position.OPEN)))
    draft.refuse(Refusal(RefusalKind.LATE, WHY))
    assert indexes(desk.state) == before
