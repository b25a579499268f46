"""Clear cache: throw away what a cache holds, because it is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters


class ClearCache:
    """The cache fills again by itself, at the cost of what is behind it: all of its hits are at risk meanwhile."""

    name = "clear-cache"
    bounds: Mapping[str, ParameterBounds] = {}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Caches only: a queue that is cleared loses messages for good."""
        wrong = check_parameters(self.bounds, parameters)
        return wrong if facts.kind == "cache" else (*wrong, f"{facts.target} is a {facts.kind}, not a cache")

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """Nothing stays behind: a cold cache warms."""
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
