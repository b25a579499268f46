"""Markup is escaped by construction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.console.html import element, raw


@given(st.text(), st.text())
def test_text_and_attributes_never_become_markup(text: str, value: str) -> None:
    """Whatever they hold, there is one element and it is ours."""
    made = element("p", text, title=value)

    assert made.count("<") == 2
    assert made.startswith('<p title="')
    assert made.count('"') == 2


def test_children_may_be_nested_missing_and_trusted() -> None:
    """Lists are flattened, None is nothing, our own markup is kept."""
    made = element("ul", (element("li", n) for n in (1, "<")), None, [raw("<hr>")])

    assert made == "<ul><li>1</li><li>&lt;</li><hr></ul>"
    assert element("input", autofocus=True, hidden=False, http_equiv="x", class_="y") == (
        '<input autofocus http-equiv="x" class="y">'
    )


def test_names_of_elements_come_from_us() -> None:
    """A name that is none is a mistake of ours."""
    with pytest.raises(ValueError, match="no name"):
        element("p onclick=x")
