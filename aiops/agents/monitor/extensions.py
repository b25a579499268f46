"""Loads the formats, detectors and views that the settings choose from built-ins and plug-ins, once per shard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiops.agents.monitor.models import Chosen
from aiops.model.errors import PermanentError
from aiops.plugins import BUILT_INS, ExtensionKind, Plugins
from aiops.settings import Settings
from detectors.views.protocol import ViewModule
from detectors.wire.formats import Format, LogFormat, PointFormat, SpanFormat


@dataclass(frozen=True, slots=True)
class Extensions:
    """Formats, detectors and views of a shard. Immutable, shared by its slots."""

    formats: Mapping[str, Format] = field(default_factory=dict)
    """Formats by topic."""
    detectors: tuple[Chosen, ...] = ()
    views: tuple[ViewModule, ...] = ()


def extensions_of(settings: Settings, plugins: Plugins = BUILT_INS) -> Extensions:
    """The extensions that the settings name.

    Raises:
        PermanentError: a name is unknown, or its extension cannot be loaded; the text names the setting.
    """
    return Extensions(
        {topic: _format(plugins, topic, name) for topic, name in settings.topics.decoded.items()},
        tuple(
            Chosen(
                choice, _loaded(plugins, ExtensionKind.DETECTOR, choice.name, setting=f"data.detectors.{choice.name}")
            )
            for choice in settings.data.detectors
        ),
        tuple(_view(plugins, name) for name in settings.data.views),
    )


def _view(plugins: Plugins, name: str) -> ViewModule:
    found: ViewModule = _loaded(plugins, ExtensionKind.VIEW, name, setting=f"data.views.{name}")
    missing = [part for part in ("NAME", "STATE", "judge", "learn") if not hasattr(found, part)]
    if missing or name != found.NAME:
        origin = plugins.find(ExtensionKind.VIEW, name).origin
        problem = f"it has no {missing[0]}" if missing else f"its NAME is {found.NAME!r}"
        raise PermanentError(f"data.views.{name}: {origin} gives no view of this name: {problem}")
    return found


def _format(plugins: Plugins, topic: str, name: str) -> Format:
    found = _loaded(plugins, ExtensionKind.FORMAT, name, setting=f"topics.formats.{topic}")
    if not isinstance(found, PointFormat | LogFormat | SpanFormat):
        origin = plugins.find(ExtensionKind.FORMAT, name).origin
        problem = f"{origin} gives a {type(found).__name__}, and a PointFormat, LogFormat or SpanFormat is needed"
        raise PermanentError(f"topics.formats.{topic}: {problem}")
    return found


def _loaded(plugins: Plugins, kind: ExtensionKind, name: str, *, setting: str) -> Any:
    try:
        return plugins.load(kind, name)
    except PermanentError as error:
        raise PermanentError(f"{setting}: {error}") from error
