"""The table of templates: rows by key and by text, removed and restored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.logs.templates import Template, Templates
from detectors.turns import Turn

SHAPES = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 2), st.integers(1, 30), st.sampled_from([b"", b"took <*>", b"x", b"\xff"])
    ),
    max_size=12,
    unique_by=lambda shape: shape[:3],
)
"""Entity, level, a number that makes the shape, and its text."""


def template(entity: int, level: int, number: int, text: bytes) -> Template:
    parts = np.arange(number, number + 1 + number % 4)
    total = np.uint64(parts.sum() + 1000 * number)
    return Template(entity, level, total, parts, text, interval=number, news=number % 2 == 0, general=number % 5 == 0)


def made(shapes: list[tuple[int, int, int, bytes]]) -> Templates:
    table = Templates()
    table.owners = np.array([11, 22, 33], np.uint64)
    table.add([template(*shape) for shape in shapes])
    return table


def keys(table: Templates, shape: tuple[int, int, int, bytes]) -> np.ndarray:
    one = template(*shape)
    return table.keys(np.array([one.total], np.uint64), np.array([len(one.parts)]), (one.entity, one.level))


def same(one: Templates, other: Templates) -> None:
    for name, array in one.to_arrays().items():
        assert array.tolist() == other.to_arrays()[name].tolist(), name
    assert one.texts == other.texts
    assert one.primary.tolist() == other.primary.tolist()


@settings(deadline=None)  # the first call compiles
@given(SHAPES)
def test_a_template_is_found_by_the_key_of_its_shape(shapes: list[tuple[int, int, int, bytes]]) -> None:
    """Each under its entity and level alone."""
    table = made(shapes)
    for row, shape in enumerate(shapes):
        assert table.find(keys(table, shape)).tolist() == [row]
        assert table.parts(row).tolist() == template(*shape).parts.tolist()
    assert table.find(keys(table, (0, 0, 77, b""))).tolist() == [-1]


@settings(deadline=None)
@given(SHAPES)
def test_rows_of_one_text_are_one_series(shapes: list[tuple[int, int, int, bytes]]) -> None:
    """That of the first of them with the same entity and level."""
    table = made(shapes)
    for row, (entity, level, _, text) in enumerate(shapes):
        first = next(place for place, each in enumerate(shapes) if (each[0], each[1], each[3]) == (entity, level, text))
        assert table.primary[row] == table.named(entity, level, text) == first
    assert table.named(0, 0, b"nobody said this") == -1


@settings(deadline=None)
@given(SHAPES, st.data())
def test_what_is_kept_is_as_if_nothing_else_had_been(
    shapes: list[tuple[int, int, int, bytes]], data: st.DataObject
) -> None:
    """Serial numbers stay, row numbers are new."""
    table = made(shapes)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(shapes), max_size=len(shapes))), bool)
    serials = table.rows["serial"][kept].tolist()
    numbers = table.keep(kept)
    left = [shape for shape, stays in zip(shapes, kept.tolist(), strict=True) if stays]
    assert numbers.tolist() == [
        np.flatnonzero(kept).tolist().index(row) if kept[row] else -1 for row in range(len(shapes))
    ]
    assert table.rows["serial"].tolist() == serials
    assert table.serial == len(shapes)
    fresh = made(left)
    assert table.texts == fresh.texts
    assert table.primary.tolist() == fresh.primary.tolist()
    assert [table.find(keys(table, shape)).tolist() for shape in left] == [[row] for row in range(len(left))]


@settings(deadline=None)
@given(SHAPES, SHAPES, st.data())
def test_a_chain_of_snapshots_gives_the_table_back(
    first: list[tuple[int, int, int, bytes]], second: list[tuple[int, int, int, bytes]], data: st.DataObject
) -> None:
    """The later ones hold new templates in full, and of the others only what changes."""
    table = made(first)
    chain = [table.to_arrays()]
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(first), max_size=len(first))), bool)
    since = table.serial
    table.keep(kept)
    left = {shape[:3] for shape, stays in zip(first, kept.tolist(), strict=True) if stays}
    table.add([template(*shape) for shape in second if shape[:3] not in left])
    table.rows["seen"] += 5
    chain.append(table.to_arrays(since))
    restored = Templates.from_arrays(chain, table.owners)
    same(table, restored)
    assert restored.serial == table.serial


@settings(deadline=None)
@given(SHAPES, SHAPES, st.data())
def test_the_shares_of_a_turn_give_the_table_back(
    first: list[tuple[int, int, int, bytes]], second: list[tuple[int, int, int, bytes]], data: st.DataObject
) -> None:
    """Without a snapshot of everything, while templates are removed and added between the shares."""
    table, turn, chain = made(first), Turn(3, 2), []
    for number in range(4):
        since = table.serial
        kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(table), max_size=len(table))), bool)
        table.keep(kept)
        table.add([template(*shape) for shape in second[number::4] if shape not in first])
        turn = turn.next({"templates": len(table)})
        chain.append(table.to_arrays(since, turn.share("templates")))
    same(table, Templates.from_arrays(chain, table.owners))


def test_nothing_added_changes_nothing() -> None:
    """Also to an empty table."""
    table = made([])
    table.add([])
    assert (len(table), table.serial, table.general.tolist()) == (0, 0, [0])
    assert table.keep(np.empty(0, bool)).tolist() == []
    same(table, Templates.from_arrays([table.to_arrays()], table.owners))


@pytest.mark.parametrize(("number", "expected"), [(3, [0, 0]), (5, [1, 1])])
def test_the_last_of_general_says_whether_any_is(number: int, expected: list[int]) -> None:
    """Lookups ask it first."""
    assert made([(0, 0, number, b"x")]).general.tolist() == expected
