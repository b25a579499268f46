"""Drain: send a server of a proxy fewer requests than usual, or none."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

BEHIND_PROXIES = frozenset({"service", "deployment", "instance"})


class Drain:
    """Takes one instance out of rotation, or lowers its weight. Requests in flight end as usual."""

    name = "drain"
    bounds: Mapping[str, ParameterBounds] = {"instance": ParameterBounds(str), "keep": ParameterBounds(float, 0.0, 0.9)}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Eligible is an instance, or a service with an ``instance`` of at least two."""
        wrong = check_parameters(self.bounds, parameters)
        if facts.kind not in BEHIND_PROXIES:
            wrong += (f"{facts.target} is a {facts.kind}: no proxy divides requests between its instances",)
        elif facts.kind != "instance" and "instance" not in parameters:
            wrong += (f"state which instance of {facts.target}",)
        elif facts.kind != "instance" and facts.replicas < 2:
            wrong += (f"{facts.target} has one instance: nothing would serve its requests",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """``keep`` is the share of its usual requests that the instance keeps. The undo gives it its usual share."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        keep = float(parameters.get("keep", 0.0))
        which = {name: value for name, value in parameters.items() if name == "instance"}
        instances = 1 if facts.kind == "instance" else facts.replicas
        return Effect(
            Action(self.name, facts.target, {**which, "keep": keep}),
            undo=Action(self.name, facts.target, {**which, "keep": 1.0}),
            transient=False,
            undo_either_way=True,
            at_risk=(1.0 - keep) / instances,
            postcondition=f"{which.get('instance', facts.target)} gets {keep:.0%} of its usual requests",
        )
