"""Turns of snapshots: within a turn everything is written once, a share with each snapshot, whether it changed or not.

Each snapshot also has everything that changed since the one before. So the snapshots of one turn hold all state, and
none of them has to copy all of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Share = tuple[int, int]
"""[from, to): what a snapshot has besides the changes."""
NO_SHARE: Share = (0, 0)


@dataclass(frozen=True, slots=True)
class Turn:
    """Place of a snapshot in its turn."""

    of: int
    """Snapshots in a turn."""
    number: int = 0
    """Of this snapshot, from 0."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """How many items of each kind there were when the turn began. Later ones have changed since then."""

    @property
    def is_last(self) -> bool:
        """Whether this snapshot ends the turn."""
        return self.number == self.of - 1

    def next(self, sizes: Mapping[str, int]) -> Turn:
        """The place of the snapshot after this one; ``sizes`` counts if it begins a turn."""
        return Turn(self.of, 0, sizes) if self.is_last else replace(self, number=self.number + 1)

    def share(self, name: str) -> Share:
        """The items of a kind that belong to this snapshot, the highest first.

        Items whose number falls during the turn, because lower ones were removed, are not left out in this order.
        """
        size, after = self.sizes.get(name, 0), self.of - self.number
        return size * (after - 1) // self.of, size * after // self.of
