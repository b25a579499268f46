from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.turns import Turn
from detectors.wire.identity import SeriesIdentity
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable
from detectors.wire.series_parts import merged
from detectors.wire.series_rows import Arrays

OF = 5


def change(table: SeriesTable, rng: random.Random) -> None:
    """Some series come with one to four aliases each, some go, and their numbers and codes are given to others."""
    names = [
        SeriesIdentity(f"svc{rng.randrange(9)}", f"m{rng.randrange(5)}", (("pod", str(rng.randrange(40))),))
        for _ in range(rng.randrange(8))
    ]
    series = np.unique(table.add(names)).astype(np.int32)
    for _ in range(rng.randrange(4)):
        hashes = np.array([rng.getrandbits(63) | 1 for _ in series], np.uint64)
        if len(series):
            table.remember(hashes, series)
    table.seen.touch(series, rng.randrange(3), rng.randrange(100))
    live = np.flatnonzero(table.entity >= 0)
    gone = [number for number in live.tolist() if rng.random() < 0.2]
    table.reclaim(np.array(gone, np.int32))


def same(left: Arrays, right: Arrays) -> None:
    """The same bytes but for the versions."""
    assert left.keys() == right.keys()
    for name in left.keys() - {"head"}:
        assert left[name].tobytes() == right[name].tobytes(), name


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 12))
def test_the_parts_of_a_turn_give_the_whole_table(seed: int, before: int) -> None:
    """Whatever came and went before and during the turn."""
    rng, table = random.Random(seed), SeriesTable(200)
    for _ in range(before):
        change(table, rng)
    version, turn, parts = table.version, Turn(OF, OF - 1), []
    for _ in range(OF + rng.randrange(OF)):
        change(table, rng)
        entities, words, series = table.sizes
        turn = turn.next({"entities": entities, "words": words, "series": series})
        parts.append(table.since(version, (turn.share("entities"), turn.share("words"), turn.share("series"))))
        version = table.version
    restored = SeriesTable.from_arrays(merged(parts), 200)
    same(table.to_arrays(), restored.to_arrays())
    after = random.Random(seed + 1)
    for found in (table, restored):
        after.seed(seed + 1)
        change(found, after)
    same(table.to_arrays(), restored.to_arrays())


def test_a_single_part_is_itself() -> None:
    """A full snapshot."""
    table = SeriesTable(200)
    change(table, random.Random(2))
    same(merged([table.to_arrays()]), table.to_arrays())


def test_a_memory_is_restored_from_a_chain() -> None:
    """With the key of the last part."""
    memory, rng = WireMemory(200, key=77), random.Random(5)
    change(memory.table, rng)
    chain, version = [memory.since()], memory.table.version
    change(memory.table, rng)
    chain.append(memory.since(version))
    restored = WireMemory(200)
    restored.restore(chain)
    assert restored.seed == 77
    same(memory.table.to_arrays(), restored.table.to_arrays())
