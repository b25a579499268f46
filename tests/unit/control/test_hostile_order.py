"""Plans under halts, approvals, kills, late and doubled outcomes, in any order: nothing twice, nothing after a stop."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from aiops.model.journal import HaltState
from aiops.model.plans import Observed, Oversight, StepDirection, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from tests.unit.control.fakes import FakeTarget, Loop, settings

WORDS = ("approve", "reject", "halt", "resume", "late", "doubled", "kill", "wait", "well", "join", "long", "take-over")


@dataclass
class Stubborn(FakeTarget):
    """Does at once what it is ordered, but reports only when the test wants, and remembers when it was halted."""

    unreported: list[StepOrder] = field(default_factory=list)
    reported: list[tuple[StepOrder, StepOutcome]] = field(default_factory=list)
    halted: bool = False
    seen: Observed | None = None
    after_halt: list[str] = field(default_factory=list)

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """The effect happens; nobody hears of it."""
        super().run(order)
        self.unreported.append(order)
        if self.halted:
            self.after_halt.append(order.capability.key)
        return Future()

    def observe(self, order: StepOrder) -> Observed:
        """The truth, unless it cannot tell."""
        return self.seen or super().observe(order)


def halt(loop: Loop, target: Stubborn, *, on: bool) -> None:
    """As a person does: the row first, then the word reaches the orchestrator with the next event."""
    loop.journal.set_halt(HaltState(generation=0, halted=on, who="ann"))
    target.halted = on


def act(loop: Loop, target: Stubborn, word: str, number: int) -> None:
    """One hostile thing."""
    match word:
        case "approve" | "reject" | "take-over":
            loop.runtime.command(word, "INC-1", f"person-{number % 3}")
        case "halt" | "resume":
            halt(loop, target, on=word == "halt")
        case "late" if target.unreported:
            order = target.unreported.pop(0)
            status = (StepStatus.DONE, StepStatus.FAILED, StepStatus.UNKNOWN)[number % 3]
            outcome = StepOutcome(order.capability.key, status, max(loop.at, loop.runtime.now))
            target.reported.append((order, outcome))
            loop.report(order, outcome)
        case "doubled" if target.reported:
            order, outcome = target.reported[number % len(target.reported)]
            loop.report(order, outcome)
        case "kill":
            loop.at = max(loop.at, loop.runtime.now)
            loop.start()
        case "join":
            loop.abnormal(f"svc-{number}")
        case "long":
            loop.wait(70)
        case _:
            loop.wait(1 + number)


@limits(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 5)), max_size=25),
    st.sampled_from([Oversight.UNATTENDED, Oversight.ONE_APPROVER, Oversight.TWO_APPROVERS]),
    st.sampled_from([None, Observed.UNKNOWN]),
)
def test_nothing_twice_nothing_after_a_stop_and_nobody_left_waiting(
    words: list[tuple[str, int]], level: Oversight, seen: Observed | None
) -> None:
    """Each effect at most once; none begun under halt; in the end verified, undone, untouched, or a person paged."""
    target = Stubborn(seen=seen)
    loop = Loop(settings(gather_seconds=1.0), target=target)
    loop.oversight.level = level
    loop.abnormal("web")
    loop.wait(2)
    for word, number in words:
        act(loop, target, word, number)
        loop.wait(0.5)
    loop.wait(3 * 3600)
    assert max(target.effects.values(), default=0) <= 1
    assert target.after_halt == []
    state = loop.runtime.orchestrator.state
    assert all(record.saga.over for record in state.sagas.values())
    open_states = set(loop.incidents.values())
    assert open_states <= {"escalated", "resolved"}
    if "escalated" in open_states:
        assert target.pages or any("rejects" in loop.story(name) for name in loop.incidents)
    done = Counter(direction for _, direction in target.done)
    if done[StepDirection.DO] and not done[StepDirection.UNDO] and target.abnormal:
        assert target.pages, "something was left half-way and nobody was told"


def test_an_undo_under_halt_does_not_run_and_pages_the_exact_state() -> None:
    """Halted between a step and its outcome: the failure is not taken back, and a person sees what was done."""
    target = Stubborn(seen=Observed.DONE)
    target.heals = False
    loop = Loop(settings(gather_seconds=1.0), target=target)
    loop.abnormal("web")
    loop.wait(5)
    halt(loop, target, on=True)
    loop.wait(1)
    (order,) = target.unreported
    loop.report(order, StepOutcome(order.capability.key, StepStatus.DONE, loop.at))
    loop.wait(600)
    assert [direction for _, direction in target.done] == [StepDirection.DO]
    assert loop.incidents == {"INC-1": "escalated"}
    assert any("restart web: done" in line for page in target.pages for line in page.tried)
    halt(loop, target, on=False)
    loop.wait(600)
    assert [direction for _, direction in target.done] == [StepDirection.DO], "resume takes up only what had not begun"
    assert target.reserved, "its budget stays spent until a person takes over"
    loop.runtime.command("take-over", "INC-1", "ann")
    loop.wait(5)
    assert target.reserved == {}


def test_an_outcome_after_the_end_changes_nothing() -> None:
    """The executor reports DONE an hour after the plan was given up: it is refused and the state stands."""
    target = Stubborn(seen=Observed.UNKNOWN)
    loop = Loop(settings(gather_seconds=1.0), target=target)
    loop.abnormal("web")
    loop.wait(3600)
    before = loop.incidents
    order = target.unreported[0]
    for _ in range(2):
        loop.report(order, StepOutcome(order.capability.key, StepStatus.DONE, loop.at))
        loop.wait(60)
    assert before == loop.incidents == {"INC-1": "escalated"}
    assert max(target.effects.values()) == 1
    assert target.pages


def test_a_late_word_on_an_earlier_run_says_nothing_of_the_next() -> None:
    """Run 2 is under way as run 1 did nothing: run 1's late refusal must not end the plan as untouched."""
    target = Stubborn(seen=Observed.NOT_DONE, happens=False)
    loop = Loop(settings(gather_seconds=1.0), target=target)
    loop.abnormal("web")
    loop.wait(35)
    first, second = target.unreported
    assert first.capability.key == second.capability.key
    loop.report(first, StepOutcome(first.capability.key, StepStatus.REFUSED, loop.at, Prose("too late")))
    loop.wait(1)
    (record,) = loop.runtime.orchestrator.state.sagas.values()
    assert record.saga.state.value == "running"
    loop.report(second, StepOutcome(second.capability.key, StepStatus.DONE, loop.at))
    loop.wait(1)
    (record,) = loop.runtime.orchestrator.state.sagas.values()
    assert record.saga.tracks[0].mark.value == "done"


def test_the_same_person_in_another_spelling_counts_once() -> None:
    """Case and blanks do not make a second person."""
    loop = Loop(settings(gather_seconds=1.0))
    loop.oversight.level = Oversight.TWO_APPROVERS
    loop.abnormal("web")
    loop.wait(5)
    for name in ("Ann Lee", "ann lee", "  ANN   LEE "):
        loop.runtime.command("approve", "INC-1", name)
        loop.wait(2)
    assert loop.incidents == {"INC-1": "awaiting-approval"}
    assert loop.runtime.orchestrator.state.work["INC-1"].approvals == ("Ann Lee",)
