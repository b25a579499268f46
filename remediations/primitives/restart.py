"""Restart: stop and start instances, a third of them at a time unless ``at_once`` is set."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

NOT_OURS = frozenset({"external", "zone", "site", "business_service"})


class Restart:
    """Resets the state inside processes. Requests in flight are lost. There is nothing to undo."""

    name = "restart"
    bounds: Mapping[str, ParameterBounds] = {"at_once": ParameterBounds(bool)}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Eligible are all kinds that run as our own processes."""
        wrong = check_parameters(self.bounds, parameters)
        if facts.kind in NOT_OURS:
            wrong += (f"{facts.target} is a {facts.kind}: there is nothing to restart",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """A third of the instances is at risk at one time; all of them if ``at_once`` or if there is only one."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        whole = bool(parameters.get("at_once")) or facts.replicas < 2
        return Effect(
            Action(self.name, facts.target, dict(parameters)),
            undo=None,
            transient=True,
            undo_either_way=True,
            at_risk=1.0 if whole else -(-facts.replicas // 3) / facts.replicas,
            postcondition=f"all instances of {facts.target} were started after the restart began and are ready",
        )
