from __future__ import annotations

import pytest

from aiops.model.errors import PermanentError
from aiops.model.plans import Action
from remediations.primitives.clear_cache import ClearCache
from remediations.primitives.protocol import Effect, Facts

CLEAR = ClearCache()


def test_all_hits_are_at_risk_and_nothing_stays_behind() -> None:
    """A cold cache serves nothing at first and warms by itself, so there is no undo."""
    assert CLEAR.effect(Facts("prices", kind="cache", replicas=6), {}) == Effect(
        Action("clear-cache", "prices", {}),
        undo=None,
        transient=True,
        undo_either_way=True,
        at_risk=1.0,
        postcondition="prices holds nothing older than the clearing",
    )


@pytest.mark.parametrize("kind", ["queue", "database", "service", "zone", "Cache", ""])
def test_only_caches_are_cleared(kind: str) -> None:
    """A queue or a database that is cleared loses data for good."""
    assert CLEAR.objections(Facts("orders", kind=kind), {}) == (f"orders is a {kind}, not a cache",)
    with pytest.raises(PermanentError, match="not a cache"):
        CLEAR.effect(Facts("orders", kind=kind), {})


def test_it_has_no_parameters() -> None:
    """A parameter is a misunderstanding, for example of clearing a part only, and is refused."""
    told = CLEAR.objections(Facts("prices", kind="cache"), {"keys": "a*"})
    assert told == ("no parameter keys; known: ",)
