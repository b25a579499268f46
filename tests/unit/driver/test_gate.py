"""The gate in front of every effect: what it admits, what a reply means, what may still happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from aiops.driver.gate import GRACE, AskAgain, Basis, Gate, GateObservation, GateRefusal, OrderRefused
from aiops.driver.replies import Failure
from aiops.model.codec import decode
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.journal import HaltState, InboxRow
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from tests.unit.driver.ports import NOW, SECOND, Clock, Inbox, Target, order


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(inbox: Inbox, target: Target, clock: Clock) -> Gate:
    return Gate(inbox, {"*": target}, clock)


def test_an_order_with_authority_gets_its_executor(gate: Gate, inbox: Inbox, target: Target) -> None:
    """And the attempt is in the inbox before anybody runs it, with the order as it was given."""
    assert gate.admit(order()) is target
    row = inbox.rows["attempt/c1"]
    assert (row.kind, row.who, row.at, decode(StepOrder, row.body)) == ("attempt", "executor", NOW, order())
    assert target.effects == {}


def test_a_primitive_has_its_own_executor_or_the_common_one(inbox: Inbox, target: Target, clock: Clock) -> None:
    """The named one comes first."""
    other = Target()
    gate = Gate(inbox, {"scale": other, "*": target}, clock)
    assert gate.admit(order("c1", "scale")) is other
    assert gate.admit(order("c2", "restart")) is target


@pytest.mark.parametrize(
    ("change", "refusal", "text"),
    [
        (lambda i, _: setattr(i, "newest", 8), GateRefusal.EPOCH_OVER, "its epoch 7 is over, the newest is 8"),
        (
            lambda i, _: setattr(i, "halt", HaltState(1, halted=True, who="ann", reason=Prose("storm"))),
            GateRefusal.HALTED,
            "ann halted all actions (storm)",
        ),
        (
            lambda i, _: setattr(i, "halt", HaltState(1, halted=True)),
            GateRefusal.HALTED,
            "somebody halted all actions (no reason given)",
        ),
        (
            lambda i, _: setattr(i, "halt", HaltState(2, halted=False)),
            GateRefusal.HALTED_SINCE,
            "there was a halt since it was authorised",
        ),
        (lambda _, c: setattr(c, "at", NOW + 6 * SECOND), GateRefusal.EXPIRED, "its capability has expired"),
        (
            lambda i, _: setattr(i, "down", True),
            GateRefusal.JOURNAL_UNREADABLE,
            "the journal cannot be read: the journal is away",
        ),
    ],
    ids=["epoch", "halted", "halted-by-nobody", "halted-and-resumed", "late", "no-journal"],
)
def test_nothing_is_admitted_without_authority_at_this_moment(
    gate: Gate, inbox: Inbox, clock: Clock, change: Callable[[Inbox, Clock], None], refusal: GateRefusal, text: str
) -> None:
    """Each refusal is a value of its own, says why, and uses nothing up."""
    change(inbox, clock)
    refused = gate.admit(order())
    assert isinstance(refused, OrderRefused)
    assert (refused.refusal, refused.detail, inbox.rows) == (refusal, text, {})


def test_each_refusal_has_a_text() -> None:
    """No refusal fails while it is being told."""
    facts = {"error": "e", "epoch": 1, "newest": 2, "who": "w", "reason": "{r}", "primitive": "{0}"}
    texts = {OrderRefused(refusal, facts).detail for refusal in GateRefusal}
    assert len(texts) == len(GateRefusal)
    assert "w halted all actions ({r})" in texts


@pytest.mark.parametrize("over", [0, 1])
def test_the_last_moment_of_an_order_is_its_deadline(gate: Gate, clock: Clock, over: int) -> None:
    """One nanosecond later it is refused; the same holds for its capability."""
    early = replace(order(), deadline_at=NOW + 20 * SECOND)
    for given, end in ((order(), NOW + 5 * SECOND), (early, NOW + 10 * SECOND)):
        clock.at = end + over
        fresh = replace(given, capability=replace(given.capability, id=f"c{end}"))
        assert isinstance(gate.admit(fresh), OrderRefused) is bool(over)


def test_no_executor_means_no_action(inbox: Inbox, clock: Clock) -> None:
    """An action nobody can carry out is refused with the setting's name."""
    refused = Gate(inbox, {}, clock).admit(order())
    assert isinstance(refused, OrderRefused)
    assert (refused.refusal, inbox.rows) == (GateRefusal.NO_EXECUTOR, {})
    assert refused.detail == "no executor is set for restart: see acting.executors in aiops.yaml"


