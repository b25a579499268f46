"""The ports of an estate: a block of its own below the ones that Linux hands out and those of the embedded broker."""

from __future__ import annotations

from typing import Final

from aiops.model.errors import PermanentError

FIRST: Final = 10_000
SIZE: Final = 160
BLOCKS: Final = 62
"""Seeds with the same remainder share a block and cannot run at once."""


class PortBlock:
    """Gives out the ports of a seed's block in order."""

    def __init__(self, seed: int) -> None:
        self._first = FIRST + SIZE * (seed % BLOCKS)
        self._given = 0

    def take(self) -> int:
        """The next port.

        Raises:
            PermanentError: the block is used up.
        """
        if self._given == SIZE:
            raise PermanentError(f"an estate has at most {SIZE} ports")
        self._given += 1
        return self._first + self._given - 1
