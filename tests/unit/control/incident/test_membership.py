"""What the timeline says of an episode that joins an incident."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.control.fakes import Loop, episode, settings


def test_the_timeline_names_the_worst_series_by_what_distinguishes_it() -> None:
    """The sender's other attributes and its instrumentation library are left out."""
    loop = Loop(settings())
    (signal,) = episode("pay", 0).signals
    names = [f"errors{{http.route={route},k8s.pod.name=pay-1,otel.scope.name=lib}}" for route in ("/pay", "/refund")]
    loop.unwell("pay", signals=tuple(replace(signal, series=name) for name in names), signals_total=7)
    loop.wait(5)

    assert "pay is unwell: errors{http.route=/pay} up, 5 instead of 0.1 (7 signals)" in loop.story()


def test_an_episode_without_signals_is_in_the_timeline() -> None:
    """An alert may carry none."""
    loop = Loop(settings())
    loop.unwell("pay", signals=(), signals_total=0)
    loop.wait(5)

    assert "pay is unwell" in loop.story()
