"""Attributes as the text of a JSON object."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.wire.series_text import attributes_text, parse_attributes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.dictionaries(TEXT, TEXT, max_size=5))
def test_what_is_written_is_json_and_comes_back(attributes: dict[str, str]) -> None:
    """With quotes, line ends and letters of any script."""
    pairs = tuple(sorted(attributes.items()))
    text = attributes_text(pairs)
    assert parse_attributes(text) == pairs
    assert not text if not pairs else json.loads(text) == attributes


def test_names_are_sorted_and_other_values_are_their_json() -> None:
    """A sender's number is the same attribute in each order of names."""
    assert parse_attributes('{"b": 1, "a": [true, null]}') == (("a", "[true, null]"), ("b", "1"))


@pytest.mark.parametrize("text", ["[1]", '"a"', "7", "null", "{", "{]"])
def test_what_is_no_object_is_refused(text: str) -> None:
    """Whether it is JSON or not."""
    with pytest.raises(ValueError):  # noqa: PT011 (the text of json's own error is not ours)
        parse_attributes(text)
