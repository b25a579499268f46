"""The conversation with the agents: what goes together, what is held, and that no question is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aiops.agents.view import AgentView
from aiops.driver.conversation import (
    BATCH,
    HOLD_SECONDS,
    UNDER_WAY,
    AgentCall,
    AgentQuestion,
    Answer,
    Conversation,
    Failed,
    answer_of,
)
from aiops.driver.replies import Failure, Reply
from aiops.model.errors import TemporaryError
from aiops.model.events import Event, HandoffAnswered, HandoffFailed
from aiops.model.handoffs import DiagnoseRequest, Handoff, Intent, MergeProposed, ReviewRequest, Role
from aiops.model.incidents import Incident, IncidentState
from aiops.model.prose import Prose
from topology.graph import Graph

NOW = 1_700_000_000_000_000_000
HOLD = round(HOLD_SECONDS * 1e9)


class Clock:
    """Stands until it is moved."""

    def __init__(self, at: int = NOW) -> None:
        self.at = at

    def now(self) -> int:
        return self.at


def question(name: str, to: Role = Role.ANALYSIS) -> AgentQuestion:
    """A handoff of the orchestrator with a view of now."""
    incident = Incident("INC-1", IncidentState.OPEN, NOW, NOW, NOW, (), (), ())
    handoff = Handoff(
        name, "INC-1", Role.ORCHESTRATOR, to, Intent.DIAGNOSE, 1.0, (Prose("it follows"),), ("e",), 1, NOW, NOW + 1,
        DiagnoseRequest(), "e",
    )  # fmt: skip
    return AgentQuestion(handoff, AgentView(NOW, incident, (), Graph.empty(), {}))


def merge(request: Handoff) -> Handoff:
    """What analysis may answer; oversight must see it."""
    return Handoff(
        f"{request.id}/merge", "INC-1", Role.ANALYSIS, Role.ORCHESTRATOR, Intent.MERGE, 0.9, (Prose("alike"),), ("e",),
        1, NOW,
        NOW + 1, MergeProposed("INC-2"), request.id,
    )  # fmt: skip


def ids(events: Sequence[Event]) -> list[str]:
    """Handoffs that events speak of."""
    return [event.handoff for event in events if isinstance(event, HandoffAnswered | HandoffFailed)]


class Talk:
    """A conversation whose calls and events pile up for the test."""

    def __init__(self) -> None:
        self.clock, self.steady = Clock(), Clock(5)
        self.conversation = Conversation(self.clock, self.steady)
        self.calls: list[AgentCall] = []
        self.told: list[list[str]] = []
        self.events: list[Event] = []

    def ask(self, *questions: AgentQuestion) -> None:
        for each in questions:
            self.conversation.ask(each)
        self.advance()

    def reply(self, reply: Reply[Sequence[Answer]], call: int = 0) -> None:
        self.conversation.replied(self.calls.pop(call), reply)
        self.advance()

    def advance(self) -> None:
        calls, told = self.conversation.advance()
        self.calls += calls
        self.told += [ids(events) for events in told]
        self.events += [event for events in told for event in events]


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_what_is_asked_at_once_goes_in_full_batches(talk: Talk) -> None:
    """Two calls at a time, each as large as allowed; the rest waits."""
    talk.ask(*(question(f"q{number}") for number in range(100)))
    assert [len(call.questions) for call in talk.calls] == [BATCH, BATCH]
    talk.reply([()] * BATCH)
    assert [len(call.questions) for call in talk.calls] == [BATCH, BATCH]
    assert talk.calls[1].questions[0].handoff.id == f"q{2 * BATCH}"


def test_agents_do_not_wait_for_each_other(talk: Talk) -> None:
    """Each has a line of its own."""
    talk.ask(question("a"))
    talk.ask(question("b"))
    talk.ask(question("c"), question("d", Role.ROUTING))
    assert [(call.role, [q.handoff.id for q in call.questions]) for call in talk.calls] == [
        (Role.ANALYSIS, ["a"]),
        (Role.ANALYSIS, ["b"]),
        (Role.ROUTING, ["d"]),
    ]


def test_an_answer_waits_for_the_ruling_on_it_and_no_longer_than_the_hold(talk: Talk) -> None:
    """Told with the ruling when that comes in time, alone when it does not."""
    for late in (False, True):
        asked = question(f"late-{late}")
        talk.ask(asked)
        talk.reply([(merge(asked.handoff),)])
        (call,) = talk.calls
        assert (call.role, call.questions[0].handoff.payload) == (Role.OVERSIGHT, ReviewRequest(merge(asked.handoff)))
        assert talk.conversation.held_until() == talk.steady.at + HOLD
        talk.steady.at += HOLD if late else HOLD - 1
        talk.reply([()])
        assert talk.conversation.held_until() is None
    assert talk.told == [["late-False", "review/late-False/merge"], ["late-True", "review/late-True/merge"]]
    other = question("alone")
    talk.ask(other)
    talk.reply([(merge(other.handoff),)])
    talk.steady.at += HOLD
    talk.advance()
    assert talk.told[-1] == ["alone"]
    talk.reply([()])
    assert talk.told[-1] == ["alone"], "a ruling that nobody asked for in earnest says nothing"


def test_a_review_whose_answer_was_told_meanwhile_is_not_asked(talk: Talk) -> None:
    """Oversight was busy longer than the hold, and the orchestrator asks for itself by then."""
    talk.ask(*(question(f"r{number}", Role.OVERSIGHT) for number in range(2 * BATCH)))
    asked = question("a")
    talk.ask(asked)
    talk.reply([(merge(asked.handoff),)], call=2)
    talk.steady.at += HOLD
    talk.advance()
    assert talk.told == [["a"]]
    talk.reply([()] * BATCH)
    assert [call.role for call in talk.calls] == [Role.OVERSIGHT]


def test_events_carry_the_time_at_which_the_answer_came(talk: Talk) -> None:
    """And name the handoff as their cause."""
    talk.ask(question("a"), question("b"))
    talk.clock.at += 7
    talk.reply([(), Failed("no idea")])
    answered, failed = talk.events
    assert (answered.id, answered.at, answered.cause) == ("answer/a", NOW + 7, "a")
    assert isinstance(failed, HandoffFailed)
    assert (failed.id, failed.at, failed.reason) == (f"failed/b/{NOW + 7}", NOW + 7, "no idea")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failure(TemporaryError("its actor died")), "TemporaryError: its actor died"),
        (Failure(ValueError("a bug")), "it failed: ValueError: a bug"),
        ([()], "1 answers to 2 handoffs"),
        ([(), (), ()], "3 answers to 2 handoffs"),
        (None, "it answered with NoneType instead of a list"),
        ("no", "it answered with str instead of a list"),
        ([None, None], "it answered with something else than handoffs"),
        ([("yes",), [()]], "it answered with something else than handoffs"),
        (Failure(ValueError("x" * 9000)), "it failed: ValueError: " + "x" * 477),
    ],
)
def test_nonsense_fails_every_handoff_of_the_call_and_nothing_else(talk: Talk, reply: Any, reason: str) -> None:
    """The next question is asked as ever."""
    talk.ask(question("a"), question("b"))
    talk.reply(reply)
    assert [event.reason for event in talk.events if isinstance(event, HandoffFailed)] == [reason, reason]
    talk.ask(question("c"))
    talk.reply([()])
    assert talk.told == [["a"], ["b"], ["c"]]


def test_an_agent_is_asked_through_one_function_wherever_it_runs() -> None:
    """Its answer, or why it failed."""

    class Agent:
        role = Role.ANALYSIS
        error: Exception | None = None

        def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
            if self.error is not None:
                raise self.error
            return (merge(handoff),)

    agent, asked = Agent(), question("a")
    assert answer_of(agent, asked) == (merge(asked.handoff),)
    agent.error = TemporaryError("its model is away")
    assert answer_of(agent, asked) == Failed("TemporaryError: its model is away")
    agent.error = ZeroDivisionError("division by zero")
    assert answer_of(agent, asked) == Failed("it failed: ZeroDivisionError: division by zero")


class Anything(RuleBasedStateMachine):
    """Questions, answers, failures and delays in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = Talk()
        self.asked: list[str] = []

    @rule(count=st.integers(1, 70), to=st.sampled_from([Role.ANALYSIS, Role.ROUTING, Role.OVERSIGHT]))
    def ask(self, count: int, to: Role) -> None:
        """Some questions at once."""
        names = [f"q{len(self.asked) + number}" for number in range(count)]
        self.asked += names
        self.talk.ask(*(question(name, to) for name in names))

    @rule(data=st.data(), how=st.sampled_from(["fine", "merge", "failed", "died", "short"]))
    def reply(self, data: st.DataObject, how: str) -> None:
        """One of the calls comes back."""
        if not self.talk.calls:
            return
        place = data.draw(st.integers(0, len(self.talk.calls) - 1))
        call = self.talk.calls[place]
        answers: dict[str, Reply[Sequence[Answer]]] = {
            "fine": [() for _ in call.questions],
            "merge": [(merge(each.handoff),) for each in call.questions],
            "failed": [Failed("no") for _ in call.questions],
            "died": Failure(TemporaryError("gone")),
            "short": [],
        }
        self.talk.reply(answers[how], place)

    @rule(share=st.sampled_from([0.1, 1.0]))
    def wait(self, share: float) -> None:
        """Time passes."""
        self.talk.steady.at += round(HOLD * share)
        self.talk.advance()

    @invariant()
    def calls_are_few_and_bounded(self) -> None:
        """At most two an agent, none empty, none too large."""
        counts = Counter(call.role for call in self.talk.calls)
        assert max(counts.values(), default=0) <= UNDER_WAY
        assert all(0 < len(call.questions) <= BATCH for call in self.talk.calls)

    def teardown(self) -> None:
        """When everybody has answered, every question has been told of exactly once."""
        while self.talk.calls:
            self.talk.reply([() for _ in self.talk.calls[0].questions])
        assert self.talk.conversation.held_until() is None
        told = Counter(name for names in self.talk.told for name in names if not name.startswith("review/"))
        assert told == Counter(self.asked)


Anything.TestCase.settings = limits(max_examples=30, stateful_step_count=25, deadline=None)
TestAnything = Anything.TestCase
