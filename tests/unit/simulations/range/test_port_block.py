"""Blocks of ports."""

from __future__ import annotations

import pytest

from aiops.model.errors import PermanentError
from simulations.range.port_block import BLOCKS, FIRST, SIZE, PortBlock


def test_ports_are_given_in_order() -> None:
    """The first block begins at the first port."""
    block = PortBlock(0)
    assert [block.take(), block.take()] == [FIRST, FIRST + 1]


def test_the_last_block_ends_below_the_ports_of_the_embedded_broker() -> None:
    """Those begin at 20,000."""
    block = PortBlock(BLOCKS - 1)
    assert [block.take() for _ in range(SIZE)][-1] < 20_000


def test_a_seed_with_the_same_remainder_has_the_same_block() -> None:
    """Such estates cannot run at once."""
    assert PortBlock(3).take() == PortBlock(3 + BLOCKS).take()


def test_a_used_up_block_is_an_error() -> None:
    """No port of a neighbour is given."""
    block = PortBlock(0)
    for _ in range(SIZE):
        block.take()
    with pytest.raises(PermanentError, match="at most 160 ports"):
        block.take()
