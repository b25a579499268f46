"""Options of an executor, as ``acting.executors`` gives them."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError


def wanted(options: Mapping[str, str], name: str) -> str:
    """An option that must be there; ``PermanentError`` names it where it is not."""
    if name not in options:
        raise PermanentError(f"{name} is missing")
    return options[name]
