"""Limit load: bound the connections to each instance, or the sessions per second; what is above it waits."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters
from remediations.primitives.shed_load import NOT_SERVING

ASSUMED_AT_RISK = 0.3
"""How much of the load a limit holds back is not known beforehand."""


class LimitLoad:
    """Protects instances that answer more slowly the more they are asked at once. Requests above the limit queue."""

    name = "limit-load"
    bounds: Mapping[str, ParameterBounds] = {
        "connections": ParameterBounds(int, 1, 100_000),
        "rate": ParameterBounds(int, 1, 1_000_000),
    }

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Eligible are all kinds that serve requests. One of the two limits must be stated."""
        wrong = check_parameters(self.bounds, parameters)
        if facts.kind in NOT_SERVING:
            wrong += (f"{facts.target} is a {facts.kind}: it serves no requests that could be limited",)
        if not parameters:
            wrong += ("state connections (per instance) or rate (sessions per second)",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """The undo sets the limits that were there before."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        return Effect(
            Action(self.name, facts.target, dict(parameters)),
            undo=Action(self.name, facts.target, {"back": True}),
            transient=False,
            undo_either_way=True,
            at_risk=ASSUMED_AT_RISK,
            postcondition=f"{facts.target} is limited to "
            + " and ".join(f"{value} {name}" for name, value in sorted(parameters.items())),
        )
