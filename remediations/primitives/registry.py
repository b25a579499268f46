"""Names of primitives to where they live; loaded when first asked for.

Packages of others add theirs by an entry point of the group ``aiops.primitives``: the name, and ``module:Class``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from aiops.model.errors import PermanentError
from remediations.primitives.protocol import Primitive

BUILT_IN = {
    "restart": "remediations.primitives.restart:Restart",
    "scale": "remediations.primitives.scale:Scale",
    "roll-back": "remediations.primitives.roll_back:RollBack",
    "shed-load": "remediations.primitives.shed_load:ShedLoad",
    "fail-over": "remediations.primitives.fail_over:FailOver",
    "clear-cache": "remediations.primitives.clear_cache:ClearCache",
}
GROUP = "aiops.primitives"


@cache
def places() -> dict[str, str]:
    """Every known name with its ``module:Class``; a plug-in cannot take a built-in's name."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | BUILT_IN


@cache
def primitive(name: str) -> Primitive:
    """The primitive of this name; ``PermanentError`` when there is none or it cannot be loaded."""
    place = places().get(name)
    if place is None:
        raise PermanentError(f"no primitive {name}; known: {', '.join(sorted(places()))}")
    module, _, attribute = place.partition(":")
    try:
        made: Primitive = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError) as error:
        raise PermanentError(f"primitive {name} cannot be loaded from {place}: {error}") from error
    return made
