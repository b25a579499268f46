"""Shed load: refuse a share of incoming requests, so that the rest is served in time."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

MOST_SHARE = 0.8
NOT_SERVING = frozenset({"queue", "worker", "zone", "host", "external"})


class ShedLoad:
    """Stops overload that sustains itself (retry storms, cold caches). Users notice it: use it for minutes only."""

    name = "shed-load"
    bounds: Mapping[str, ParameterBounds] = {"share": ParameterBounds(float, 0.01, MOST_SHARE, required=True)}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Eligible are all kinds that serve requests; queues, workers, zones, hosts and external services do not."""
        wrong = check_parameters(self.bounds, parameters)
        if facts.kind in NOT_SERVING:
            wrong += (f"{facts.target} is a {facts.kind}: it serves no requests that could be refused",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """The share itself is at risk. The undo sheds nothing and is safe whether or not the action happened."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        share = float(parameters["share"])
        return Effect(
            Action(self.name, facts.target, {"share": share}),
            undo=Action(self.name, facts.target, {"share": 0.0}),
            transient=False,
            undo_either_way=True,
            at_risk=share,
            postcondition=f"{facts.target} refuses {share:.0%} of its requests and serves the rest in time",
        )
