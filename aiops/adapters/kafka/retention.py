"""What retention removed before it was read: found by comparing where we are with where the log begins."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.records import TopicPartition

Lost = tuple[TopicPartition, int, int]


def starts(
    wanted: Mapping[TopicPartition, int | None], bounds: Mapping[TopicPartition, tuple[int, int]]
) -> tuple[dict[TopicPartition, int], list[Lost]]:
    """Offsets to read from, and the ranges [from, to) that are gone.

    A position past the end (the topic was made anew, or its broker lost data) starts again at the beginning: reading
    twice is counted as duplicates, skipping would lose data.
    """
    positions: dict[TopicPartition, int] = {}
    lost: list[Lost] = []
    for place, want in wanted.items():
        first, end = bounds[place]
        if want is None or want > end:
            positions[place] = first
        elif want < first:
            positions[place] = first
            lost.append((place, want, first))
        else:
            positions[place] = want
    return positions, lost
