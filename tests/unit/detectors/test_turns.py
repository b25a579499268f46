from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors.turns import Turn


def test_a_turn_begins_after_the_last_snapshot_of_the_one_before() -> None:
    """With the sizes of that moment; those that are given in between do not count."""
    turn = Turn(3, 2)
    places = []
    for size in range(10, 17):
        turn = turn.next({"rows": size})
        places.append((turn.number, turn.sizes["rows"], turn.is_last))
    assert places == [
        (0, 10, False), (1, 10, False), (2, 10, True), (0, 13, False), (1, 13, False), (2, 13, True), (0, 16, False)
    ]  # fmt: skip


@given(st.integers(1, 70), st.integers(0, 500))
def test_shares_hold_each_item_once(of: int, size: int) -> None:
    """The highest first, and the shares are about equal."""
    shares = [Turn(of, number, {"rows": size}).share("rows") for number in range(of)]
    assert [item for begin, end in reversed(shares) for item in range(begin, end)] == list(range(size))
    lengths = [end - begin for begin, end in shares]
    assert max(lengths) - min(lengths) <= 1


def test_a_kind_without_items_has_an_empty_share() -> None:
    """Nothing of it was there when the turn began."""
    assert Turn(3, 1).share("rows") == (0, 0)


@given(st.integers(1, 9), st.lists(st.integers(0, 60), max_size=30), st.integers(2, 60))
def test_items_that_move_down_are_not_left_out(of: int, removals: list[int], size: int) -> None:
    """Ranks fall while lower items are removed between two snapshots; every item that stays is in a share."""
    items, turn, seen = list(range(size)), Turn(of, of - 1), set[int]()
    for number in range(of):
        turn = turn.next({"rows": size})
        begin, end = turn.share("rows")
        seen |= set(items[begin:end])
        for place in removals[number::of]:
            if place < len(items):
                del items[place]
    assert set(items) <= seen
