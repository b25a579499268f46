"""Telemetry and configuration taken in one by one: what is upserted, placed, folded, refused or forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.control.events.intake import (
    EDGE_FRESH,
    EDGE_KEPT,
    change_reported,
    cleared,
    edges_observed,
    episode_reported,
    expire,
    item_reported,
    take_episode,
)
from aiops.control.incident.membership import close
from aiops.control.state.lifecycle import Trigger
from aiops.model.effects import HandOff
from aiops.model.entities import RUNTIME_ENTITY, Edge, Item
from aiops.model.episodes import Source
from aiops.model.events import ChangeReported, EdgesObserved, EpisodeReported, ItemReported
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from aiops.model.reports import Change
from tests.unit.control.drafts import Desk, effects
from tests.unit.control.fakes import SECOND, START, episode

OVER = IncidentOutcome(OutcomeKind.CLEARED)


def item(name: str, **fields: Any) -> ItemReported:
    """One item of the CMDB."""
    return ItemReported(id=f"i/{name}", at=START, item=Item(name, **fields))


def edges(*found: Edge) -> EdgesObserved:
    """Edges that were seen in spans."""
    return EdgesObserved(id="edges", at=START, edges=found)


def change(name: str = "c1", **fields: Any) -> ChangeReported:
    """A deployment of web."""
    return ChangeReported(id=f"e/{name}", at=START, change=Change(name, "web", START, "deploy", **fields))


# ------------------------------------------------------------------------------------------------------- episodes


def test_an_event_is_its_episode() -> None:
    """Reported from outside, or made from tickets: the same upsert."""
    one, other = Desk(), Desk()
    told = episode("web", START)
    one.do(episode_reported, EpisodeReported(id="e", at=START, episode=told))
    other.do(take_episode, told)
    assert list(one.state.episodes.values()) == list(other.state.episodes.values())


def test_an_episode_that_is_over_when_it_is_first_heard_of_opens_and_closes_its_incident() -> None:
    """It was short; nobody is asked for its cause."""
    desk = Desk()
    decision = desk.do(take_episode, episode("web", START, ended_at=START + SECOND))
    assert desk.stated("INC-1") == "resolved"
    assert effects(decision, HandOff) == []


def test_the_end_of_the_last_member_clears_an_early_incident() -> None:
    """One that is still abnormal keeps it open; so does a plan under way."""
    desk = Desk()
    name = desk.incident("web", "db")
    web, db = [record.episode for record in desk.state.episodes.values()]
    desk.do(take_episode, replace(web, revision=2, ended_at=START))
    assert desk.stated(name) == "open"
    desk.do(take_episode, replace(db, revision=2, ended_at=START))
    assert desk.state.incidents[name].ended_as is OutcomeKind.CLEARED


def test_an_incident_with_a_plan_under_way_is_not_cleared() -> None:
    """The plan is verified first."""
    desk = Desk()
    name, _ = desk.begun()
    (record,) = desk.state.episodes.values()
    desk.do(take_episode, replace(record.episode, revision=2, ended_at=START))
    assert desk.stated(name) == "acting"


@pytest.mark.parametrize(
    ("state", "kind"),
    [(IncidentState.ESCALATED, OutcomeKind.CLEARED_WITH_PERSON), (IncidentState.SUPPRESSED, OutcomeKind.CLEARED)],
)
def test_an_incident_that_clears_says_who_had_it(state: IncidentState, kind: OutcomeKind) -> None:
    """For the report on the runtime's own work."""
    desk = Desk()
    name = desk.incident("web", state=state)
    (record,) = desk.state.episodes.values()
    desk.do(take_episode, replace(record.episode, revision=2, ended_at=START))
    assert desk.state.incidents[name].ended_as is kind


def test_a_shadow_decision_is_the_outcome_of_what_clears() -> None:
    """Otherwise nobody would see what would have been done."""
    desk = Desk()
    name = desk.incident("web", state=IncidentState.AWAITING_APPROVAL)
    would = IncidentOutcome(OutcomeKind.SHADOW, Prose("restart web"))
    desk.change(name, outcome=would, shadow=True)
    (record,) = desk.state.episodes.values()
    desk.do(take_episode, replace(record.episode, revision=2, ended_at=START))
    assert desk.state.incidents[name].outcome == would


def test_the_runtime_s_own_incident_is_not_cleared_by_members() -> None:
    """It has none; its topic is over when nothing more is heard of it."""
    desk = Desk()
    name = desk.runtime_incident()
    desk.do(cleared, name)
    assert desk.stated(name) == "open"


def test_the_same_entity_within_the_settle_time_is_the_same_incident() -> None:
    """It came back."""
    desk = Desk()
    name = desk.incident("web")
    (record,) = desk.state.episodes.values()
    desk.do(take_episode, replace(record.episode, revision=2, ended_at=START))
    desk.wait(10)
    desk.do(take_episode, episode("web", desk.at))
    assert list(desk.state.incidents) == [name]
    assert desk.stated(name) == "diagnosing"
    assert desk.state.work[name].reopened == 1


def test_two_troubles_of_the_runtime_are_two_incidents() -> None:
    """One by metric: a full disk and a slow broker have little to do with each other."""
    desk = Desk()
    for number, metric in enumerate(("disk", "broker", "disk")):
        told = replace(episode(RUNTIME_ENTITY, START), id=f"r{number}", source=Source.RUNTIME)
        signal = replace(told.signals[0], metric=metric)
        desk.do(take_episode, replace(told, signals=(signal,)))
    assert [len(names) for names in desk.state.episodes_of.values()] == [2, 1]


