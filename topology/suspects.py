"""Which changes may have caused the trouble: near in time before the onset, on the cause or under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp

from aiops.model.diagnoses import ChangeSuspect
from aiops.model.prose import Prose
from aiops.model.reports import Change
from topology.graph import Graph

MINUTE = 60 * 10**9
FADES = 20 * MINUTE
"""Suspicion falls to 1/e in this time, ns. Most outages by change follow it within minutes."""
SLACK = 2 * MINUTE
"""A change noted this long after the onset may still have caused it: clocks differ and records are written late."""
BY_KIND = {"deploy": 1.0, "config": 1.0, "flag": 1.0, "infrastructure": 0.8, "scale": 0.5}
OTHER_KIND = 0.7
BY_HOPS = (1.0, 0.5, 0.25)
"""On the cause; on what it needs; on what that needs."""
ELSEWHERE = 0.1
"""On another member of the incident."""
LEAST = 0.05


def proximity(change: Change, onset: int) -> float:
    """In [0, 1]: how well the change's time and kind fit a trouble that began at ``onset``, ns (0: not known)."""
    if not onset:
        return 0.0
    before = onset - change.at
    if before < -SLACK:
        return 0.0
    return BY_KIND.get(change.kind.lower(), OTHER_KIND) * exp(-max(before, 0) / FADES)


def suspects(
    changes: Iterable[Change], causes: Mapping[str, float], graph: Graph, *, onset: int, members: Iterable[str] = ()
) -> tuple[ChangeSuspect, ...]:
    """Suspicious changes, the most suspicious first, at most 10.

    Args:
        changes: recent ones, anywhere.
        causes: probability of each hypothesis.
        graph: the estate.
        onset: when the trouble began, ns.
        members: entities of the incident.
    """
    near = _near(causes, graph)
    at_hand = set(members)
    found = []
    for change in {change.id: change for change in changes}.values():
        touched = (change.entity, *change.instances)
        place, cause = max((near.get(name, (0.0, "")) for name in touched), default=(0.0, ""))
        if not place and at_hand.intersection(touched):
            place, cause = ELSEWHERE, ""
        suspicion = proximity(change, onset) * place
        if suspicion >= LEAST:
            found.append(
                ChangeSuspect(change.id, change.entity, round(suspicion, 6), Prose(_why(change, onset, cause)))
            )
    return tuple(sorted(found, key=lambda s: (-s.suspicion, s.id))[:10])


def _near(causes: Mapping[str, float], graph: Graph) -> dict[str, tuple[float, str]]:
    """Item to the share of suspicion of its place, and the hypothesis it is on or under."""
    near: dict[str, tuple[float, str]] = {}
    best = max(causes.values(), default=0.0)
    for cause, probability in sorted(causes.items()):
        weight = probability / best if best else 0.0
        front = [cause]
        for share in BY_HOPS:
            for name in front:
                near[name] = max(near.get(name, (0.0, "")), (share * weight, cause))
            front = [end for name in front for end, _ in graph.needs_of(name)][:1000]
    return near


def _why(change: Change, onset: int, cause: str) -> str:
    minutes = (onset - change.at) / MINUTE
    when = f"{minutes:.0f} min before" if minutes >= 0 else f"{-minutes:.0f} min after"
    where = {change.entity: "on the suspected cause", "": "on an entity of the incident"}.get(cause, f"under {cause}")
    return f"{change.kind} {when} the onset, {where}"
