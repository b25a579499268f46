"""Whether everything that the settings name among built-ins and plug-ins is there and can be made."""

from __future__ import annotations

from aiops.adapters.clock import SystemClock
from aiops.adapters.executors.opening import open_executors
from aiops.adapters.paging.channels import open_levels
from aiops.agents.monitor.extensions import extensions_of
from aiops.model.errors import PermanentError
from aiops.plugins import ExtensionKind, Plugins
from aiops.settings import Settings


def check_choices(settings: Settings, plugins: Plugins) -> None:
    """Makes each of them once. Ask before anything is started, not inside an actor.

    Raises:
        PermanentError: the first that is not; the text names setting, package and exception.
    """
    extensions_of(settings, plugins)
    open_executors(settings, plugins, SystemClock())
    open_levels(settings.paging.levels, SystemClock(), plugins)
    try:
        plugins.make(ExtensionKind.RANKER, settings.analysis.ranker)
    except PermanentError as error:
        raise PermanentError(f"analysis.ranker: {error}") from error
