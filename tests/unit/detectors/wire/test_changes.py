"""The log of numbers that changed, read by snapshots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.wire.changes import ChangeLog


@given(st.lists(st.one_of(st.integers(0, 50), st.lists(st.integers(0, 50), max_size=5), st.none()), max_size=40))
def test_each_reading_has_what_came_since_the_last(steps: list[int | list[int] | None]) -> None:
    """Each number once, sorted, whether it came alone or with others."""
    log, position, expected = ChangeLog(), 0, set[int]()
    for step in steps:
        match step:
            case None:
                assert log.since(position).tolist() == sorted(expected)
                position, expected = log.position, set()
            case list():
                log.extend(np.array(step, np.int32))
                expected |= set(step)
            case _:
                log.add(step)
                expected.add(step)
    assert log.since(position).tolist() == sorted(expected)


def test_a_position_can_be_read_again_until_a_later_one_was() -> None:
    """A snapshot that was not written is made once more."""
    log = ChangeLog()
    log.add(7)
    assert log.since(0).tolist() == log.since(0).tolist() == [7]
    log.add(8)
    assert log.since(1).tolist() == [8]
    with pytest.raises(ValueError, match="holds changes 1 to 2, not those from 0 on"):
        log.since(0)


def test_a_position_that_is_not_reached_is_refused() -> None:
    """Also after a restart, which forgets what came before."""
    log = ChangeLog()
    log.add(7)
    with pytest.raises(ValueError, match="from 2 on"):
        log.since(2)
    log.restart(40)
    assert (log.position, log.since(40).tolist()) == (40, [])
    with pytest.raises(ValueError, match="holds changes 40 to 40"):
        log.since(39)
