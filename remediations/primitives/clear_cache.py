"""Clear cache: drop all entries of a cache, because they are wrong."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters


class ClearCache:
    """Clears a cache. The cache refills by itself; until then all of its hits are at risk and load its backend."""

    name = "clear-cache"
    bounds: Mapping[str, ParameterBounds] = {}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Only caches are eligible: a cleared queue would lose its messages."""
        wrong = check_parameters(self.bounds, parameters)
        return wrong if facts.kind == "cache" else (*wrong, f"{facts.target} is a {facts.kind}, not a cache")

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """There is nothing to undo: the cache refills. The whole capacity is at risk."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        return Effect(
            Action(self.name, facts.target, {}),
            undo=None,
            transient=True,
            undo_either_way=True,
            at_risk=1.0,
            postcondition=f"{facts.target} holds nothing older than the clearing",
        )
