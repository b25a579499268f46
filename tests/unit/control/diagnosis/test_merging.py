"""Which of two incidents is kept, when a merge waits for a plan, and what is refused, called one by one."""

from __future__ import annotations

import pytest

from aiops.control.diagnosis.merging import (
    WAIT_SECONDS,
    merge_found,
    merge_later,
    merge_proposed,
    merge_waiting,
)
from aiops.control.events.intake import item_reported
from aiops.model.effects import HandOff
from aiops.model.entities import Edge, Item
from aiops.model.events import ItemReported
from aiops.model.incidents import IncidentState
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from tests.unit.control.drafts import Desk, effects
from tests.unit.control.fakes import START

WHY = Prose("both need the database")


def test_the_older_incident_is_kept_whoever_proposes() -> None:
    """It has the longer story, and its pages."""
    for first, second in (("INC-1", "INC-2"), ("INC-2", "INC-1")):
        desk = Desk()
        desk.incident("web")
        desk.wait(1)
        desk.incident("shop")
        desk.do(merge_proposed, first, second, why=WHY)
        assert list(desk.state.incidents) == ["INC-1"]
        assert set(desk.state.members["INC-1"]) == {"web", "shop"}


def test_at_the_same_time_the_lower_number_is_the_older() -> None:
    """Numbers are compared as numbers: 9 before 10."""
    desk = Desk()
    names = [desk.incident(f"svc-{number}") for number in range(10)]
    desk.do(merge_proposed, names[9], names[8], why=WHY)
    assert "INC-9" in desk.state.incidents
    assert "INC-10" not in desk.state.incidents


def test_a_person_s_incident_is_kept_before_an_older_one() -> None:
    """Whoever has it must not lose it."""
    desk = Desk()
    desk.incident("web")
    desk.wait(1)
    desk.incident("shop", state=IncidentState.ESCALATED)
    desk.do(merge_proposed, "INC-1", "INC-2", why=WHY)
    assert list(desk.state.incidents) == ["INC-2"]


def test_a_merge_asks_for_a_diagnosis_of_the_whole() -> None:
    """The old one knew only a part."""
    desk = Desk()
    desk.incident("web")
    desk.incident("shop")
    decision = desk.do(merge_proposed, "INC-1", "INC-2", why=WHY)
    (sent,) = effects(decision, HandOff)
    assert sent.handoff.payload.reason == "merged with INC-2"


@pytest.mark.parametrize("other", ["INC-9", "INC-2", ""])
def test_what_does_not_exist_or_is_the_runtime_s_own_is_not_merged(other: str) -> None:
    """INC-2 is about the runtime; it never leads to an action, and the other one may."""
    desk = Desk()
    desk.incident("web")
    desk.runtime_incident()
    assert desk.refused(merge_proposed, "INC-1", other, why=WHY).kind is RefusalKind.NOT_PERMITTED


def test_the_runtime_s_incident_takes_nothing_over() -> None:
    """Also when analysis proposes it from that side."""
    desk = Desk()
    desk.runtime_incident()
    desk.incident("web")
    assert desk.refused(merge_proposed, "INC-1", "INC-2", why=WHY).kind is RefusalKind.NOT_PERMITTED


def test_an_incident_cannot_be_merged_with_itself() -> None:
    """Analysis may be wrong."""
    desk = Desk()
    desk.incident("web")
    assert desk.refused(merge_proposed, "INC-1", "INC-1", why=WHY).kind is RefusalKind.LATE


# ------------------------------------------------------------------------------------------------------- waiting


def two_plans() -> Desk:
    """Two incidents, each with a plan under way."""
    desk = Desk()
    desk.begun("web")
    desk.begun("shop")
    return desk


def test_two_plans_under_way_are_not_disturbed() -> None:
    """The merge waits; the story says once that it does."""
    desk = two_plans()
    for _ in range(2):
        desk.do(merge_proposed, "INC-1", "INC-2", why=WHY)
    assert list(desk.state.incidents) == ["INC-1", "INC-2"]
    assert desk.due_in("merge/INC-1\nINC-2") == WAIT_SECONDS
    waits = "orchestrator: INC-2 has the same cause; it is merged once no plan prevents it"
    assert desk.story("INC-1").count(waits) == 1


def test_an_incident_whose_people_were_paged_waits_for_a_plan() -> None:
    """Its pages must not vanish into an incident that acts by itself."""
    desk = Desk()
    desk.incident("shop", state=IncidentState.ESCALATED)
    desk.begun("web")
    desk.do(merge_proposed, "INC-1", "INC-2", why=WHY)
    assert list(desk.state.incidents) == ["INC-1", "INC-2"]
    assert "merge/INC-1\nINC-2" in desk.state.timers


def test_the_timer_tries_again_until_a_plan_is_over() -> None:
    """First it waits on, then it merges."""
    desk = two_plans()
    desk.do(merge_later, "INC-1\nINC-2")
    assert desk.due_in("merge/INC-1\nINC-2") == WAIT_SECONDS
    desk.at_rest("INC-2", IncidentState.DIAGNOSING)
    desk.do(merge_later, "INC-1\nINC-2")
    assert list(desk.state.incidents) == ["INC-1"]


@pytest.mark.parametrize("pair", ["INC-1\nINC-2", "INC-1\nINC-9", "INC-1", ""])
def test_a_merge_with_what_is_closed_or_gone_is_given_up(pair: str) -> None:
    """INC-2 is closed."""
    desk = Desk()
    desk.incident("web")
    desk.incident("shop", state=IncidentState.RESOLVED)
    assert desk.do(merge_later, pair).documents == ()


def test_the_end_of_a_plan_makes_its_merges_now() -> None:
    """It need not wait for the timer; merges of others wait on."""
    desk = two_plans()
    desk.begun("mail")
    desk.do(merge_proposed, "INC-1", "INC-2", why=WHY)
    desk.do(merge_proposed, "INC-1", "INC-3", why=WHY)
    desk.at_rest("INC-2", IncidentState.DIAGNOSING)
    desk.do(merge_waiting, "INC-2")
    assert list(desk.state.incidents) == ["INC-1", "INC-3"]
    assert [name for name in desk.state.timers if name.startswith("merge/")] == ["merge/INC-1\nINC-3"]


# --------------------------------------------------------------------------------------------------------- found


def test_callers_of_one_item_are_merged_once_enough_are_abnormal() -> None:
    """Half of its nine callers make the item their common cause; the oldest incident takes the others over."""
    desk = Desk()
    for number in range(9):
        item = ItemReported(
            id=f"i{number}", at=START, item=Item(f"svc-{number}"), edges=(Edge(f"svc-{number}", "hub"),)
        )
        desk.do(item_reported, item)
    desk.state.graph(START)
    for number in range(4):
        desk.incident(f"svc-{number}")
        assert desk.do(merge_found).documents == ()
    desk.incident("svc-4")
    (sent,) = effects(desk.do(merge_found), HandOff)
    assert sent.handoff.payload.reason == "merged with INC-2, INC-3, INC-4, INC-5"
    assert list(desk.state.incidents) == ["INC-1"]
    assert len(desk.state.members["INC-1"]) == 5
    assert desk.do(merge_found).documents == ()


def test_nothing_found_changes_nothing() -> None:
    """Two incidents that need nothing of each other stay two."""
    desk = Desk()
    desk.incident("web")
    desk.incident("mail")
    assert desk.do(merge_found).documents == ()
