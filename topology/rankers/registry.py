"""Rankers by name: ours, and those of packages that declare an entry point in the group ``aiops.rankers``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from aiops.model.errors import PermanentError
from topology.rankers.protocol import Ranker

GROUP = "aiops.rankers"
SHIPPED = {
    "walk": "topology.rankers.walk:WalkRanker",
    "random": "topology.rankers.controls:RandomRanker",
    "earliest": "topology.rankers.controls:EarliestRanker",
    "severest": "topology.rankers.controls:SeverestRanker",
}
DEFAULT = "walk"


@cache
def known() -> dict[str, str]:
    """Name to ``module:Class``; ours win over a plug-in of the same name."""
    return {**{point.name: point.value for point in entry_points(group=GROUP)}, **SHIPPED}


def ranker(name: str = DEFAULT) -> Ranker:
    """A ranker by its name, loaded on demand; ``PermanentError`` when nobody knows it."""
    place = known().get(name)
    if place is None:
        raise PermanentError(f"no ranker is named {name!r}; there are {', '.join(sorted(known()))}")
    module, _, made = place.partition(":")
    try:
        found: Ranker = getattr(import_module(module), made)()
    except (ImportError, AttributeError) as error:
        raise PermanentError(f"ranker {name!r} cannot be loaded from {place}: {error}") from error
    return found
