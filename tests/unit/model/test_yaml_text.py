from __future__ import annotations

import datetime as dt

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.yaml_text import line_of, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("null", None),
        ("a: [1, 2.5, yes, x]", {"a": [1, 2.5, True, "x"]}),
        ("2026-01-02", dt.date(2026, 1, 2)),
        ("0x1f", 31),
        ("{<<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
        ("&a {b: [1]}", {"b": [1]}),
        ('"\\u2603 ☃"', "☃ ☃"),
    ],
)
def test_values_are_those_of_the_safe_loader(text: str, value: object) -> None:
    """Plain values, dates, numbers, merges and anchors are read as ever."""
    assert read_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 2026-13-45", "'2026-13-45' is no timestamp: month must be in 1..12"),
        ("a: 0x_", "'0x_' is no int"),
        ("a: 0b_", "'0b_' is no int"),
        ("a: !!int x", "'x' is no int"),
        ("a: !!float x", "'x' is no float"),
        ("a: !!bool maybe", "'maybe' is no bool"),
        ("a: !!timestamp soon", "'soon' is no timestamp"),
        ('a: "\\ud800"', "is no str"),
    ],
)
def test_a_value_that_does_not_exist_is_told_with_its_line(text: str, told: str) -> None:
    """The type, the text and the line: a person can go there."""
    with pytest.raises(yaml.MarkedYAMLError, match="line 2") as raised:
        read_yaml(f"ok: 1\n{text}\n")
    assert told in str(raised.value.problem)


@pytest.mark.parametrize("text", ["[" * 1100, "a: {", "\x00", "!!python/object:os.system x", "{<<: 1}", "? [a]\n: b"])
def test_what_is_no_yaml_is_one_kind_of_error(text: str) -> None:
    """Deep nesting, broken syntax, foreign tags: ``YAMLError``, and no recursion error."""
    with pytest.raises(yaml.YAMLError):
        read_yaml(text)


PIECES = st.sampled_from(
    ["- ", "a: ", "b", "\n", "  ", "[", "]", "{", "}", ", ", "&x ", "*x", "!!int ", "!!bool ", "!!set ", "!!omap ",
     "!!binary ", "0x_", "1_", "2026-99-01", "2026-01-01T25:00:00Z", "12:99", "<<: ", "? ", "~", '"\\ud800"', "="]
)  # fmt: skip


@settings(max_examples=100)
@given(st.lists(PIECES, max_size=10).map("".join))
def test_any_text_is_a_value_or_a_yaml_error(text: str) -> None:
    """Pieces of YAML in any order never raise anything else."""
    try:
        read_yaml(text)
    except yaml.YAMLError as error:
        outcome = str(error)
    else:
        outcome = "read"
    assert outcome


NESTED = "a: 1\nb:\n  c:\n    - x\n    - {d: 2}\n"


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("a",), 1),
        (("b", "c"), 3),
        (("b", "c", 1), 5),
        (("b", "c", 1, "d"), 5),
        (("b", "c", 9), 3),
        (("b", "missing"), 2),
        (("a", "below a number"), 1),
        (("missing",), None),
        ((), None),
    ],
)
def test_the_line_is_that_of_the_deepest_part(place: tuple[str | int, ...], line: int | None) -> None:
    """A part that the text lacks has the line of its nearest parent."""
    assert line_of(NESTED, place) == line


def test_an_empty_text_has_no_lines() -> None:
    """All values come from the environment."""
    assert line_of("", ("a",)) is None


def test_a_key_that_is_a_number_is_found_by_its_text() -> None:
    """Settings name a partition by its number."""
    assert line_of("a:\n  7: x\n", ("a", 7)) == 2
