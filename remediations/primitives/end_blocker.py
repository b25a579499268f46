"""End blocker: end the database session that others wait for."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

FEW = 0.1
"""Assumed share of a database's users whose session is ended or whose statement is cancelled."""


class EndBlocker:
    """Ends sessions that hold locks for which others wait. Their transactions are rolled back by the database."""

    name = "end-blocker"
    bounds: Mapping[str, ParameterBounds] = {
        "older_than_seconds": ParameterBounds(float, 0.0, 86_400.0),
        "at_most": ParameterBounds(int, 1, 10),
    }

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Only databases are eligible."""
        wrong = check_parameters(self.bounds, parameters)
        return wrong if facts.kind == "database" else (*wrong, f"{facts.target} is a {facts.kind}, not a database")

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """There is nothing to undo: the user of the session connects again."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        return Effect(
            Action(self.name, facts.target, dict(parameters)),
            undo=None,
            transient=True,
            undo_either_way=True,
            at_risk=FEW,
            postcondition=f"the sessions of {facts.target} that blocked others are gone",
        )
