"""Foreseen reviews: oversight is asked early what the orchestrator asks then, or its word counts for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.agents.view import AgentView
from aiops.control.handoff.reviews import FRESH, reviews
from aiops.control.orchestrator import Orchestrator
from aiops.control.state.transaction import Writer, together
from aiops.model.effects import Effect, HandOff
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.events import EpisodeReported, HandoffAnswered, OrchestratorStarted
from aiops.model.handoffs import Handoff, Intent, Role
from tests.unit.control.fakes import SECOND, START, FakeAnalysis, FakeOversight, settings


@pytest.fixture
def core() -> Orchestrator:
    """An orchestrator that has just begun its reign."""
    made = Orchestrator(settings())
    made.handle(OrchestratorStarted(id="started", at=START, epoch=1, halt_generation=0, halted=False))
    return made


def asked(effects: tuple[Effect, ...]) -> Handoff:
    """The one handoff among effects."""
    (found,) = [effect.handoff for effect in effects if isinstance(effect, HandOff)]
    return found


def diagnosed(core: Orchestrator) -> tuple[Handoff, AgentView, tuple[Handoff, ...]]:
    """A trouble came: what analysis was asked, shown, and answers."""
    signal = Signal("errors", "errors", SignalDirection.UP, Source.METRIC, START, 0.9, 5.0, 1.0)
    episode = Episode("cart@1", "cart", START, 1, 0.9, (signal,), 1, watermark=START)
    request = asked(core.handle(EpisodeReported(id="e", at=START, episode=episode)).effects)
    view = core.view_for(request)
    return request, view, FakeAnalysis().handle(request, view)


def test_what_is_foreseen_is_what_is_asked(core: Orchestrator) -> None:
    """The same handoff in every field, but for the deadline that the orchestrator gives."""
    request, view, answers = diagnosed(core)
    at = START + SECOND // 10
    (foreseen,) = reviews(request, answers, view, at=at)
    event = HandoffAnswered(id=f"answer/{request.id}", at=at, handoff=request.id, answers=answers)
    in_earnest = asked(core.handle(event).effects)
    assert replace(foreseen, deadline_at=in_earnest.deadline_at) == in_earnest


def test_both_answers_are_one_transaction_and_nobody_is_asked_twice(core: Orchestrator) -> None:
    """The review is entered and answered within the group: what is left to do is the next agent's work."""
    request, view, answers = diagnosed(core)
    (foreseen,) = reviews(request, answers, view, at=START)
    ruling = FakeOversight().handle(foreseen, view)
    events = (
        HandoffAnswered(id="a", at=START, handoff=request.id, answers=answers),
        HandoffAnswered(id="b", at=START, handoff=foreseen.id, answers=ruling),
    )
    done = together([core.handle(event) for event in events], Writer("main", 1))
    assert [entry.kind for entry in done.entries] == ["answered", "answered"]
    assert asked(done.effects).to is Role.ROUTING
    assert not core.validate()


def test_a_ruling_on_what_was_stopped_counts_for_nothing(core: Orchestrator) -> None:
    """The incident was closed meanwhile: the answer is dropped, and nobody waits for a word on it."""
    request, view, answers = diagnosed(core)
    (foreseen,) = reviews(request, answers, view, at=START)
    ruling = FakeOversight().handle(foreseen, view)
    core.handle(HandoffAnswered(id="x", at=START, handoff=request.id, answers=()))
    for name, handoff, said in (("a", request.id, answers), ("b", foreseen.id, ruling)):
        assert core.handle(HandoffAnswered(id=name, at=START, handoff=handoff, answers=said)).refusal


def test_nothing_is_foreseen_of_nonsense_rulings_and_old_views(core: Orchestrator) -> None:
    """What will be stopped is shown to nobody; a view that is a second old is not good enough."""
    request, view, answers = diagnosed(core)
    assert reviews(request, (replace(answers[0], intent=Intent.EXECUTE),), view, at=START) == ()
    assert reviews(request, answers, view, at=view.at + FRESH + 1) == ()
    assert reviews(replace(request, to=Role.OVERSIGHT), answers, view, at=START) == ()
