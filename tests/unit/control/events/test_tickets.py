"""Tickets: read once, evidence for an incident that is open, and together a weak signal of one that is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.agents.triage import CLUSTER_TICKETS
from aiops.control.events.tickets import QUIET_SECONDS, SEVERITY, linked, quiet, ticket_received
from aiops.control.state.documents import TicketRecord
from aiops.model.effects import HandOff
from aiops.model.episodes import Source
from aiops.model.events import TicketReceived
from aiops.model.handoffs import Handoff, Intent, Role, TicketLinked
from aiops.model.incidents import IncidentState
from aiops.model.plans import Oversight
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind
from aiops.model.reports import Ticket
from tests.unit.control.drafts import Desk, effects, ruling


def received(desk: Desk, name: str = "t1") -> list[HandOff]:
    """A ticket arrives; what is asked of triage."""
    event = TicketReceived(id=f"e/{name}", at=desk.at, ticket=Ticket(name, desk.at, Prose("web is slow")))
    return effects(desk.do(ticket_received, event), HandOff)


def read(desk: Desk, name: str, *items: str, incident: str | None = None, work_item: str = "") -> Handoff:
    """Triage's answer on a ticket."""
    payload = TicketLinked(name, items, incident)
    request = desk.handoff(work_item or f"ticket/{name}", f"ticket/{name}/read")
    return replace(
        request, id=f"{name}/link", to=Role.ORCHESTRATOR, sender=Role.TRIAGE, intent=Intent.LINK, payload=payload
    )


def told(desk: Desk, *names: str, item: str = "web") -> None:
    """Tickets that name an item, read and permitted."""
    for name in names:
        received(desk, name)
        desk.do(linked, read(desk, name, item), ruling(name))


def test_a_ticket_is_read_by_triage() -> None:
    """Under a work item of its own."""
    desk = Desk()
    (sent,) = received(desk)
    assert (sent.handoff.to, sent.handoff.work_item) == (Role.TRIAGE, "ticket/t1")
    assert not desk.state.tickets["t1"].read


def test_a_ticket_counts_once() -> None:
    """A second copy is old news."""
    desk = Desk()
    received(desk)
    again = TicketReceived(id="e2", at=desk.at, ticket=Ticket("t1", desk.at, Prose("other words")))
    assert desk.refused(ticket_received, again).kind is RefusalKind.OLD


def test_a_ticket_without_an_id_is_refused() -> None:
    """It could not be told from the next one."""
    event = TicketReceived(id="e", at=0, ticket=Ticket("", 0, Prose("help")))
    assert Desk().refused(ticket_received, event).kind is RefusalKind.MALFORMED


def test_a_ticket_on_an_open_incident_is_evidence() -> None:
    """Both know of each other."""
    desk = Desk()
    name = desk.incident("web")
    received(desk)
    desk.do(linked, read(desk, "t1", "web", incident=name), ruling("t1"))
    assert desk.state.incidents[name].tickets == ("t1",)
    assert desk.state.tickets["t1"] == TicketRecord(desk.state.tickets["t1"].ticket, ("web",), name, read=True)
    assert desk.story(name)[-1] == "triage: ticket t1 speaks of web"


@pytest.mark.parametrize("state", [IncidentState.RESOLVED, None])
def test_a_ticket_on_a_closed_or_unknown_incident_is_a_weak_signal(state: IncidentState | None) -> None:
    """Triage read it while the incident closed."""
    desk = Desk()
    name = desk.incident("web", state=state) if state else "INC-9"
    received(desk)
    desk.do(linked, read(desk, "t1", "web", incident=name), ruling("t1"))
    assert desk.state.tickets["t1"].incident == ""


def test_a_link_that_oversight_forbids_is_no_evidence() -> None:
    """The ticket stays a weak signal."""
    desk = Desk()
    name = desk.incident("web")
    received(desk)
    desk.do(linked, read(desk, "t1", "web", incident=name), ruling("t1", Oversight.FORBIDDEN))
    assert desk.state.incidents[name].tickets == ()


def test_an_answer_on_another_ticket_is_refused() -> None:
    """Of a work item that is not its own, of an unknown ticket, or the second one."""
    desk = Desk()
    received(desk)
    received(desk, "t2")
    wrong = read(desk, "t2", "web", work_item="ticket/t1")
    assert desk.refused(linked, wrong, ruling("x")).kind is RefusalKind.LATE
    assert desk.refused(linked, read(desk, "t9", "web"), ruling("x")).kind is RefusalKind.LATE
    desk.do(linked, read(desk, "t1", "web"), ruling("x"))
    assert desk.refused(linked, read(desk, "t1", "web"), ruling("x")).kind is RefusalKind.LATE


# ------------------------------------------------------------------------------------------------------ together


def test_enough_tickets_on_one_item_open_a_mild_incident() -> None:
    """One less opens none."""
    desk = Desk()
    names = [f"t{number}" for number in range(CLUSTER_TICKETS)]
    told(desk, *names[:-1])
    assert desk.state.incidents == {}
    told(desk, names[-1])
    (record,) = desk.state.episodes.values()
    assert (record.episode.entity, record.episode.severity, record.episode.source) == ("web", SEVERITY, Source.TICKET)
    assert desk.state.of_tickets_only("INC-1")


def test_more_tickets_open_no_second_incident() -> None:
    """The first one covers the item."""
    desk = Desk()
    told(desk, *(f"t{number}" for number in range(CLUSTER_TICKETS + 3)))
    assert list(desk.state.incidents) == ["INC-1"]
    assert len(desk.state.episodes) == 1


def test_tickets_on_an_item_that_is_known_to_be_abnormal_open_nothing() -> None:
    """Our own signals came first."""
    desk = Desk()
    desk.incident("web")
    told(desk, *(f"t{number}" for number in range(CLUSTER_TICKETS)))
    assert list(desk.state.incidents) == ["INC-1"]


def test_tickets_that_name_nothing_open_nothing() -> None:
    """However many."""
    desk = Desk()
    for number in range(CLUSTER_TICKETS + 1):
        received(desk, f"t{number}")
        desk.do(linked, read(desk, f"t{number}"), ruling("x"))
    assert desk.state.incidents == {}


def test_tickets_on_two_items_are_not_added_up() -> None:
    """Each item needs enough of its own."""
    desk = Desk()
    told(desk, "t1", "t2", item="web")
    told(desk, "t3", "t4", item="db")
    assert desk.state.incidents == {}


def test_silence_ends_what_tickets_opened() -> None:
    """Nobody measures it: the last ticket is the last sign."""
    desk = Desk()
    told(desk, *(f"t{number}" for number in range(CLUSTER_TICKETS)))
    (name,) = desk.state.episodes
    assert desk.due_in(f"tickets-quiet/{name}") == QUIET_SECONDS
    desk.wait(QUIET_SECONDS)
    desk.do(quiet, name)
    assert desk.state.episodes[name].episode.ended_at == desk.at
    assert desk.stated("INC-1") == "resolved"


@pytest.mark.parametrize("name", ["unknown", ""])
def test_silence_of_what_is_gone_is_nothing(name: str) -> None:
    """The incident was archived meanwhile."""
    assert Desk().do(quiet, name).documents == ()
