from __future__ import annotations

import math

import pytest

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Facts
from remediations.primitives.shed_load import MOST_SHARE, ShedLoad

SHED = ShedLoad()
WEB = Facts("web", replicas=4)


def test_the_share_is_at_risk_and_zero_is_the_undo() -> None:
    """Thirty in a hundred requests are refused; the undo refuses none, and is right whether or not it happened."""
    effect = SHED.effect(WEB, {"share": 0.3})
    assert effect.action == Action("shed-load", "web", {"share": 0.3})
    assert effect.undo == Action("shed-load", "web", {"share": 0.0})
    assert (effect.at_risk, effect.undo_either_way, effect.transient) == (0.3, True, False)
    assert effect.postcondition == "web refuses 30% of its requests and serves the rest in time"


@pytest.mark.parametrize("share", [0.01, 0.5, MOST_SHARE])
def test_the_bounds_are_within(share: float) -> None:
    """One in a hundred and eight in ten are both allowed."""
    assert SHED.objections(WEB, {"share": share}) == ()


@pytest.mark.parametrize("share", [0.0, 0.009, 0.81, 1, -0.2, math.inf, -math.inf])
def test_out_of_bounds_is_refused(share: float) -> None:
    """Nothing, nearly everything and more than everything are refused."""
    assert "is not within 0.01 to 0.8" in SHED.objections(WEB, {"share": share})[0]


def test_not_a_number_is_refused() -> None:
    """NaN compares false with both bounds, so it is outside of them."""
    with pytest.raises(PermanentError, match="nan is not within"):
        SHED.effect(WEB, {"share": math.nan})


@pytest.mark.parametrize("value", ["0.3", True, "half"])
def test_a_share_is_a_number(value: Parameter) -> None:
    """A text or a boolean is refused by type."""
    assert SHED.objections(WEB, {"share": value}) == (f"parameter share: {value!r} is not a float",)


def test_a_share_is_required() -> None:
    """How much is refused must be stated: there is no default."""
    assert SHED.objections(WEB, {}) == ("parameter share is missing",)


@pytest.mark.parametrize("kind", ["queue", "worker", "zone", "host", "external"])
def test_what_serves_no_requests_is_refused(kind: str) -> None:
    """Requests can be refused only where they arrive."""
    told = SHED.objections(Facts("jobs", kind=kind), {"share": 0.3})
    assert told == (f"jobs is a {kind}: it serves no requests that could be refused",)
