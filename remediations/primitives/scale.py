"""Scale: run more (or fewer) instances."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

MOST_REPLICAS = 100
SCALABLE = frozenset({"service", "worker", "deployment"})


class Scale:
    """Changes the number of instances: to ``replicas``, or by ``by`` from the known number."""

    name = "scale"
    bounds: Mapping[str, ParameterBounds] = {
        "replicas": ParameterBounds(int, 1, MOST_REPLICAS),
        "by": ParameterBounds(int, -10, 10),
    }

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Only stateless kinds; the new number must differ from the present one and be 1 to max(3, twice that)."""
        wrong = check_parameters(self.bounds, parameters)
        if facts.kind not in SCALABLE:
            wrong += (f"{facts.target} is a {facts.kind}: only {', '.join(sorted(SCALABLE))} can be scaled",)
        if ("replicas" in parameters) == ("by" in parameters):
            wrong += ("state either replicas or by",)
        if wrong:
            return wrong
        wanted = self._wanted(facts, parameters)
        most = max(3, 2 * facts.replicas)
        if wanted == facts.replicas:
            return (f"{facts.target} runs {wanted} instances already",)
        return () if 1 <= wanted <= most else (f"{wanted} instances are not within 1 to {most}, twice what runs now",)

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """The action has an absolute number, which makes it idempotent. More instances put nothing at risk."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        wanted = self._wanted(facts, parameters)
        return Effect(
            Action(self.name, facts.target, {"replicas": wanted}),
            undo=Action(self.name, facts.target, {"replicas": facts.replicas}),
            transient=False,
            undo_either_way=True,
            at_risk=max(0.0, (facts.replicas - wanted) / facts.replicas),
            postcondition=f"{facts.target} runs {wanted} instances, all ready",
        )

    def _wanted(self, facts: Facts, parameters: Mapping[str, Parameter]) -> int:
        if "replicas" in parameters:
            return int(parameters["replicas"])
        return facts.replicas + int(parameters["by"])
