"""The interface of a further view: what its documentation shows really runs in a bank."""

from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pytest
from numba.extending import register_jitable

from detectors.views import protocol
from detectors.views.protocol import MOST_BYTES, ViewModule
from tests.unit.detectors.bank.rows import row


@pytest.fixture
def example() -> ModuleType:
    """The view that the documentation of the interface shows."""
    text = protocol.__doc__ or ""
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    made = ModuleType("shown")
    exec("\n".join(lines), {"np": np, "register_jitable": register_jitable}, made.__dict__)
    return made


def test_the_example_has_all_that_a_view_has(example: ModuleType) -> None:
    """Names and functions of the interface."""
    wanted = {*ViewModule.__annotations__, "judge", "learn"}
    assert wanted <= set(vars(example))
    assert example.STATE.itemsize <= MOST_BYTES


def test_the_example_judges_as_it_says(example: ModuleType) -> None:
    """A ratio whose sign is the direction; nothing before it has learned."""
    state = np.zeros(1, example.STATE)[0]
    series = row(centre=10.0)
    assert example.judge(state, series, 0, 99.0) == 0.0
    for _ in range(500):
        example.learn(state, series, 0, 11.0)
    assert example.judge(state, series, 0, 30.0) == pytest.approx(20.0 / 8.0, rel=1e-2)
    assert example.judge(state, series, 0, -10.0) == pytest.approx(-20.0 / 8.0, rel=1e-2)


def test_the_parameters_are_those_of_the_interface(example: ModuleType) -> None:
    """By position: compiled functions take no keywords."""
    for name in ("judge", "learn"):
        assert example.__dict__[name].__code__.co_varnames[:4] == ("state", "row", "at", "relative")


def test_the_row_is_documented_by_names_that_it_has() -> None:
    """What the text tells people to read."""
    names = re.findall(r'row\["(\w+)"\]', protocol.__doc__ or "")
    assert names
    assert set(names) <= set(row().dtype.names or ())
