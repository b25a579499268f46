"""What the settings choose from built-ins and plug-ins, and what is said when they choose wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from aiops.agents.monitor.extensions import extensions_of
from aiops.model.errors import PermanentError
from aiops.plugins import BUILT_INS, Extension, ExtensionKind, Plugins
from aiops.settings import DataPlane, DetectorChoice, Settings
from aiops.topic_names import Topics
from detectors.half_space import HalfSpaceDetector
from detectors.wire.formats import LogFormat, PointFormat, SpanFormat

PLUGIN = "aiops-mine"
JUMP = "tests.plugin.example.src.aiops_example.jump"


def plugged(kind: ExtensionKind, name: str, target: str) -> Plugins:
    """The built-ins and one plug-in."""
    return Plugins.of([Extension(kind, name, target, PLUGIN, "1.2")])


def chosen(**data: Any) -> Settings:
    """Settings of the data plane."""
    return Settings(data=DataPlane.model_validate(data))


def test_every_topic_has_a_format_by_default() -> None:
    """Metrics, logs and spans, each of its own kind."""
    topics = Topics()
    formats = extensions_of(Settings()).formats
    assert set(formats) == set(topics.telemetry)
    assert isinstance(formats[topics.otlp_metrics], PointFormat)
    assert isinstance(formats[topics.otlp_logs], LogFormat)
    assert isinstance(formats[topics.otlp_spans], SpanFormat)


def test_a_topic_of_one_s_own_has_the_format_that_is_named() -> None:
    """Beside the usual ones."""
    settings = Settings(topics=Topics(formats={"other.metrics": "otlp-metrics"}))
    formats = extensions_of(settings).formats
    assert formats["other.metrics"] is formats[settings.topics.otlp_metrics]


def test_detectors_are_made_by_the_shard_and_not_yet_here() -> None:
    """One for each series; in the order of the settings."""
    choices = (DetectorChoice(name="half-space-trees", metrics=("a.*",)), DetectorChoice(name="half-space-trees"))
    found = extensions_of(chosen(detectors=choices)).detectors
    assert [one.choice for one in found] == list(choices)
    one, other = found[0].make(), found[0].make()
    assert isinstance(one, HalfSpaceDetector)
    assert one is not other


def test_nothing_chosen_is_nothing_loaded() -> None:
    """A shard that needs no detector imports none."""
    found = extensions_of(Settings(), Plugins.of())
    assert (found.detectors, found.views) == ((), ())


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (chosen(detectors=(DetectorChoice(name="nope"),)), r"data\.detectors\.nope: no detector is named 'nope'"),
        (chosen(views=("nope",)), r"data\.views\.nope: no view is named 'nope'"),
        (Settings(topics=Topics(formats={"t": "nope"})), r"topics\.formats\.t: no format is named 'nope'"),
    ],
)
def test_an_unknown_name_is_told_with_its_setting(settings: Settings, place: str) -> None:
    """And with the names that are known."""
    with pytest.raises(PermanentError, match=place):
        extensions_of(settings)


@pytest.mark.parametrize(
    ("kind", "settings", "setting"),
    [
        (ExtensionKind.DETECTOR, chosen(detectors=(DetectorChoice(name="gone"),)), "data.detectors.gone"),
        (ExtensionKind.VIEW, chosen(views=("gone",)), "data.views.gone"),
        (ExtensionKind.FORMAT, Settings(topics=Topics(formats={"t": "gone"})), "topics.formats.t"),
    ],
)
def test_a_plug_in_that_cannot_be_imported_is_told_with_its_package(
    kind: ExtensionKind, settings: Settings, setting: str
) -> None:
    """The text says which setting asks for it, and whose it is."""
    with pytest.raises(PermanentError, match=rf"{setting}: .*{PLUGIN} 1\.2"):
        extensions_of(settings, plugged(kind, "gone", "nobody.has.this:Thing"))


def test_a_plug_in_that_is_no_format_is_told() -> None:
    """What it gives instead, and what is needed."""
    plugins = plugged(ExtensionKind.FORMAT, "odd", "aiops.model.durations:SECOND")
    with pytest.raises(PermanentError, match=rf"topics\.formats\.t: {PLUGIN} 1\.2 gives a int, and a PointFormat"):
        extensions_of(Settings(topics=Topics(formats={"t": "odd"})), plugins)


def test_a_module_that_is_no_view_is_told_what_it_lacks() -> None:
    """The first of its missing parts."""
    plugins = plugged(ExtensionKind.VIEW, "odd", "aiops.model.durations")
    with pytest.raises(PermanentError, match=r"data\.views\.odd: .*gives no view of this name: it has no NAME"):
        extensions_of(chosen(views=("odd",)), plugins)


def test_a_view_is_taken_by_its_own_name_only() -> None:
    """Its state is kept under that name."""
    plugins = plugged(ExtensionKind.VIEW, "jump", JUMP)
    (view,) = extensions_of(chosen(views=("jump",)), plugins).views
    assert view.NAME == "jump"
    with pytest.raises(PermanentError, match=r"data\.views\.odd: .*its NAME is 'jump'"):
        extensions_of(chosen(views=("odd",)), plugged(ExtensionKind.VIEW, "odd", JUMP))


def test_what_ships_needs_no_plug_in() -> None:
    """The default is the table of built-ins."""
    assert extensions_of(Settings()) == extensions_of(Settings(), BUILT_INS)
