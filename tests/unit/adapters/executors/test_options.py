"""Options of executors from the settings: what is required, and what is said when it is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.executors.options import wanted
from aiops.model.errors import PermanentError


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), min_size=1))
def test_an_option_is_given_as_it_was_written(options: dict[str, str]) -> None:
    """Nothing is trimmed or guessed; an empty value is a value."""
    for name, value in options.items():
        assert wanted(options, name) == value


@pytest.mark.parametrize("options", [{}, {"URL": "x"}, {"url ": "x"}, {"urls": "x"}])
def test_a_missing_option_is_named(options: dict[str, str]) -> None:
    """A name that only resembles it does not count."""
    with pytest.raises(PermanentError, match=r"^url is missing$"):
        wanted(options, "url")
