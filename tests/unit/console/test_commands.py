"""Commands of people: checked against the journal, written once, and understood by the orchestrator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from aiops.console.command_inbox import NotNowError, UnknownError, WrongError
from aiops.console.commands import Commands
from aiops.console.stories import listed, story
from aiops.model.codec import encode
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.incidents import IncidentState
from aiops.model.journal import JournalRow
from aiops.model.plans import Oversight
from aiops.ports import JournalReader
from tests.unit.console.estate import LoopClock, hand_over, waiting
from tests.unit.control.fakes import Loop, settings


@dataclass
class WithMerged:
    """The journal with an archived incident INC-2."""

    journal: JournalReader
    merged: str

    def document(self, kind: str, key: str, domain: str = MAIN_DOMAIN) -> str | None:
        """INC-2 is in the archive."""
        return self.merged if (kind, key) == ("incident", "INC-2") else self.journal.document(kind, key, domain)

    def documents(self, kind: str, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """As they are."""
        return self.journal.documents(kind, domain)

    def archived(self, kind: str, limit: int = 100, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """As they are."""
        return self.journal.archived(kind, limit, domain)

    def rows(
        self, after: int = 0, limit: int = 1000, subject: str | None = None, *, domain: str = MAIN_DOMAIN
    ) -> list[JournalRow]:
        """As they are."""
        return self.journal.rows(after, limit, subject, domain=domain)


def commands(loop: Loop) -> Commands:
    return Commands(loop.journal, loop.journal, LoopClock(loop))


def state(loop: Loop) -> IncidentState:
    found = story(loop.journal, "INC-1")
    assert found is not None
    return found.incident.state


def test_an_approval_starts_the_plan_and_heals() -> None:
    """One approver is enough where one is asked for."""
    loop = waiting()

    told = commands(loop).approve("INC-1", "ann")
    hand_over(loop)

    assert told.new
    assert state(loop) is IncidentState.RESOLVED
    assert [key for key, _ in loop.target.done] != []


def test_only_what_was_seen_is_approved() -> None:
    """Another plan, or the same one on newer knowledge, is refused with what waits now; nothing is written."""
    loop = waiting()
    shown = story(loop.journal, "INC-1")
    assert shown is not None
    plan, _, version = shown.seen.partition("@")
    for stale in (f"{plan}@{int(version) - 1}", f"{plan}-other@{version}", "", "x\ny" * 500):
        with pytest.raises(NotNowError, match=f"{plan}@{version} waits now"):
            commands(loop).approve("INC-1", "ann", stale)
    assert loop.journal.read_inbox(0) == []
    assert commands(loop).approve("INC-1", "ann", shown.seen).new
    hand_over(loop)
    assert state(loop) is IncidentState.RESOLVED
    after = story(loop.journal, "INC-1")
    assert after is not None
    assert after.seen == ""


def test_a_second_click_writes_nothing() -> None:
    """The row's key names incident, plan and person."""
    loop = waiting()
    first, second = (commands(loop).approve("INC-1", "ann") for _ in range(2))

    assert (first.new, second.new) == (True, False)
    assert len([row for row in loop.journal.read_inbox(0) if row.key.startswith("approve/")]) == 1


def test_two_approvers_are_two_people() -> None:
    """The first approval counts but does not start it; the same person cannot give the second."""
    loop = waiting(Oversight.TWO_APPROVERS)

    assert "1 more must" in commands(loop).approve("INC-1", "ann").text
    hand_over(loop)
    assert state(loop) is IncidentState.AWAITING_APPROVAL
    with pytest.raises(NotNowError, match="another person"):
        commands(loop).approve("INC-1", "ann")
    commands(loop).approve("INC-1", "bob")
    hand_over(loop)
    assert state(loop) is IncidentState.RESOLVED


def test_a_rejection_hands_it_to_a_person_and_keeps_the_reason() -> None:
    """The reason is in the story, on one line."""
    loop = waiting()

    commands(loop).reject("INC-1", "ann", "not\nnow,   please")
    hand_over(loop)

    found = story(loop.journal, "INC-1")
    assert found is not None
    assert found.incident.state is IncidentState.ESCALATED
    assert any(line.who == "ann" and "not now, please" in line.what for line in found.incident.story)
    assert not loop.target.done


def test_a_plan_or_a_page_names_its_incident() -> None:
    """People paste what they see."""
    loop = waiting()
    found = story(loop.journal, "INC-1")
    assert found is not None

    assert commands(loop).incident(found.plans[0].id).id == "INC-1"
    assert commands(loop).incident(found.pages[0].page.key).id == "INC-1"


