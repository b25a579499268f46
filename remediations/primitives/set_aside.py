"""Set aside: move a message that comes back again and again out of its queue, and keep it."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Effect, Facts, ParameterBounds, check_parameters

ONE_MESSAGE = 0.01
"""Share of a queue's work that one message is assumed to be."""


class SetAside:
    """Moves poison messages, one unless told, into a parking queue. Its consumers go on with those behind it."""

    name = "set-aside"
    bounds: Mapping[str, ParameterBounds] = {
        "redeliveries": ParameterBounds(int, 1, 100),
        "at_most": ParameterBounds(int, 1, 100),
    }

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Only queues are eligible."""
        wrong = check_parameters(self.bounds, parameters)
        return wrong if facts.kind == "queue" else (*wrong, f"{facts.target} is a {facts.kind}, not a queue")

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """The undo puts the message back into its queue."""
        if wrong := self.objections(facts, parameters):
            raise PermanentError("; ".join(wrong))
        return Effect(
            Action(self.name, facts.target, dict(parameters)),
            undo=Action(self.name, facts.target, {"back": True}),
            transient=False,
            undo_either_way=True,
            at_risk=ONE_MESSAGE,
            postcondition=f"the message that came back to {facts.target} is parked",
        )
