"""Packing: what goes to another process of ours comes out equal, whatever our model holds."""

from __future__ import annotations

import pytest

from aiops.adapters.cluster.serialization import packed, unpacked
from aiops.driver.conversation import Failed
from aiops.model.entities import Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.handoffs import DiagnoseRequest, Role
from aiops.model.incidents import Incident, IncidentState
from aiops.model.plans import Oversight
from aiops.model.prose import Prose

SIGNAL = Signal("s", "m", SignalDirection.UP, Source.METRIC, 1, 0.9, 5.0, 1.0)
EPISODE = Episode("e", "cart", 1, 1, 0.9, (SIGNAL, SIGNAL), 2, watermark=3)
INCIDENT = Incident("INC-1", IncidentState.OPEN, 1, 1, 1, ("cart",), ("cart",), ("e",))


@pytest.mark.parametrize(
    "value",
    [
        (),
        [None, 1, "x", b"y", 1.5, {"a": frozenset({"b"})}],
        EPISODE,
        INCIDENT,
        DiagnoseRequest(reason=Prose("why")),
        Failed("why"),
        Item("cart", owner="team"),
        Oversight.FORBIDDEN,
        {"cart": (EPISODE, INCIDENT, Role.ANALYSIS)},
    ],
)
def test_what_is_packed_comes_out_equal(value: object) -> None:
    """With its types: an enum stays an enum, a tuple a tuple."""
    again = unpacked(packed(value))
    assert again == value
    assert type(again) is type(value)


def test_what_is_one_thing_stays_one() -> None:
    """Shared parts are packed once."""
    again = unpacked(packed([EPISODE, EPISODE]))
    assert again[0] is again[1]
    assert again[0].signals[0].source is Source.METRIC


def test_an_exception_or_a_class_is_pickled_as_ever() -> None:
    """What is no dataclass goes pickle's own way."""
    again = unpacked(packed([ValueError("x"), Episode]))
    assert (str(again[0]), again[1]) == ("x", Episode)