def test_a_capability_is_used_once(gate: Gate) -> None:
    """The second order with it is told that it is used, and becomes an outcome that says so."""
    gate.admit(order())
    refused = gate.admit(order())
    assert refused == OrderRefused(GateRefusal.USED)
    outcome = gate.turned_away(order(), refused)
    assert outcome == StepOutcome("plan/1/do", StepStatus.REFUSED, NOW, Prose("its capability was used already"))


def test_an_attempt_that_cannot_be_recorded_is_no_attempt(gate: Gate, inbox: Inbox) -> None:
    """The error goes to whoever asked, who does not know either whether the row is there."""
    inbox.full = True
    with pytest.raises(TemporaryError, match="disk is full"):
        gate.admit(order())


@pytest.mark.parametrize(
    ("reply", "status", "detail"),
    [
        (StepOutcome("plan/1/do", StepStatus.DONE, NOW - 5, Prose("it said so")), StepStatus.DONE, "it said so"),
        (Failure(TemporaryError("lost")), StepStatus.UNKNOWN, "it may or may not have happened: lost"),
        (Failure(PermanentError("no such host")), StepStatus.FAILED, "no such host"),
        (Failure(RuntimeError("a bug")), StepStatus.UNKNOWN, "the executor failed: RuntimeError('a bug')"),
    ],
    ids=["outcome", "temporary", "permanent", "bug"],
)
def test_what_an_executor_replies_is_recorded_as_what_it_means(
    gate: Gate, inbox: Inbox, reply: StepOutcome | Failure, status: StepStatus, detail: str
) -> None:
    """What may have happened is unknown; what surely did not is failed; an outcome stays as it is."""
    outcome = gate.ended(order(), reply)
    assert (outcome.key, outcome.status, outcome.detail) == ("plan/1/do", status, detail)
    row = inbox.rows["outcome/c1"]
    assert (row.kind, row.who, row.at, decode(StepOutcome, row.body)) == ("outcome", "executor", outcome.at, outcome)


def test_an_outcome_that_cannot_be_recorded_is_not_told(gate: Gate, inbox: Inbox) -> None:
    """It would not survive the process: whoever asked hears of an error, and looks."""
    inbox.full = True
    with pytest.raises(TemporaryError, match="disk is full"):
        gate.ended(order(), StepOutcome("plan/1/do", StepStatus.DONE, NOW))


def test_an_order_that_never_began_is_not_done_and_cannot_begin_later(gate: Gate, inbox: Inbox) -> None:
    """Observing burns the capability, in the observer's name."""
    seen = gate.observe(order())
    assert isinstance(seen, GateObservation)
    assert (seen.observed, seen.basis) == (Observed.NOT_DONE, Basis.NEVER_BEGUN)
    assert seen.detail == "it was never begun, and now it cannot begin"
    assert inbox.rows["attempt/c1"].who == "observer"
    assert gate.admit(order()) == OrderRefused(GateRefusal.USED)


def test_an_order_that_may_still_happen_is_asked_about_after_its_deadline(
    gate: Gate, target: Target, clock: Clock
) -> None:
    """One nanosecond too early is too early."""
    target.observed = Observed.NOT_DONE
    gate.admit(order())
    over_at = order().deadline_at + GRACE
    assert gate.observe(order()) == AskAgain(over_at)
    clock.at = over_at - 1
    assert gate.observe(order()) == AskAgain(over_at)
    clock.at = over_at
    assert gate.observe(order()) == GateObservation(Observed.NOT_DONE, Basis.TARGET)


