"""Roll back: deploy the version before the suspected change again."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters


class RollBack:
    """Reverts a deployment or a configuration, one instance after the other."""

    name = "roll-back"
    bounds: Mapping[str, ParameterBounds] = {"version": ParameterBounds(str)}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """A reversible change must be suspected. The destination must differ from the running version."""
        wrong = check_parameters(self.bounds, parameters)
        if not facts.changed:
            wrong += (f"no reversible change of {facts.target} is suspected",)
        if facts.version and (parameters.get("version") or facts.previous) == facts.version:
            wrong += (f"{facts.target} runs version {facts.version} already",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """Without a parameter, the destination is the previous version. The undo needs a known running version."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        version = str(parameters.get("version") or facts.previous)
        undo = Action(self.name, facts.target, {"version": facts.version}) if facts.version else None
        return Effect(
            Action(self.name, facts.target, {"version": version} if version else {}),
            undo=undo,
            transient=False,
            undo_either_way=undo is not None,
            at_risk=1.0 if facts.replicas < 2 else 1.0 / facts.replicas,
            postcondition=f"every instance of {facts.target} runs {version or 'the version before'}",
        )
