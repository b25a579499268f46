"""Sums by key, against a dict."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from detectors.spans.tally import Tally

KEYS = st.one_of(st.integers(1, 40), st.integers(1, 2**64 - 1))
AMOUNTS = st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 2**40))


def columns(pairs: list[tuple[int, tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    keys = np.array([key for key, _ in pairs], np.uint64)
    return keys, np.array([amounts for _, amounts in pairs], np.int64).reshape(-1, 2)


def held(keys: np.ndarray, counts: np.ndarray) -> list[tuple[int, tuple[int, int]]]:
    return [(key, (one, other)) for key, (one, other) in zip(keys.tolist(), counts.tolist(), strict=True)]


class TallyMachine(RuleBasedStateMachine):
    """Whatever is added and taken, a dict says the same."""

    def __init__(self) -> None:
        super().__init__()
        self.tally = Tally()
        self.sums: dict[int, tuple[int, int]] = {}

    @rule(pairs=st.lists(st.tuples(KEYS, AMOUNTS), max_size=20))
    def add(self, pairs: list[tuple[int, tuple[int, int]]]) -> None:
        self.tally.add(*columns(pairs))
        for key, (one, other) in pairs:
            before = self.sums.get(key, (0, 0))
            self.sums[key] = before[0] + one, before[1] + other

    @rule(below=st.one_of(st.integers(0, 50), st.integers(0, 2**64 - 1)))
    def take(self, below: int) -> None:
        expected = sorted((key, sums) for key, sums in self.sums.items() if key < below)
        assert held(*self.tally.take(below)) == expected
        self.sums = {key: sums for key, sums in self.sums.items() if key >= below}

    @rule(pairs=st.dictionaries(KEYS, AMOUNTS, max_size=10))
    def replace(self, pairs: dict[int, tuple[int, int]]) -> None:
        self.tally.replace(*columns(list(pairs.items())))
        self.sums = dict(pairs)

    @invariant()
    def they_agree(self) -> None:
        assert len(self.tally) == len(self.sums)
        assert held(*self.tally.entries()) == sorted(self.sums.items())


TestTally = TallyMachine.TestCase
TestTally.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)


def test_it_grows_and_forgets_nothing() -> None:
    """Many times its first size, in one call and in several."""
    keys = np.random.default_rng(1).permutation(np.arange(1, 20_001, dtype=np.uint64))
    at_once, in_parts = Tally(), Tally()
    at_once.add(keys, np.stack([keys, keys], 1).astype(np.int64))
    for part in np.array_split(keys, 7):
        in_parts.add(part, np.stack([part, part], 1).astype(np.int64))
    assert held(*at_once.entries()) == held(*in_parts.entries())
    assert len(at_once) == 20_000
    assert at_once.take(2**64 - 1)[1].sum() == 2 * int(keys.sum())
    assert len(at_once) == 0


@settings(deadline=None)
@given(st.integers(2, 300))
def test_keys_that_fall_on_one_place_are_kept_apart(many: int) -> None:
    """Their place is a hash of theirs, and the next free one is taken."""
    keys = np.arange(1, many + 1, dtype=np.uint64) << np.uint64(32)
    tally = Tally()
    tally.add(keys, np.tile(np.array([[1, 2]], np.int64), (many, 1)))
    tally.add(keys[::-1], np.tile(np.array([[10, 20]], np.int64), (many, 1)))
    assert {sums for _, sums in held(*tally.entries())} == {(11, 22)}
