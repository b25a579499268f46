"""Changes that may have caused an incident: shortly before its onset, on the cause or on what the cause needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp

from aiops.model.diagnoses import ChangeSuspect
from aiops.model.durations import MINUTE
from aiops.model.prose import Prose
from aiops.model.reports import Change
from topology.graph import Graph

FADES = 20 * MINUTE
"""Suspicion falls to 1/e in this time, ns. Most outages caused by a change follow it within minutes."""
SLACK = 2 * MINUTE
"""A change recorded up to this time after the onset, ns, may be the cause: clocks differ, and records may be late."""
BY_KIND = {"deploy": 1.0, "config": 1.0, "flag": 1.0, "infrastructure": 0.8, "scale": 0.5}
OTHER_KIND = 0.7
BY_HOPS = (1.0, 0.5, 0.25)
"""Factor for a change on the cause; on what the cause needs; on what that needs."""
ELSEWHERE = 0.1
"""Factor for a change on another member of the incident."""
LEAST = 0.05


def proximity(change: Change, onset: int) -> float:
    """In [0, 1]: how well the change's time and kind fit an incident that began at ``onset``, ns (0: not known)."""
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
        changes: recent changes of any entity.
        causes: probability of each hypothesis, by entity.
        graph: the estate.
        onset: when the incident began, ns; 0: not known, no change is a suspect.
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
    """Item to its factor of suspicion, and the hypothesis that it is, or that needs it."""
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
