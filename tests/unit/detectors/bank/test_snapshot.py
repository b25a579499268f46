from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detectors.bank.layout import ROW, Array, BankState
from detectors.bank.snapshot import copy_changed, restore
from detectors.turns import Turn
from tests.unit.detectors.bank.rows import state

SIZE, MOST = 1500, 2048


def filled(version: int = 1) -> BankState:
    """1,500 series in 94 blocks, everything changed at this version."""
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
    assert restore(target, (0, MOST), copy_changed(source, SIZE, None, version=1)) == (SIZE, 1)
    assert same(source, target)


def test_only_changed_blocks_are_copied() -> None:
    """Those changed after the version that was copied before; the last block ends at the bank's size."""
    source = filled(version=3)
    source.dirty_rows[[1, 93, 94]] = 5
    source.dirty_ring[2, 1] = 4
    part = copy_changed(source, SIZE, 3, version=5)
    assert part["rows_blocks"].tolist() == [1, 93]
    assert part["rows_data"].shape == (2, 16 * ROW.itemsize)
    assert (len(part["hours_blocks"]), len(part["troubles_data"])) == (0, 0)
    assert part["ring_blocks"].tolist() == [[2, 1]]
    assert part["ring_data"].tolist() == [list(range(256, 512))]


def test_a_share_is_copied_whether_it_changed_or_not() -> None:
    """All blocks with a series of the share, besides what changed; but none that was copied since the turn began."""
    source = filled(version=3)
    source.dirty_rows[20] = 6
    source.dirty_rows[5] = 5
    source.dirty_hours[4] = 0
    part = copy_changed(source, SIZE, 5, version=6, share=(60, 100), begun=4)
    assert part["rows_blocks"].tolist() == [3, 4, 6, 20]
    assert part["hours_blocks"].tolist() == [3, 5, 6]
    assert part["ring_blocks"].tolist() == [[cell, 0] for cell in range(4)]


def test_the_shares_of_a_turn_hold_everything() -> None:
    """While series change and are added; the order of the parts decides."""
    source, target, turn, size = filled(), state(), Turn(7, 6), SIZE - 300
    taken = 0
    for version in range(2, 16):
        turn = turn.next({"bank": size})
        source.rows["n"][(version * 131) % SIZE] = version
        source.dirty_rows[((version * 131) % SIZE) >> 4] = version
        size = min(SIZE, size + 40)
        for dirty in (source.dirty_rows, source.dirty_anomalies, source.dirty_hours):
            dirty[(size - 40) >> 4 : (size + 15) >> 4] = version
        source.dirty_ring[:, (size - 40) >> 8 : (size + 255) >> 8] = version
        if version > 8:  # the second turn
            part = copy_changed(source, size, version - 1, version=version, share=turn.share("bank"), begun=8)
            taken, _ = restore(target, (taken, MOST), part)
    for name in ("rows", "anomalies", "hours"):
        assert np.array_equal(getattr(target, name)[:size], getattr(source, name)[:size])
    assert np.array_equal(target.ring[:, :size], source.ring[:, :size])


def test_an_increment_goes_on_from_the_full_one() -> None:
    """Full, then what changed since: the same as the source."""
    source, target = filled(), state()
    restore(target, (0, MOST), copy_changed(source, SIZE, None, version=1))
    source.rows["n"][1200] = 77
    source.dirty_rows[1200 >> 4] = 2
    assert restore(target, (SIZE, MOST), copy_changed(source, SIZE, 1, version=2)) == (SIZE, 2)
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
    restore(target, (0, MOST), copy_changed(filled(), SIZE, None, version=4))
    part = copy_changed(target, SIZE, 4, version=4)
    assert all(len(part[f"{name}_blocks"]) == 0 for name in ("rows", "troubles", "hours", "ring"))


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (0, 1, "format 1"),
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
        restore(state(), (100, MOST), part)


@pytest.mark.parametrize("name", ["rows_data", "hours_data", "troubles_data", "ring_data"])
@pytest.mark.parametrize("change", ["less", "more"])
def test_a_damaged_snapshot_is_refused(name: str, change: str) -> None:
    """Bytes that are missing or left over."""
    part: dict[str, Any] = copy_changed(filled(), SIZE, None, version=1)
    held: Array = part[name]
    part[name] = held[:-5] if change == "less" else np.concatenate([held, held[:5]])
    with pytest.raises(ValueError, match="snapshot holds"):
        restore(state(), (0, MOST), part)
