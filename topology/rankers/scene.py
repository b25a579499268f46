"""The part of the estate that one incident is about, as arrays: who is unwell how much, what may have harmed whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log

import numpy as np

from aiops.model.episodes import Episode, Signal
from topology.graph import Floats, Graph, Ints
from topology.hints import locality
from topology.rankers.protocol import Question

HOPS = 5
"""How far below a symptom causes are looked for."""
MOST_STRENGTH = 6.0
"""Strength of one signal is capped at this many nats: a score of 0.9975."""
SILENT = 0.6
"""Strength of an item without trouble of its own, relative to those that need it, if all of them are unwell."""

ACCOUNTED = 0.4
"""Weight of a dependant's trouble for a silent cause when something else that it needs was unwell before it."""


@dataclass(slots=True)
class Trouble:
    """All episodes of one entity together."""

    entity: str
    since: int
    """First abnormal point, ns; 0: not known."""
    own: float
    """Strength of what tells of the entity itself, nats."""
    felt: float
    """Strength of what may come from elsewhere, nats."""
    blames: dict[str, float]
    """Peer to strength of the figures about calls to it."""
    episodes: list[Episode]

    @property
    def strength(self) -> float:
        return self.own + self.felt


@dataclass(slots=True, eq=False)
class Scene:
    """Nodes 0 … n-1: all within ``HOPS`` below a symptom. Edge arrays (e,): ``harmed`` may suffer from ``by``."""

    names: list[str]
    troubles: dict[int, Trouble]
    strength: Floats
    """(n,) own and felt strength; of a silent item what its dependants imply."""
    own: Floats
    since: Floats
    """(n,) seconds; NaN: not known or not unwell."""
    silent: Floats
    """(n,) how much more of its dependants are unwell than of others, for items without trouble; else 0."""
    harmed: Ints
    by: Ints
    blame: Floats
    """(e,) strength of the figures that ``harmed`` has about calls to ``by``."""


def strength(score: float) -> float:
    """Nats against "as usual" for a score in [0, 1]."""
    return min(-log(1.0 - min(max(score, 0.0), 0.999999)), MOST_STRENGTH)


def troubles(episodes: Iterable[Episode]) -> dict[str, Trouble]:
    """Trouble by entity, in the order of names."""
    grouped: dict[str, list[Episode]] = {}
    for episode in episodes:
        grouped.setdefault(episode.entity, []).append(episode)
    return {name: _trouble(name, grouped[name]) for name in sorted(grouped)}


def _trouble(entity: str, episodes: list[Episode]) -> Trouble:
    starts = [episode.opened_at for episode in episodes if episode.opened_at > 0]
    signals = [signal for episode in episodes for signal in episode.signals]
    own = _add_up(strength(s.score) * locality(s) for s in signals)
    felt = _add_up(strength(s.score) * (1.0 - locality(s)) for s in signals)
    bare = [strength(e.severity) for e in episodes if not e.signals]
    blames: dict[str, list[float]] = {}
    for signal in signals:
        if signal.peer and signal.peer != entity:
            blames.setdefault(signal.peer, []).append(strength(signal.score))
    return Trouble(
        entity=entity,
        since=min(starts, default=0),
        own=own + 0.4 * _add_up(bare),
        felt=felt + 0.6 * _add_up(bare),
        blames={peer: _add_up(found) for peer, found in sorted(blames.items())},
        episodes=sorted(episodes, key=lambda e: (e.opened_at, e.id)),
    )


def _add_up(strengths: Iterable[float]) -> float:
    """Signals of one entity are no independent witnesses: the second counts a half, the third a third, and so on."""
    return sum(value / (order + 1) for order, value in enumerate(sorted(strengths, reverse=True)[:16]))


def signals_of(trouble: Trouble) -> list[tuple[Episode, Signal]]:
    """Its signals with their episodes, the worst first."""
    pairs = [(episode, signal) for episode in trouble.episodes for signal in episode.signals]
    return sorted(pairs, key=lambda p: (-p[1].score * (0.5 + locality(p[1])), p[1].since, p[1].series))


