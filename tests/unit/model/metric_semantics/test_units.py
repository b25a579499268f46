"""Units: UCUM, and the words that some senders use in its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.metric_semantics.units import Dimension, unit_of


@pytest.mark.parametrize(
    ("symbol", "dimension", "factor"),
    [
        ("s", Dimension.TIME, 1.0),
        ("ms", Dimension.TIME, 1e-3),
        ("us", Dimension.TIME, 1e-6),
        ("ns", Dimension.TIME, 1e-9),
        ("d", Dimension.TIME, 86_400.0),
        ("seconds", Dimension.TIME, 1.0),
        ("By", Dimension.DATA, 1.0),
        ("by", Dimension.DATA, 1.0),
        ("{bytes}", Dimension.DATA, 1.0),
        ("MiBy", Dimension.DATA, 2.0**20),
        ("1", Dimension.SHARE, 1.0),
        ("%", Dimension.SHARE, 0.01),
        ("{request}", Dimension.COUNT, 1.0),
        ("requests", Dimension.COUNT, 1.0),
        ("1/s", Dimension.RATE, 1.0),
        ("{ops}/s", Dimension.RATE, 1.0),
        ("KiBy/s", Dimension.RATE, 1024.0),
        ("Cel", Dimension.PHYSICAL, 1.0),
        ("", Dimension.UNKNOWN, 1.0),
        ("  ", Dimension.UNKNOWN, 1.0),
    ],
)
def test_a_symbol_has_a_dimension_and_a_factor(symbol: str, dimension: Dimension, factor: float) -> None:
    """Receivers of the Collector write ``requests``, ``by`` and ``{bytes}``; all of them are understood."""
    found = unit_of(symbol)
    assert (found.dimension, found.factor) == (dimension, factor)


@given(st.text(max_size=20))
def test_any_text_is_a_unit(symbol: str) -> None:
    """What nobody knows counts things; nothing raises."""
    assert unit_of(symbol).factor > 0
    assert unit_of(symbol).dimension in Dimension


def test_many_rates_of_rates_do_no_harm() -> None:
    """A hostile unit of the longest length that is taken is read like any other."""
    assert unit_of("By" + "/s" * 4000).dimension is Dimension.RATE
