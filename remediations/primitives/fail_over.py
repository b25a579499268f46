"""Fail over: move the work to a stand-by or to the other zones."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

STORES = frozenset({"database", "cache", "queue"})
PLACES = frozenset({"zone", "site"})
STILL_SERVED = 0.3
"""Assumed share of an abnormal zone or site that still serves; only this share can be put at risk."""


class FailOver:
    """Promotes a store's stand-by, or takes traffic out of a zone or site. The newest writes may be lost."""

    name = "fail-over"
    bounds: Mapping[str, ParameterBounds] = {"to": ParameterBounds(str)}

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Eligible are stores with a stand-by, zones and sites. The destination must differ from the present one."""
        wrong = check_parameters(self.bounds, parameters)
        if facts.kind not in STORES | PLACES:
            wrong += (f"{facts.target} is a {facts.kind}: it has no stand-by",)
        elif facts.kind in STORES and facts.replicas < 2:
            wrong += (f"{facts.target} has one instance and no stand-by",)
        if parameters.get("to") in (facts.target, facts.zone or facts.target):
            wrong += (f"{facts.target} is in {parameters['to']} already",)
        return wrong

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """The undo of a zone or site moves traffic back. The undo of a store fails back to its zone, if known."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        undo = None
        if facts.kind in PLACES:
            undo = Action(self.name, facts.target, {"back": True})
        elif facts.zone:
            undo = Action(self.name, facts.target, {"to": facts.zone})
        return Effect(
            Action(self.name, facts.target, dict(parameters)),
            undo=undo,
            transient=False,
            undo_either_way=facts.kind in PLACES,
            at_risk=STILL_SERVED if facts.kind in PLACES and facts.abnormal else 1.0,
            postcondition=f"{facts.target} is served from {parameters.get('to', 'elsewhere')}",
        )
