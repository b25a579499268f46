"""Roll back: deploy the version before the suspected change again."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

RELEASE = "release"
_BEFORE = {RELEASE: "the version before", "configuration": "with the configuration before"}
PARTS = tuple(_BEFORE)
"""What ``part`` may name. The versions that the CMDB and changes state are those of the release."""


class RollBack:
    """Reverts a deployment or a configuration, one instance after the other."""

    name = "roll-back"
    bounds: Mapping[str, ParameterBounds] = {"version": ParameterBounds(str), "part": ParameterBounds(str)}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """A reversible change must be suspected. The destination must differ from the running version."""
        wrong = check_parameters(self.bounds, parameters)
        part = parameters.get("part", RELEASE)
        if part not in PARTS:
            wrong += (f"part is {part!r}: only {' and '.join(PARTS)} can be rolled back",)
        if not facts.changed:
            wrong += (f"no reversible change of {facts.target} is suspected",)
        running = facts.version if part == RELEASE else ""
        if running and (parameters.get("version") or facts.previous) == running:
            wrong += (f"{facts.target} runs version {running} already",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """Without a version, the destination is the previous one. The undo of a release needs a known version."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        part = str(parameters.get("part", RELEASE))
        version = str(parameters.get("version") or (facts.previous if part == RELEASE else ""))
        which = {name: value for name, value in parameters.items() if name == "part"}
        undo: Action | None = None
        if part != RELEASE:
            undo = Action(self.name, facts.target, {**which, "back": True})
        elif facts.version:
            undo = Action(self.name, facts.target, {**which, "version": facts.version})
        return Effect(
            Action(self.name, facts.target, {**which, "version": version} if version else which),
            undo=undo,
            transient=False,
            undo_either_way=undo is not None,
            at_risk=1.0 if facts.replicas < 2 else 1.0 / facts.replicas,
            postcondition=f"every instance of {facts.target} runs {version or _BEFORE[part]}",
        )
