"""Detects records that retention removed before they were read: compares positions with the start of the log."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.model.records import TopicPartition

Lost = tuple[TopicPartition, int, int]


def starts(
    wanted: Mapping[TopicPartition, int | None], bounds: Mapping[TopicPartition, tuple[int, int]]
) -> tuple[dict[TopicPartition, int], list[Lost]]:
    """Offsets to read from, and the lost ranges [from, to).

    A position past the end (the topic was recreated, or the broker lost data) restarts at the beginning. Records read
    twice count as duplicates; skipping would lose data.
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
