"""The cache from hashes of raw bytes to series."""

from __future__ import annotations

import numpy as np

from detectors.wire.aliases import MORE, Aliases


def hashes(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


def series(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def test_a_series_has_room_for_four_aliases() -> None:
    """A fifth is not kept, in one call or in several; its points are read slowly."""
    aliases = Aliases()
    assert aliases.remember(hashes(1, 2, 3), series(7, 7, 7)).tolist() == [7, 7, 7]
    assert aliases.remember(hashes(4, 5), series(7, 7)).tolist() == [7]
    assert aliases.find(hashes(1, 2, 3, 4, 5), 8).tolist() == [7] * (MORE + 1) + [-1]
    assert len(aliases) == MORE + 1


def test_only_series_with_several_aliases_are_refreshed() -> None:
    """The one that most series have stays, and costs nothing."""
    aliases = Aliases()
    aliases.remember(hashes(1, 2, 3), series(0, 1, 1))
    assert aliases.refresh(series(0, 1)).tolist() == [1]
    assert aliases.find(hashes(1, 2, 3), 2).tolist() == [0, -1, -1]
    assert aliases.remember(hashes(3), series(1)).tolist() == [1]


def test_a_refusal_is_told_until_there_may_be_room() -> None:
    """It is no alias and part of no snapshot."""
    aliases = Aliases()
    assert aliases.remember(hashes(1, 2), series(-2, 0)).tolist() == [0]
    assert aliases.find(hashes(1, 2), 1).tolist() == [-2, 0]
    assert [each.tolist() for each in aliases.of(series(0))] == [[2], [0]]
    aliases.reset_refused()
    assert aliases.find(hashes(1, 2), 1).tolist() == [-1, 0]


def test_aliases_come_out_in_their_order_and_go_with_their_series() -> None:
    """A restored cache takes them in the same order; a number that is given again has none of the old ones."""
    aliases = Aliases()
    aliases.reserve(3000)
    aliases.remember(hashes(9, 1, 5), series(2999, 0, 2999))
    assert [each.tolist() for each in aliases.of(series(0, 1, 2999))] == [[1, 9, 5], [0, 2999, 2999]]
    aliases.drop(series(2999))
    assert aliases.find(hashes(9, 1, 5), 3000).tolist() == [-1, 0, -1]
    assert len(aliases) == 1
