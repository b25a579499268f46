"""Cancel query: cancel the longest running statement of a database."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.end_blocker import FEW
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters


class CancelQuery:
    """Cancels statements that run for too long. Their sessions stay and get an error."""

    name = "cancel-query"
    bounds: Mapping[str, ParameterBounds] = {
        "older_than_seconds": ParameterBounds(float, 0.0, 86_400.0, required=True),
        "at_most": ParameterBounds(int, 1, 10),
    }

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Only databases are eligible. The age is required, because only the runbook knows what is usual."""
        wrong = check_parameters(self.bounds, parameters)
        return wrong if facts.kind == "database" else (*wrong, f"{facts.target} is a {facts.kind}, not a database")

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """There is nothing to undo: whoever asked can ask again."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        return Effect(
            Action(self.name, facts.target, dict(parameters)),
            undo=None,
            transient=True,
            undo_either_way=True,
            at_risk=FEW,
            postcondition=f"the longest statements of {facts.target} have ended",
        )
