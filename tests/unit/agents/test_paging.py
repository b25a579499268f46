"""What a page says of the worst signal, in names that fit on a phone."""

from __future__ import annotations

from dataclasses import replace

from aiops.agents.paging import Ask, compose
from aiops.model.episodes import Episode, Signal
from aiops.model.pages import Page, page_reason
from aiops.model.prose import Prose
from tests.unit.agents.faulty_estate import episode, view


def page(*episodes: Episode) -> Page:
    return compose(
        view(episodes=episodes), Ask(page_reason("approval-1"), Prose("A plan waits."), Prose("Approve or reject it."))
    )


def with_series(*names: str) -> Episode:
    one = episode(metric=names[0].partition("{")[0])
    signals = tuple(replace(one.signals[0], series=name) for name in names)
    return replace(one, signals=signals)


def test_the_worst_series_is_named_by_what_distinguishes_it() -> None:
    """Its sibling in the episode has another route; the pod, the method and the library are the same."""
    same = "k8s.pod.name=cart-1,otel.scope.name=io.opentelemetry.tomcat-10.0"
    worst = with_series(f"errors{{http.route=/add,{same}}}", f"errors{{http.route=/list,{same}}}")

    assert page(worst).broken == "cart; worst: errors{http.route=/add} of cart went up to 5 (usual 1)"


def test_a_series_without_attributes_is_its_metric() -> None:
    """As most metrics of hosts are."""
    assert page(episode(metric="cpu.load")).broken == "cart; worst: cpu.load of cart went up to 5 (usual 1)"


def test_no_page_names_an_instrumentation_library() -> None:
    """Also where nothing else tells the series apart."""
    names = [f"errors{{otel.scope.name=lib-{number},otel.scope.version=1}}" for number in range(3)]

    assert "otel.scope" not in repr(page(with_series(*names)))


def test_what_has_ended_is_not_called_broken() -> None:
    """A page about an incident whose episodes are over names no series."""
    over = replace(episode(), ended_at=episode().opened_at + 1)

    assert "worst" not in page(over).broken


def test_an_episode_without_signals_names_the_entity_alone() -> None:
    """An alert may carry none."""
    none: tuple[Signal, ...] = ()

    assert page(replace(episode(), signals=none)).broken == "cart"
