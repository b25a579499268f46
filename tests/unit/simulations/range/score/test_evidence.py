"""What the product reported and did, as its journal has it."""

from __future__ import annotations

from dataclasses import replace

from aiops.control.state.documents import OrderRecord, SagaRecord, Work
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.codec import EVENT, encode
from aiops.model.events import StepReported
from aiops.model.incidents import Incident, IncidentState
from aiops.model.journal import JournalEntry, Put, Remove, Transaction
from aiops.model.plans import Action, Capability, Plan, StepDirection, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import NOTHING
from aiops.ports import ORCHESTRATOR
from remediations.saga_state import Saga
from simulations.range.score.evidence import DoneAction, Evidence, of_journal

ONE = Incident("INC-1", IncidentState.RESOLVED, 20, 20, 20, ("web",), (), ())
EARLY = replace(ONE, id="INC-2", opened_at=10)
MERGED = replace(ONE, id="INC-3", state=IncidentState.MERGED)
PLAN = Plan("p1", "INC-1", "restart-crashed", (), "web", (), NOTHING, NOTHING)
DO, UNDO = StepDirection.DO, StepDirection.UNDO


def order(key: str, primitive: str = "restart", direction: StepDirection = DO) -> OrderRecord:
    """An order for the first incident."""
    held = Capability(f"{key}#1", "INC-1", key, Action(primitive, "web"), direction, 1, 0, 99)
    return OrderRecord(StepOrder(held, 99), "p1")


def report(key: str, at: int, status: StepStatus = StepStatus.DONE) -> JournalEntry:
    """The entry of an executor's report."""
    event = StepReported(id=f"{key}/{at}", at=at + 1, outcome=StepOutcome(key, status, at))
    return JournalEntry(
        event.id, event.at, event.type, "INC-1", "", EVENT.dump_json(event, by_alias=True).decode(), "[]"
    )


def journal(*entries: JournalEntry, documents: tuple[Put | Remove, ...] = ()) -> Evidence:
    """The evidence of a journal with these entries and documents."""
    made = MemoryJournal()
    made.commit([Transaction("main", made.claim(ORCHESTRATOR, "test"), entries, documents)])
    return of_journal(made, "main")


def orders(*found: OrderRecord) -> tuple[Put, ...]:
    return tuple(Put("order", one.order.capability.key, encode(one)) for one in found)


def test_incidents_are_in_the_order_in_which_they_opened() -> None:
    """Open and archived ones; what was merged is part of another."""
    puts = tuple(Put("incident", one.id, encode(one)) for one in (ONE, EARLY, MERGED))
    found = journal(documents=(*puts, Remove("incident", "INC-1", archive=True)))
    assert [one.id for one in found.incidents] == ["INC-2", "INC-1"]


def test_runbooks_are_those_that_were_run_or_proposed() -> None:
    """A plan that waits for approval counts as well as one that ran."""
    saga = SagaRecord(Saga(PLAN, ()), "INC-1", (), 0)
    work = Work("INC-1", proposed=replace(PLAN, id="p2", runbook="scale-saturated"))
    found = journal(documents=(Put("saga", "p1", encode(saga)), Put("work", "INC-1", encode(work))))
    assert found.runbooks == {"INC-1": ("restart-crashed", "scale-saturated")}


def test_an_action_is_what_an_executor_reported_as_done() -> None:
    """At the executor's time, with its order's target; an undo is marked."""
    held = orders(order("p1/a/do"), order("p1/a/undo", "stop", UNDO))
    found = journal(report("p1/a/undo", 50), report("p1/a/do", 30), documents=held)
    assert found.actions == (
        DoneAction(30, "INC-1", "restart", "web", undo=False),
        DoneAction(50, "INC-1", "stop", "web", undo=True),
    )


def test_what_was_refused_or_failed_is_no_action() -> None:
    """Nothing is known to have changed."""
    held = orders(order("a"), order("b"), order("c"))
    entries = [report(key, 30, s) for key, s in (("a", StepStatus.REFUSED), ("b", StepStatus.FAILED))]
    assert journal(*entries, report("c", 30, StepStatus.UNKNOWN), documents=held).actions == ()


def test_a_report_that_comes_twice_is_one_action() -> None:
    """At the time of the first."""
    found = journal(report("a", 30), report("a", 40), documents=orders(order("a")))
    assert [one.at for one in found.actions] == [30]


def test_an_effect_without_an_order_is_named() -> None:
    """An order that was archived is one."""
    held: tuple[Put | Remove, ...] = (*orders(order("a")), Remove("order", "a", archive=True))
    found = journal(report("a", 30), report("b", 40), documents=held)
    assert (found.unordered, len(found.actions)) == (("b",), 1)
