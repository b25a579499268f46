"""Series that are reclaimed leave room for others, and nothing of them stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable


def pod(number: int, metrics: int = 2) -> list[SeriesIdentity]:
    """Series of one pod of one service."""
    return [
        SeriesIdentity("shop", f"m{metric}", (("pod", f"p{number}"),), "ms", SeriesKind.GAUGE)
        for metric in range(metrics)
    ]


def same(one: WireMemory, other: WireMemory) -> bool:
    """Whether two memories are the same, byte for byte."""
    first, second = one.to_arrays(), other.to_arrays()
    return first.keys() == second.keys() and all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_pods_that_come_and_go_never_fill_a_table() -> None:
    """A limit of twenty series is enough for a thousand pods of two series, ten of them at a time."""
    table = SeriesTable(limit=20)
    for number in range(1000):
        added = table.add(pod(number))
        assert added.min() >= 0
        table.remember(np.array([2 * number + 1, 2 * number + 2], np.uint64), added)
        if number >= 9:
            old = table.add(pod(number - 9))
            table.reclaim(np.sort(old))
    assert (len(table), table.live, len(table.aliases)) == (20, 18, 18)
    assert len(table._words) == 9 + 2 + 1
    assert table.find(np.array([1, 1999], np.uint64)).tolist() == [-1, table.add(pod(999))[0]]


def test_a_series_that_comes_back_is_a_new_one() -> None:
    """It takes the lowest free number, not its old one, and is told to the bank again."""
    table = SeriesTable()
    table.add(pod(0) + pod(1))
    assert table.taken_new().tolist() == [0, 1, 2, 3]
    table.reclaim(np.array([0, 3], np.int32))
    assert table.add([pod(1)[1], pod(2)[0], pod(3)[0]]).tolist() == [0, 3, 4]
    assert table.taken_new().tolist() == [0, 3, 4]
    assert [table.identity(number) for number in (0, 3)] == [pod(1)[1], pod(2)[0]]


def test_an_entity_without_series_is_forgotten() -> None:
    """Its code is reported once and goes to the next entity."""
    table = SeriesTable()
    table.add([SeriesIdentity(name, "m") for name in ("one", "two", "three")])
    assert table.reclaim(np.array([1], np.int32)).tolist() == [1]
    assert table.code_of_entity("two") == -1
    table.add([SeriesIdentity("four", "m")])
    assert table.entities == ["one", "four", "three"]


def test_a_deployment_a_minute_leaves_few_aliases() -> None:
    """Hashes of versions that are gone are given up, and those in use come back."""
    table = SeriesTable(limit=10)
    series = table.add(pod(0))
    for version in range(1, 500):
        hashes = np.array([2 * version + 1, 2 * version + 2], np.uint64)
        known = table.find(hashes)
        assert set(known.tolist()) <= {-1, 0, 1}
        table.remember(hashes[known < 0], series[known < 0])
        assert len(table.aliases) <= 8
        if version % 10 == 0:
            table.refresh(np.arange(2, dtype=np.int32))
    table.refresh(np.arange(2, dtype=np.int32))
    table.remember(hashes, series)
    assert table.find(hashes).tolist() == series.tolist()
    assert len(table.aliases) == 2


def test_refused_series_may_come_when_there_is_room() -> None:
    """A refusal is remembered until the table has looked for room."""
    table = SeriesTable(limit=2)
    table.add(pod(0))
    late = np.array([7], np.uint64)
    table.remember(late, table.add(pod(1)[:1]))
    assert table.find(late).tolist() == [-2]
    table.reclaim(np.array([0, 1], np.int32))
    table.refresh(np.empty(0, np.int32))
    assert table.find(late).tolist() == [-1]
    assert table.add(pod(1)[:1]).tolist() == [0]


def test_words_of_refused_series_are_not_kept() -> None:
    """A table that is full, or an entity at its quota, costs no text, whichever way series come."""
    table = SeriesTable(limit=100, quota=3)
    assert table.add([identity for number in range(40) for identity in pod(number)]).tolist() == [0, 1, 2] + [-5] * 77
    assert table.add([SeriesIdentity("other", "m0")]).tolist() == [3]
    assert len(table._words) == 2 + 2 + 1 + 1  # two metrics, two pods, a unit and the empty one


@given(
    st.lists(st.tuples(st.sampled_from("arfs"), st.lists(st.integers(0, 30), max_size=12)), min_size=1, max_size=30),
    st.integers(5, 40),
)
@settings(max_examples=60, deadline=None)
def test_a_table_is_a_dict_whose_entries_come_and_go(steps: list[tuple[str, list[int]]], limit: int) -> None:
    """Any series of births, ends and snapshots agrees with a dict, and increments restore the same bytes."""
    memory, copy, version = WireMemory(limit), WireMemory(limit), (0, 0, 0)
    table, expected = memory.table, dict[int, int]()
    for what, numbers in steps:
        match what:
            case "a":
                found = table.add([pod(number)[0] for number in numbers]).tolist()
                for number, series in zip(numbers, found, strict=True):
                    assert expected.get(number, series) == series
                    if series >= 0:
                        expected[number] = series
                fresh = {n: s for n, s in zip(numbers, found, strict=True) if s >= 0}
                hashes = np.array([n + 1 for n in fresh], np.uint64)
                new = table.find(hashes) == -1
                table.remember(hashes[new], np.array([*fresh.values()], np.int32)[new])
            case "r":
                gone = [number for number in {*numbers} if number in expected]
                memory.reclaim(np.array(sorted(expected.pop(number) for number in gone), np.int32))
            case "f":
                table.refresh(np.array(sorted(expected.values()), np.int32))
            case _:
                copy.extend(memory.since(version))
                version = table.version
        assert table.live == len(expected) <= limit
        assert sorted(set(expected.values())) == np.flatnonzero(table.entity >= 0).tolist()
    copy.extend(memory.since(version))
    assert same(memory, copy)
    whole = WireMemory(limit)
    whole.extend(memory.to_arrays())
    more = [pod(number)[0] for number in range(20, 60)]
    assert memory.table.add(more).tolist() == copy.table.add(more).tolist() == whole.table.add(more).tolist()
    assert same(memory, whole)
    assert same(memory, copy)


def test_increments_hold_only_what_changed() -> None:
    """After a thousand series one more costs one row, and a part that does not follow is refused."""
    table = SeriesTable()
    table.add([identity for number in range(500) for identity in pod(number)])
    table.since()
    version = table.version
    table.add([SeriesIdentity("late", "m0")])
    table.reclaim(np.array([3], np.int32))
    part = table.since(version)
    assert (len(part["codes"]), part["entity_codes"].tolist(), part["numbers"].tolist()) == (2, [1], [3, 1000])
    with pytest.raises(ValueError, match="the part begins at"):
        SeriesTable().extend(part)