def test_what_does_not_fit_is_refused_with_the_reason() -> None:
    """Unknown incidents, states that fit no command, and senseless numbers write nothing."""
    loop = waiting()
    told = commands(loop)
    before = len(loop.journal.read_inbox(0))

    with pytest.raises(UnknownError, match="INC-9"):
        told.approve("INC-9", "ann")
    with pytest.raises(NotNowError, match="awaiting-approval"):
        told.close("INC-1", "ann")
    with pytest.raises(NotNowError, match="stuck"):
        told.take_over("INC-1", "ann")
    with pytest.raises(WrongError, match="name"):
        told.approve("INC-1", "  ")
    with pytest.raises(WrongError, match="name"):
        told.switch.halt("a\nb")
    for shards in (0, 5):
        with pytest.raises(WrongError, match="1 to 4"):
            told.scale(shards, "ann", 4)
    for minutes in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(WrongError):
            told.suppress("INC-1", "ann", minutes)
    assert len(loop.journal.read_inbox(0)) == before
    assert not loop.journal.halt_state().halted


def test_halt_works_on_the_table_and_is_never_lost() -> None:
    """Each halt is a new generation, also while halted; resume is only written when there is something to resume."""
    loop = Loop(settings())
    switch = commands(loop).switch

    assert not switch.resume("ann").new
    switch.halt("ann", "looks wrong")
    switch.halt("bob")
    halted = loop.journal.halt_state()
    assert (halted.generation, halted.halted, halted.who) == (2, True, "bob")
    assert switch.resume("ann").new
    assert not loop.journal.halt_state().halted
    loop.runtime.wake()


def test_halted_means_that_nothing_is_begun() -> None:
    """An approval under halt executes nothing."""
    loop = waiting()
    loop.runtime.command("halt", "", "ann")

    commands(loop).approve("INC-1", "ann")
    hand_over(loop)

    assert not loop.target.done


def test_acknowledging_takes_the_page_once() -> None:
    """No higher level is paged, and there is nothing left to acknowledge for a second person to change."""
    loop = waiting()

    assert commands(loop).acknowledge("INC-1", "ann").new
    hand_over(loop)
    loop.wait(settings().control.acknowledge_seconds + 10)

    found = story(loop.journal, "INC-1")
    assert found is not None
    assert found.pages[0].acknowledged_by == "ann"
    assert {page.level for page in loop.target.pages if page.key.startswith("INC-1/approval")} == {0}


def test_acknowledging_a_merged_incident_means_the_one_that_was_kept() -> None:
    """A page names the incident that was merged."""
    loop = waiting()
    held = loop.runtime.orchestrator.state.incidents["INC-1"]
    merged = replace(held, id="INC-2", state=IncidentState.MERGED, merged_into="INC-1")
    reader = WithMerged(loop.journal, encode(merged))
    told = Commands(loop.journal, reader, LoopClock(loop)).acknowledge("INC-2", "ann")
    assert told.text == "INC-1: ann acknowledged the page"
    with pytest.raises(NotNowError, match="no plan of INC-1 is stuck"):
        Commands(loop.journal, reader, LoopClock(loop)).take_over("INC-2", "ann")


def test_suppressing_and_closing_by_a_person() -> None:
    """A suppressed incident is silent; an escalated one can be closed."""
    loop = waiting()
    commands(loop).suppress("INC-1", "ann", 30)
    hand_over(loop)
    assert state(loop) is IncidentState.SUPPRESSED

    other = waiting()
    commands(other).reject("INC-1", "ann")
    hand_over(other)
    commands(other).close("INC-1", "ann")
    hand_over(other)
    assert state(other) is IncidentState.RESOLVED


def test_scaling_is_a_row_that_the_fleet_reads() -> None:
    """The body is what the fleet's keeper parses."""
    loop = Loop(settings())

    assert commands(loop).scale(3, "ann", 4).new

    (row,) = [row for row in loop.journal.read_inbox(0) if row.kind == "scale"]
    assert (row.body, row.who) == ('{"shards": 3}', "ann")


def test_lists_show_the_open_first_and_the_closed_when_asked() -> None:
    """A healed incident moves to the end, and to the archive after the settle time, and is still told whole."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.ONE_APPROVER
    held = loop.abnormal("pay")
    loop.wait(5)
    commands(loop).approve("INC-1", "ann")
    hand_over(loop)
    loop.well(held)
    loop.abnormal("cart")
    loop.wait(5)

    assert [i.id for i in listed(loop.journal)] == ["INC-2"]
    assert [i.id for i in listed(loop.journal, closed=5)] == ["INC-2", "INC-1"]

    loop.wait(settings().control.settle_seconds + 60)
    assert loop.journal.documents("incident").keys() == {"INC-2"}
    archived = story(loop.journal, "INC-1")
    assert archived is not None
    assert archived.plans[0].steps[0].mark != "not begun"
    assert archived.episodes
    assert archived.pages
    assert any("one-approver" in decision.level for decision in archived.decisions)


def test_no_story_of_nothing() -> None:
    """None is the answer."""
    assert story(Loop(settings()).journal, "INC-1") is None