def scene(question: Question) -> Scene:
    """Arrays for a question; entities that the graph does not know are nodes without declared edges."""
    graph, found = question.graph, troubles(question.episodes)
    named = dict.fromkeys([*found, *(peer for t in found.values() for peer in t.blames)])
    region = graph.causes.within(graph.numbers_of(named), HOPS) if len(graph) else np.empty(0, np.int32)
    names = [graph.names[at] for at in region.tolist()]
    names.extend(name for name in named if name not in graph)
    node = {name: at for at, name in enumerate(names)}
    harmed, by, blame = _edges(graph, region, node, found)
    made = Scene(
        names=names,
        troubles={node[name]: trouble for name, trouble in found.items()},
        strength=np.zeros(len(names)),
        own=np.zeros(len(names)),
        since=np.full(len(names), np.nan),
        silent=np.zeros(len(names)),
        harmed=harmed,
        by=by,
        blame=blame,
    )
    for at, trouble in made.troubles.items():
        made.strength[at], made.own[at] = trouble.strength, trouble.own
        made.since[at] = trouble.since / 1e9 if trouble.since else np.nan
    _imply_silent(made, graph)
    return made


def _edges(graph: Graph, region: Ints, node: dict[str, int], found: dict[str, Trouble]) -> tuple[Ints, Ints, Floats]:
    count = len(node)
    if len(region):
        owner, index = graph.causes.around(region)
        ends = graph.causes.ends[index]
        at = np.minimum(np.searchsorted(region, ends), len(region) - 1)
        inside = region[at] == ends
        keys = np.unique(owner[inside].astype(np.int64) * count + at[inside])
    else:
        keys = np.empty(0, np.int64)
    blamed = {node[name] * count + node[peer]: value for name, t in found.items() for peer, value in t.blames.items()}
    keys = np.union1d(keys, np.array(sorted(blamed), np.int64))
    blame = np.zeros(len(keys))
    blame[np.searchsorted(keys, np.array(sorted(blamed), np.int64))] = [blamed[key] for key in sorted(blamed)]
    return (keys // max(count, 1)).astype(np.int32), (keys % max(count, 1)).astype(np.int32), blame


def _imply_silent(made: Scene, graph: Graph) -> None:
    """Strength of items without trouble though most that need them have some: what is down may be unable to say so.

    What counts is by how much the share of unwell dependants exceeds the share among all others: where everybody is
    unwell, a host whose services are all unwell is no suspect. Dependants that need something else that was unwell
    before them need no silent cause, and count less.
    """
    count = len(made.names)
    unwell = made.strength > 0
    numbers = [graph.number(name) for name in made.names]
    serve = np.array([1 if at is None else graph.effects.degree(at) for at in numbers], np.float64)
    quiet = ~unwell
    level = np.where(unwell, 1.0, 0.0)
    others = np.maximum(max(len(graph), count) - serve - 1.0, 1.0)
    earlier = unwell[made.by] & (made.since[made.by] <= made.since[made.harmed])
    accounted = np.zeros(count)
    accounted[made.harmed[earlier]] = 1.0 - ACCOUNTED
    for _ in range(2):  # services imply their host, hosts imply their zone
        sick = np.bincount(made.by, level[made.harmed], minlength=count)
        usual = np.clip((len(made.troubles) - sick) / others, 0.0, 0.99)
        share = np.where(sick >= 1.5, sick / np.maximum(serve, 1.0), 0.0)
        share = np.maximum((share - usual) / (1.0 - usual), 0.0)
        mass = np.bincount(made.by, (level * (1.0 - accounted) * made.strength)[made.harmed], minlength=count)
        # whoever needs it and is well speaks against it: hence the square
        implied = SILENT * share**2 * mass / np.maximum(sick, 1e-12)
        made.strength = np.where(quiet, implied, made.strength)
        made.silent = np.where(quiet, np.minimum(share, 1.0), 0.0)
        level = np.where(unwell, 1.0, made.silent)
    told = np.bincount(made.by, made.blame, minlength=count)
    made.strength = np.where(quiet, np.maximum(made.strength, 0.5 * told), made.strength)
