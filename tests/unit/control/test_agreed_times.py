"""Times that were agreed or expected: to answer a page, to repair, and for a plan to be through."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from aiops.model.handoffs import Handoff, Planned, Routed
from aiops.model.plans import StepOrder, StepOutcome
from tests.unit.control.fakes import SECOND, FakeResolution, FakeRouting, FakeTarget, Loop, settings


@dataclass
class Routing:
    """Routes as the fake does, under an agreement."""

    answer_seconds: float | None = 30.0
    repair_seconds: float | None = 600.0
    role = FakeRouting.role

    def handle(self, handoff: Handoff, view: Any) -> tuple[Handoff, ...]:
        """The fake's answer with the terms."""
        (found,) = FakeRouting().handle(handoff, view)
        assert isinstance(found.payload, Routed)
        routed = replace(
            found.payload,
            agreement="99.9% of web",
            answer_seconds=self.answer_seconds,
            repair_seconds=self.repair_seconds,
        )
        return (replace(found, payload=routed),)


class StalledTarget(FakeTarget):
    """Takes every order, and never says how it ends."""

    def run(self, order: StepOrder) -> StepOutcome | Future[StepOutcome]:
        """Still under way."""
        return Future()


class Slow(FakeResolution):
    """Its plans are expected to take ten seconds."""

    def handle(self, handoff: Handoff, view: Any) -> tuple[Handoff, ...]:
        """The fake's plan with an expectation."""
        (found,) = super().handle(handoff, view)
        if not isinstance(found.payload, Planned):
            return (found,)
        return (replace(found, payload=Planned(replace(found.payload.plan, expected_seconds=10.0))),)


def test_the_next_level_is_paged_when_the_agreed_time_to_answer_is_over() -> None:
    """It is shorter than the settings' time, so it counts; page and incident show the agreement."""
    loop = Loop(settings(), routing=Routing())
    loop.target.heals = False
    held = loop.abnormal("web")
    loop.wait(300)
    (page, *_) = loop.target.pages
    assert page.answer_by == page.at + 30 * SECOND
    assert page.agreement == "99.9% of web"
    incident = loop.runtime.orchestrator.state.incidents["INC-1"]
    assert page.repair_by == incident.repair_by == incident.onset + 600 * SECOND
    assert held.entity in incident.entities


def test_a_longer_agreement_does_not_make_people_slower() -> None:
    """The settings' time is the longest."""
    loop = Loop(settings(), routing=Routing(answer_seconds=10_000.0))
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(300)
    page = loop.target.pages[0]
    assert page.answer_by == page.at + round(loop.runtime.settings.control.acknowledge_seconds * SECOND)


def test_what_is_not_repaired_in_time_is_told_and_paged_once() -> None:
    """The story has a line, and a person a page of its own."""
    loop = Loop(settings(), routing=Routing())
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(900)
    assert loop.story().count("the agreed time to repair is over: 99.9% of web") == 1
    assert len([page for page in loop.target.pages if "/overdue/" in page.key and page.level == 0]) == 1


def test_what_is_repaired_in_time_is_not_overdue() -> None:
    """A closed incident has no deadline, and an archived one no timer."""
    loop = Loop(settings(), routing=Routing())
    held = loop.abnormal("web")
    loop.wait(60)
    loop.well(held)
    loop.wait(900)
    assert not [page for page in loop.target.pages if "/overdue/" in page.key]
    assert loop.runtime.orchestrator.state.timers == {}


def test_without_an_agreement_nothing_is_due() -> None:
    """Pages show no time to repair."""
    loop = Loop(settings(), routing=Routing(None, None))
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(300)
    assert loop.target.pages[0].repair_by is None


def test_a_plan_that_takes_much_longer_than_expected_is_told_with_its_step() -> None:
    """A step of 20 s under an expectation of 10 s: after twice that, the story says where the plan is."""
    loop = Loop(settings(), target=StalledTarget(), resolution=Slow())
    loop.abnormal("web")
    loop.wait(40)
    assert "step restart is" in loop.story()
    assert "10 s are expected of restart" in loop.story()


def test_a_plan_that_is_as_fast_as_expected_is_not_told() -> None:
    """Its steps are done, and only verification is left."""
    loop = Loop(settings(), resolution=Slow())
    loop.abnormal("web")
    loop.wait(60)
    assert "are expected of" not in loop.story()
    assert loop.incidents == {"INC-1": "resolved"}
