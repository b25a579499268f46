from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.layout import ROW, Array, BankState
from detectors.bank.snapshot import _runs, copy_changed, restore
from tests.unit.detectors.bank.rows import state

SIZE = 1500


def filled(version: int = 1) -> BankState:
    """1,500 series in two blocks, everything changed at this version."""
    made = state()
    numbers = np.arange(SIZE)
    made.rows["n"][:SIZE] = numbers
    made.rows["last_value"][:SIZE] = numbers / 7
    made.anomalies["count"][:SIZE] = numbers
    made.hours[:SIZE] = numbers[:, None]
    made.ring[:, :SIZE] = numbers
    for name in ("dirty_rows", "dirty_anomalies", "dirty_hours", "dirty_ring"):
        getattr(made, name)[:] = version
    return made


def same(one: BankState, other: BankState) -> bool:
    """The same contents, to the last bit."""
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in ("rows", "anomalies", "hours", "ring")
    )


def test_a_full_copy_restores_everything() -> None:
    """Into an empty bank: contents, size and version."""
    source, target = filled(), state()
    assert restore(target, 0, copy_changed(source, SIZE, None, version=1)) == (SIZE, 1)
    assert same(source, target)


def test_only_changed_blocks_are_copied() -> None:
    """Those changed after the version that was copied before; the last block ends at the bank's size."""
    source = filled(version=3)
    source.dirty_rows[1] = 5
    source.dirty_ring[2, 0] = 4
    part = copy_changed(source, SIZE, 3, version=5)
    assert part["rows_blocks"].tolist() == [1]
    assert part["rows_data"].shape == (SIZE - 1024, ROW.itemsize)
    assert (len(part["hours_blocks"]), len(part["troubles_data"])) == (0, 0)
    assert part["ring_blocks"].tolist() == [[2, 0]]
    assert part["ring_data"].tolist() == list(range(SIZE))


def test_an_increment_goes_on_from_the_full_one() -> None:
    """Full, then what changed since: the same as the source."""
    source, target = filled(), state()
    restore(target, 0, copy_changed(source, SIZE, None, version=1))
    source.rows["n"][1200] = 77
    source.dirty_rows[1] = 2
    assert restore(target, SIZE, copy_changed(source, SIZE, 1, version=2)) == (SIZE, 2)
    assert same(source, target)


def test_a_copy_is_a_copy() -> None:
    """What the loop writes afterwards does not reach a snapshot that is being written."""
    source = filled()
    part = copy_changed(source, SIZE, None, version=1)
    before = {name: array.copy() for name, array in part.items()}
    source.rows["n"] += 1
    source.ring[:] += 1
    assert all(np.array_equal(part[name], before[name]) for name in part)


def test_a_restored_bank_knows_what_changed() -> None:
    """The next increment of the target is empty."""
    target = state()
    restore(target, 0, copy_changed(filled(), SIZE, None, version=4))
    part = copy_changed(target, SIZE, 4, version=4)
    assert all(len(part[f"{name}_blocks"]) == 0 for name in ("rows", "troubles", "hours", "ring"))


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (0, 2, "format 2"),
        (4, 100, "/100/"),
        (5, 99, "/99 does not fit"),
        (3, 4096, "4096 series does not fit"),
        (3, 10, "10 series does not fit a bank of 100"),
    ],
)
def test_a_snapshot_of_another_shape_is_refused(place: int, value: int, told: str) -> None:
    """Another format, row or ring; more series than there is room, or fewer than there are."""
    part = copy_changed(filled(), SIZE, None, version=1)
    part["head"][place] = value
    with pytest.raises(ValueError, match=told):
        restore(state(), 100, part)


@pytest.mark.parametrize("name", ["rows_data", "hours_data", "troubles_data", "ring_data"])
@pytest.mark.parametrize("change", ["less", "more"])
def test_a_damaged_snapshot_is_refused(name: str, change: str) -> None:
    """Bytes that are missing or left over."""
    part: dict[str, Any] = copy_changed(filled(), SIZE, None, version=1)
    held: Array = part[name]
    part[name] = held[:-5] if change == "less" else np.concatenate([held, held[:5]])
    with pytest.raises(ValueError, match=r"snapshot holds|could not broadcast"):
        restore(state(), 0, part)


@settings(max_examples=50)
@given(st.sets(st.integers(0, 40)))
def test_runs_cover_every_block_once(blocks: set[int]) -> None:
    """As few pairs as possible, in order."""
    runs = _runs(np.array(sorted(blocks), dtype=np.int64))
    assert [n for begin, end in runs for n in range(begin, end)] == sorted(blocks)
    assert all(after[0] > before[1] for before, after in pairwise(runs))