@pytest.mark.parametrize("observed", list(Observed))
def test_an_order_that_has_ended_is_judged_by_its_target_at_once(
    gate: Gate, target: Target, observed: Observed
) -> None:
    """Its outcome says that it is not under way any more, whatever the outcome is."""
    target.observed = observed
    gate.admit(order())
    gate.ended(order(), Failure(TemporaryError("lost")))
    seen = gate.observe(order())
    assert seen == GateObservation(observed, Basis.TARGET)
    assert isinstance(seen, GateObservation)
    assert seen.detail == "the target was asked"


@pytest.mark.parametrize("error", [TemporaryError("it is away"), RuntimeError("it is away")])
def test_a_target_that_cannot_be_asked_is_unknown(gate: Gate, target: Target, clock: Clock, error: Exception) -> None:
    """Whatever its executor raises."""
    gate.admit(order())
    target.error = error
    clock.at += 3600 * SECOND
    seen = gate.observe(order())
    assert isinstance(seen, GateObservation)
    assert (seen.observed, seen.basis, seen.detail) == (Observed.UNKNOWN, Basis.ERROR, "it is away")


def test_an_inbox_that_cannot_be_written_rules_nothing_out(gate: Gate, inbox: Inbox) -> None:
    """Then nobody knows whether the order can still begin."""
    inbox.full = True
    seen = gate.observe(order())
    assert isinstance(seen, GateObservation)
    assert (seen.observed, seen.detail) == (Observed.UNKNOWN, "the disk is full")


def test_without_an_executor_a_begun_order_stays_unknown(inbox: Inbox, clock: Clock) -> None:
    """The setting was taken away after the order began."""
    inbox.append(InboxRow("attempt/c1", NOW, "attempt", "{}", "executor"))
    clock.at += 3600 * SECOND
    seen = Gate(inbox, {}, clock).observe(order())
    assert isinstance(seen, GateObservation)
    assert (seen.observed, seen.detail) == (Observed.UNKNOWN, "no executor is set for restart")


def test_a_new_capability_for_the_same_key_may_run_after_not_done(gate: Gate, target: Target) -> None:
    """The key stays, the authority is new."""
    gate.observe(order("c1"))
    assert gate.admit(order("c2")) is target
    assert order("c2").capability.key == order("c1").capability.key


# ----------------------------------------------------------------------------------- between the check and the attempt


def refused_between(inbox: Inbox, gate: Gate, change: Callable[[], None]) -> GateRefusal:
    """Why an order is refused when this happens after the gate has read the facts."""
    inbox.between = change
    refused = gate.admit(order())
    assert isinstance(refused, OrderRefused)
    return refused.refusal


def test_a_halt_between_the_check_and_the_attempt_stops_the_effect(gate: Gate, inbox: Inbox) -> None:
    """The attempt waited for a slow commit; the halt was durable before it."""

    def halt() -> None:
        inbox.halt = HaltState(1, halted=True, who="ann")

    assert refused_between(inbox, gate, halt) is GateRefusal.HALTED
    assert inbox.rows == {}


def test_a_halt_and_a_resume_in_between_stop_it_too(gate: Gate, inbox: Inbox) -> None:
    """The capability was made before the halt."""

    def halt() -> None:
        inbox.halt = HaltState(2, halted=False, who="ann")

    assert refused_between(inbox, gate, halt) is GateRefusal.HALTED_SINCE


def test_a_new_epoch_in_between_stops_it(gate: Gate, inbox: Inbox) -> None:
    """A successor observes the step; it would find an attempt that begins later."""

    def claimed() -> None:
        inbox.newest = 8

    assert refused_between(inbox, gate, claimed) is GateRefusal.EPOCH_OVER
    assert inbox.rows == {}


def test_an_attempt_that_waited_past_its_expiry_does_not_begin(gate: Gate, inbox: Inbox, clock: Clock) -> None:
    """The database was slow for an hour; the capability is used up, and nothing was done."""
    assert refused_between(inbox, gate, lambda: clock.wait(3600.0)) is GateRefusal.EXPIRED