def test_two_alerts_on_one_entity_stay_two_episodes() -> None:
    """Each has its own end; they are one member."""
    desk = Desk()
    for name in ("a", "b"):
        desk.do(take_episode, replace(episode("web", START), id=name, source=Source.ALERT))
    assert desk.state.members["INC-1"]["web"].episodes == 2
    assert desk.state.aliases == {}


def test_a_folded_report_that_is_older_is_refused() -> None:
    """Two shards may tell of one entity; the newer watermark counts."""
    desk = Desk()
    first = replace(episode("web", START), watermark=START + 10)
    again = replace(episode("web", START + 1), watermark=START + 20)
    desk.do(take_episode, first)
    desk.do(take_episode, again)
    late = replace(again, revision=9, watermark=START + 15)
    assert desk.refused(take_episode, late).kind is RefusalKind.OLD
    assert desk.state.aliases == {again.id: first.id}


def test_an_old_owner_of_a_slot_is_refused_and_an_alert_has_no_slot() -> None:
    """Alerts come from outside: their generation says nothing."""
    desk = Desk()
    desk.do(take_episode, replace(episode("web", START), slot=3, generation=7))
    old = replace(episode("db", START), slot=3, generation=6)
    assert desk.refused(take_episode, old).kind is RefusalKind.OLD
    desk.do(take_episode, replace(old, source=Source.ALERT))


@pytest.mark.parametrize(
    "changes",
    [{"id": ""}, {"entity": ""}, {"severity": float("inf")}, {"domain": "elsewhere"}],
)
def test_a_hostile_episode_leaves_nothing(changes: dict[str, Any]) -> None:
    """Not even a slot's generation."""
    desk = Desk()
    told = replace(episode("web", START), slot=1, generation=9)
    desk.refused(take_episode, replace(told, **changes))
    assert desk.state.slots == {}


# -------------------------------------------------------------------------------------------------------- the CMDB


def test_an_item_is_stored_with_its_edges_and_an_older_version_is_refused() -> None:
    """A replayed topic must not turn the estate back."""
    desk = Desk()
    desk.do(item_reported, item("web", version=2))
    assert desk.refused(item_reported, item("web", version=1)).kind is RefusalKind.OLD
    assert desk.refused(item_reported, item("web", version=2)).kind is RefusalKind.OLD
    desk.do(item_reported, item("web", version=2, owner="team"))
    assert desk.state.items["web"].item.owner == "team"


@pytest.mark.parametrize("fields", [{"value_per_minute": float("nan")}, {"value_per_minute": float("-inf")}])
def test_an_item_without_an_id_or_a_real_value_is_refused(fields: dict[str, Any]) -> None:
    """Sums over items would be no number any more."""
    assert Desk().refused(item_reported, item("web", **fields)).kind is RefusalKind.MALFORMED
    assert Desk().refused(item_reported, item("")).kind is RefusalKind.MALFORMED


# ----------------------------------------------------------------------------------------------------------- edges


def test_an_unchanged_edge_is_written_again_only_after_a_while() -> None:
    """Spans tell of it every second."""
    desk = Desk()
    desk.do(edges_observed, edges(Edge("web", "db", seen_at=START)))
    assert desk.do(edges_observed, edges(Edge("web", "db", seen_at=START + EDGE_FRESH - 1))).documents == ()
    desk.do(edges_observed, edges(Edge("web", "db", seen_at=START + EDGE_FRESH)))
    assert [edge.seen_at for edge in desk.state.edges.values()] == [START + EDGE_FRESH]


@pytest.mark.parametrize(
    "edge",
    [Edge("", "db"), Edge("web", ""), Edge("web", "web"), Edge("web", "db", weight=float("nan"))],
)
def test_an_edge_from_nowhere_to_itself_or_without_a_weight_is_left_out(edge: Edge) -> None:
    """The others of the same report count."""
    desk = Desk()
    desk.do(edges_observed, edges(edge, Edge("web", "cache", seen_at=START)))
    assert [held.target for held in desk.state.edges.values()] == ["cache"]


def test_an_edge_that_is_not_seen_for_a_day_is_forgotten() -> None:
    """To the nanosecond; an edge that is seen stays, in the graph too."""
    desk = Desk()
    desk.do(edges_observed, edges(Edge("web", "db", seen_at=START), Edge("web", "cache", seen_at=START + 1)))
    desk.at = START + EDGE_KEPT
    assert desk.do(expire).documents == ()
    desk.at += 1
    desk.do(expire)
    assert [edge.target for edge in desk.state.edges.values()] == ["cache"]
    assert [name for name, _ in desk.state.graph(desk.at).needs_of("web")] == ["cache"]


# --------------------------------------------------------------------------------------------------------- changes


def test_a_change_is_told_to_open_incidents_of_its_entity() -> None:
    """Closed ones are over; a long summary is cut."""
    desk = Desk()
    closed = desk.incident("web")
    desk.do(close, closed, Trigger.CLEARED, outcome=OVER)
    desk.wait(1)
    name = desk.incident("web")
    desk.do(change_reported, change(summary=Prose("x" * 1000)))
    assert desk.story(name)[-1].startswith("changes: deploy of web: xxx")
    assert len(desk.story(name)[-1]) < 300
    assert not any(line.startswith("changes:") for line in desk.story(closed))


def test_a_change_counts_once() -> None:
    """The same id again is old; none is malformed."""
    desk = Desk()
    desk.do(change_reported, change())
    assert desk.refused(change_reported, change()).kind is RefusalKind.OLD
    assert desk.refused(change_reported, change("")).kind is RefusalKind.MALFORMED
    assert desk.state.changes_on == {"web": {"c1": None}}
