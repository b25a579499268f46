"""Options of an executor, as ``acting.executors`` gives them."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError


def wanted(options: Mapping[str, str], name: str) -> str:
    """A required option; ``PermanentError`` if it is missing."""
    if name not in options:
        raise PermanentError(f"{name} is missing")
    return options[name]
