"""What programs outside are told of an incident's end, and what the timeline says of an episode that joins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiops.model.codec import EFFECT
from aiops.model.effects import Publish
from aiops.model.plans import Oversight
from tests.unit.control.fakes import Loop, episode, settings


def published(loop: Loop) -> list[dict[str, Any]]:
    """Data of the events that went to the topic of incidents, oldest first."""
    found: list[dict[str, Any]] = []

    def keep(_: object, decision: Any) -> None:
        effects = [EFFECT.validate_json(EFFECT.dump_json(effect)) for effect in decision.effects]
        topic = loop.settings.topics.incidents
        found.extend(e.event["data"] for e in effects if isinstance(e, Publish) and e.topic == topic)

    loop.runtime.on_decision = keep
    return found


def test_the_end_is_published_in_words_and_as_a_kind() -> None:
    """The words are those of 0.1.0; before the end both are empty."""
    loop = Loop(settings())
    told = published(loop)
    loop.abnormal("web")
    loop.wait(60)
    assert (told[0]["outcome"], told[0]["outcome_kind"]) == ("", "")
    assert (told[-1]["outcome"], told[-1]["outcome_kind"]) == ("healed", "healed")


def test_a_name_that_reads_like_an_outcome_is_only_a_name() -> None:
    """A person called "healed" who rejects a plan has healed nothing."""
    loop = Loop(settings())
    loop.oversight.level = Oversight.ONE_APPROVER
    told = published(loop)
    loop.abnormal("web")
    loop.wait(5)
    loop.runtime.command("reject", "INC-1", "healed")
    loop.wait(5)
    assert (told[-1]["outcome"], told[-1]["outcome_kind"]) == ("rejected by healed", "rejected")


def test_a_reopened_incident_has_no_outcome() -> None:
    """Until it ends again."""
    loop = Loop(settings())
    told = published(loop)
    held = loop.abnormal("web")
    loop.wait(60)
    loop.well(held)
    loop.wait(5)
    loop.abnormal("web")
    loop.wait(1)
    assert any(one["outcome_kind"] == "" and one["closed_at"] is None for one in told[-3:])


def test_the_timeline_names_the_worst_series_by_what_distinguishes_it() -> None:
    """The sender's other attributes and its instrumentation library are left out."""
    loop = Loop(settings())
    (signal,) = episode("pay", 0).signals
    names = [f"errors{{http.route={route},k8s.pod.name=pay-1,otel.scope.name=lib}}" for route in ("/pay", "/refund")]
    loop.abnormal("pay", signals=tuple(replace(signal, series=name) for name in names), signals_total=7)
    loop.wait(5)

    assert "pay is abnormal: errors{http.route=/pay} up, 5 instead of 0.1 (7 signals)" in loop.story()


def test_an_episode_without_signals_is_in_the_timeline() -> None:
    """An alert may carry none."""
    loop = Loop(settings())
    loop.abnormal("pay", signals=(), signals_total=0)
    loop.wait(5)

    assert "pay is abnormal" in loop.story()
