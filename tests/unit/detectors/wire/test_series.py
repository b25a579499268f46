from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire.hashing import HashIndex
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable


def identities(first: int, last: int) -> list[SeriesIdentity]:
    """Distinct identities by number."""
    return [
        SeriesIdentity(f"e{n % 7}", f"m{n % 3}", (("n", str(n)),), "ms", SeriesKind(n % 6)) for n in range(first, last)
    ]


@given(st.lists(st.tuples(st.integers(1, 2**64 - 1), st.integers(-4, 2**31 - 1)), max_size=3000))
@settings(max_examples=30, deadline=None)
def test_the_hash_index_is_a_dict(pairs: list[tuple[int, int]]) -> None:
    """Through growth and repeats it gives what a dict with first-come values gives."""
    index, expected = HashIndex(), dict[int, int]()
    for begin in range(0, len(pairs), 97):
        part = pairs[begin : begin + 97]
        index.insert(np.array([p[0] for p in part], np.uint64), np.array([p[1] for p in part], np.int32))
        for key, value in part:
            expected.setdefault(key, value)
    keys = [*expected, *(key ^ 1 for key in expected)]
    keys = [key for key in keys if key]
    found = index.find(np.array(keys, np.uint64)).tolist()
    assert found == [expected.get(key, -1) for key in keys]
    assert len(index) == len(expected)


def test_growth_keeps_every_entry() -> None:
    """A hundred thousand entries are found after many doublings."""
    hashes = np.random.default_rng(1).integers(1, 2**63, 100_000).astype(np.uint64)
    index = HashIndex()
    for begin in range(0, len(hashes), 1000):
        index.insert(hashes[begin : begin + 1000], np.arange(begin, begin + 1000, dtype=np.int32))
    assert (index.find(hashes) == np.arange(100_000)).all()


def test_an_identity_keeps_its_number() -> None:
    """The same identity gives the same number, alone, repeated in one call, and later."""
    table = SeriesTable()
    first = table.add(identities(0, 50) + identities(0, 50))
    assert first.tolist() == [*range(50), *range(50)]
    assert table.add(identities(10, 60)).tolist() == [*range(10, 60)]
    assert [table.identity(n) for n in range(60)] == identities(0, 60)
    assert [table.entities[code] for code in table.entity] == [identity.entity for identity in identities(0, 60)]


def test_a_full_table_takes_no_more_and_forgets_none() -> None:
    """Past the limit new series get the refusal, also within one call, and no text of theirs is kept."""
    table = SeriesTable(limit=5)
    assert table.add(identities(0, 8)).tolist() == [0, 1, 2, 3, 4, -2, -2, -2]
    words = table.version
    assert table.add(identities(100, 200)).tolist() == [-2] * 100
    assert table.version == words
    assert table.add(identities(3, 4)).tolist() == [3]


def test_refused_hashes_are_bounded() -> None:
    """A sender that invents hashes for ever is refused without being remembered."""
    table = SeriesTable(limit=1)
    for begin in range(1, 200_001, 1000):
        hashes = np.arange(begin, begin + 1000, dtype=np.uint64)
        new = table.find(hashes) == -1
        table.remember(hashes[new], np.full(int(new.sum()), -2, np.int32))
    assert len(table.aliases.refused) <= 65_536
    assert len(table.aliases) == 0


def test_snapshots_come_back_byte_for_byte_in_parts_or_whole() -> None:
    """A table restored from one snapshot, or from increments, gives the same arrays again."""
    memory = WireMemory()
    table = memory.table
    table.add(identities(0, 30))
    table.remember(np.arange(1, 31, dtype=np.uint64), np.arange(30, dtype=np.int32))
    first, version = memory.since(), table.version
    table.add(identities(20, 60))
    table.remember(np.arange(31, 61, dtype=np.uint64), np.arange(30, 60, dtype=np.int32))
    second = memory.since(version)
    parts, whole = WireMemory(), WireMemory()
    parts.extend(first)
    parts.extend(second)
    whole.extend(memory.to_arrays())
    expected = memory.to_arrays()
    for restored in (parts, whole):
        found = restored.to_arrays()
        assert found.keys() == expected.keys()
        assert {name: array.tobytes() for name, array in found.items()} == {
            name: array.tobytes() for name, array in expected.items()
        }
        assert restored.table.find(np.array([5, 45], np.uint64)).tolist() == [4, 44]
    assert len(second["table.codes"]) == 30
