"""Random call graphs: connected, without cycles, with shared dependencies and legs through queues."""

from __future__ import annotations

from random import Random
from typing import Final

from simulations.range.estate_plan import Edge

MOST_CHILDREN: Final = 4
MOST_DEPTH: Final = 4


def draw(ids: tuple[str, ...], entries: int, random: Random) -> tuple[Edge, ...]:
    """Edges between services, each from an earlier to a later id. Every id but the entries ends at least one.

    Args:
        ids: services in call order; the first ``entries`` are those that users ask.
        entries: at least 1.
        random: source of the choices.
    """
    parents: dict[int, list[int]] = {}
    children: dict[int, list[int]] = {number: [] for number in range(len(ids))}
    depth = dict.fromkeys(range(entries), 0)
    for number in range(entries, len(ids)):
        possible = [one for one in depth if depth[one] < MOST_DEPTH - 1 and len(children[one]) < MOST_CHILDREN]
        idle = [one for one in possible if one < entries and not children[one]]
        parent = random.choice(idle or possible)
        parents[number], depth[number] = [parent], depth[parent] + 1
        children[parent].append(number)
    for _ in range(len(ids) // 3):
        target = random.randrange(entries, len(ids))
        possible = [one for one in range(target) if one not in parents[target] and len(children[one]) < MOST_CHILDREN]
        if possible and depth[target] > 0:
            source = random.choice(possible)
            parents[target].append(source)
            children[source].append(target)
    queued = _queued(children, entries, random)
    return tuple(
        Edge(ids[source], ids[target], f"{ids[target]}-jobs" if target in queued else "")
        for target in sorted(parents)
        for source in sorted(parents[target])
    )


def _queued(children: dict[int, list[int]], entries: int, random: Random) -> set[int]:
    """Services that are reached through a queue: one of a small estate, two of a large one, leaves if possible."""
    others = [number for number in children if number >= entries]
    leaves = [number for number in others if not children[number]]
    wanted = 1 if len(children) < 9 else 2
    chosen = random.sample(leaves, min(wanted, len(leaves) - 1)) if len(leaves) > 1 else []
    return set(chosen or others[-1:])
