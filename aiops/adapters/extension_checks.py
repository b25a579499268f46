"""Checks that every built-in and plug-in that the settings name exists and can be made."""

from __future__ import annotations

from aiops.adapters.clock import SystemClock
from aiops.adapters.executors.factory import open_executors
from aiops.adapters.paging.channels import open_levels
from aiops.model.errors import PermanentError
from aiops.plugins import ExtensionKind, Plugins
from aiops.settings import Settings


def check_choices(settings: Settings, plugins: Plugins) -> None:
    """Make each named extension once. Call this before starting any part, not inside an actor.

    Raises:
        PermanentError: an extension is unknown or cannot be made; the message names setting, package and exception.
    """
    if _brings_code(settings, plugins):
        from aiops.agents.monitor.extensions import extensions_of  # noqa: PLC0415 (numba: 150 MB, for plug-ins only)

        extensions_of(settings, plugins)
    open_executors(settings, plugins, SystemClock())
    open_levels(settings.paging.levels, SystemClock(), plugins)
    try:
        plugins.make(ExtensionKind.RANKER, settings.analysis.ranker)
    except PermanentError as error:
        raise PermanentError(f"analysis.ranker: {error}") from error


def _brings_code(settings: Settings, plugins: Plugins) -> bool:
    """Whether a named format, detector or view is a plug-in or unknown. Built-in ones always load."""
    chosen = [(ExtensionKind.FORMAT, name) for name in settings.topics.decoded.values()]
    chosen += [(ExtensionKind.DETECTOR, one.name) for one in settings.data.detectors]
    chosen += [(ExtensionKind.VIEW, name) for name in settings.data.views]
    return any(name not in plugins.names(kind) or plugins.find(kind, name).package for kind, name in chosen)
