"""Detects partitions with unread records whose position does not move, from outside the shards.

A shard cannot report this itself: its loop may hang, or its process may die again and again at the same record. The
watch compares the positions in the shards' statuses with the end offsets of the broker, shifted as the shards shift
those of a topic that was made anew. Times are of a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiops.adapters.followed_topics import read_shown
from aiops.adapters.shard_parts import ShardStatus
from aiops.model.durations import SECOND
from aiops.model.records import TopicPartition

PATIENCE: Final = 8 * SECOND
"""A partition is stalled when its position has not moved for this long although it has unread records, ns. With one
look a second, and a second in which a hung shard does not answer, it is noticed within ten seconds."""
GRACE: Final = 120 * SECOND
"""As ``PATIENCE``, for a partition that has not moved yet since this process began to look, while shards answer, ns.
The first records of a format may wait for its decoder to be compiled."""
HUNG: Final = 120 * SECOND
"""A shard with a stalled partition is killed when its loop has not turned for this long, ns. A restore of a large
snapshot takes up to half a minute."""
_TURNING: Final = 5 * SECOND
"""The loop of a shard turns when it published a status within this time, ns. It publishes one each second."""
_MARKERS: Final = 8
"""Unread offsets that a shard whose loop turns may leave at the end of a partition: a transaction's markers take
offsets, and no client delivers them."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A partition that does not move."""

    place: TopicPartition
    unread: int
    """Records between the position and the end of the partition."""
    seconds: float
    """Time since the last move."""


@dataclass(slots=True)
class _Loop:
    published: int = -1
    """The status's time; 0: this process of the shard has not published one yet."""
    turned_at: int = 0
    """Last new status, ns; 0: none yet."""
    waited_from: int = 0
    """Last new status or start of the process, ns."""
    failing: bool = False


@dataclass(slots=True)
class StallWatch:
    """Positions over time; ``look`` is called about once a second."""

    patience: int = PATIENCE
    _positions: dict[TopicPartition, int] = field(default_factory=dict)
    _shifts: dict[TopicPartition, int] = field(default_factory=dict)
    """What the shards add to the broker's offsets. A shift only grows, so an old status does not undo a new one."""
    _shards: dict[TopicPartition, int] = field(default_factory=dict)
    _loops: dict[int, _Loop] = field(default_factory=dict)
    _moved: set[TopicPartition] = field(default_factory=set)
    _unmoved: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    """Position of each partition with unread records, and since when it has been there, ns."""
    _stalled: frozenset[TopicPartition] = frozenset()

    def look(
        self, bounds: Mapping[TopicPartition, tuple[int, int]], statuses: Iterable[ShardStatus], at: int
    ) -> list[Stall]:
        """The partitions that do not move, by topic and number.

        Args:
            bounds: first and end offset of every partition, from the broker, read after the statuses: a position that
                is newer than the end would look like one of a deleted topic.
            statuses: of the shards that answered.
            at: monotonic time, ns.
        """
        answered = False
        for status in statuses:
            self._learn(status, at)
            answered = True
        stalls = []
        for place, own in sorted(bounds.items()):
            first, end = (offset + self._shifts.get(place, 0) for offset in own)
            if self._positions.get(place, 0) > end:  # the topic was made anew, and its shard does not know it yet
                del self._positions[place]
            position = max(first, self._positions.get(place, first))
            since = self._since(place, position, end - position, at=at)
            if at - since >= (GRACE if answered and place not in self._moved else self.patience):
                stalls.append(Stall(place, end - position, (at - since) / SECOND))
        self._stalled = frozenset(stall.place for stall in stalls)
        return stalls

    def hung(self, at: int) -> list[int]:
        """Shards whose loop has not turned for a long time and which hold a partition that is stalled."""
        holders = {self._shards[place] for place in self._stalled if place in self._shards}
        return sorted(shard for shard in holders if at - self._loops[shard].waited_from >= HUNG)

    def forgive(self, shard: int, at: int) -> None:
        """Wait anew before the shard counts as hung: it was killed now."""
        self._loops[shard].waited_from = at

    def _learn(self, status: ShardStatus, at: int) -> None:
        loop = self._loops.setdefault(status.shard, _Loop())
        if loop.published != status.alive_at:
            loop.published, loop.waited_from = status.alive_at, at
            loop.turned_at = at if status.alive_at else 0
        loop.failing = bool(status.error)
        for place, (_, shift) in read_shown(status.origins).items():
            self._shifts[place] = max(shift, self._shifts.get(place, 0))
        for line in status.ledger:
            place = TopicPartition(line.topic, line.partition)
            # A shard that dies again and again goes back to its snapshot each time: only a new maximum is a move.
            known = self._positions.get(place)
            self._positions[place] = max(line.next_offset, known or 0)
            if known is not None and line.next_offset > known:
                self._moved.add(place)
            if line.slot in status.slots:
                self._shards[place] = status.shard

    def _since(self, place: TopicPartition, position: int, unread: int, *, at: int) -> int:
        """Since when the partition has been at its position with unread records; ``at`` if it is not waited for."""
        if unread <= 0 or (unread <= _MARKERS and self._turns(place, at)):
            self._unmoved.pop(place, None)
            return at
        known, since = self._unmoved.get(place, (-1, at))
        if known != position:
            since = at
        self._unmoved[place] = (position, since)
        return since

    def _turns(self, place: TopicPartition, at: int) -> bool:
        loop = self._loops.get(self._shards.get(place, -1))
        if loop is None or loop.failing or not loop.turned_at:
            return False
        return at - loop.turned_at < _TURNING


def by_slot(stalls: Sequence[Stall]) -> dict[int, tuple[Stall, ...]]:
    """Slot to its stalled partitions, the one with the most unread records first."""
    slots: dict[int, list[Stall]] = {}
    for stall in stalls:
        slots.setdefault(stall.place.partition, []).append(stall)
    return {slot: tuple(sorted(found, key=lambda stall: -stall.unread)) for slot, found in slots.items()}
