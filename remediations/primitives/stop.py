"""Stop: end all processes of a target and leave them stopped, because it harms others while it runs."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

STOPPABLE = frozenset({"service", "worker", "deployment", "instance", "agent", "job"})


class Stop:
    """Stops what can be done without for some time: a batch job, an agent, one instance of several."""

    name = "stop"
    bounds: Mapping[str, ParameterBounds] = {}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Eligible are stateless kinds: a store that stops takes its data out of reach."""
        wrong = check_parameters(self.bounds, parameters)
        if facts.kind not in STOPPABLE:
            wrong += (f"{facts.target} is a {facts.kind}: only {', '.join(sorted(STOPPABLE))} can be stopped",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """The whole target is at risk. The undo starts what ran before."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        return Effect(
            Action(self.name, facts.target, {}),
            undo=Action(self.name, facts.target, {"back": True}),
            transient=False,
            undo_either_way=True,
            at_risk=1.0,
            postcondition=f"no process of {facts.target} runs",
        )
