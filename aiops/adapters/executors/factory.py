"""Opens the executors of the settings."""

from __future__ import annotations

from aiops.model.errors import PermanentError
from aiops.plugins import ExtensionKind, Plugins
from aiops.ports import Clock, Executor
from aiops.settings import Settings


def open_executors(settings: Settings, plugins: Plugins, clock: Clock) -> dict[str, Executor]:
    """Primitive to executor, from ``acting.executors``. Primitives of kind ``none`` have no executor.

    Raises:
        PermanentError: a kind is unknown, or its executor refuses the options.
    """
    made: dict[str, Executor] = {}
    for primitive, options in settings.acting.executors.items():
        kind = options.get("kind", "")
        if kind == "none":
            continue
        try:
            made[primitive] = plugins.make(ExtensionKind.EXECUTOR, kind, options, clock)
        except PermanentError as error:
            raise PermanentError(f"acting.executors.{primitive}: {error}") from error
    return made
