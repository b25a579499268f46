"""A primitive: take instances out one after the other and put new ones in their place."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters


class Recycle:
    """Leaves nothing behind that could be undone."""

    name = "recycle"
    bounds: Mapping[str, ParameterBounds] = {"pause": ParameterBounds(float, 0.0, 60.0)}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Services only."""
        wrong = check_parameters(self.bounds, parameters)
        return wrong if facts.kind == "service" else (*wrong, f"{facts.target} is a {facts.kind}, no service")

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """One instance is out of work at a time."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        return Effect(
            Action(self.name, facts.target, dict(parameters)),
            undo=None,
            transient=True,
            undo_either_way=True,
            at_risk=1.0 / max(facts.replicas, 1),
            postcondition=f"every instance of {facts.target} is a new one",
        )
