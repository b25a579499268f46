"""The part of the estate that one incident is about, as arrays: who is abnormal how much, what may have harmed whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from aiops.model.episodes import Episode, Signal, SignalDirection
from topology.graph import CALLS, RUNS_ON, USES, Floats, Graph, Ints
from topology.hints import Family, Hints, host_of
from topology.rankers.protocol import RankingQuestion

HOPS = 5
"""How far below a symptom causes are looked for."""
MOST_STRENGTH = 6.0
"""Strength of one signal is capped at this many nats: a score of 0.9975."""
SILENT = 0.6
"""Strength of an item without trouble of its own, relative to those that need it, if all of them are abnormal."""

BUSIER = 1.2
"""From this many times its usual traffic on an item that is busy, or lets wait, is so because of its callers."""
MUTE = 3
"""So many different figures that are silent together mean that their sender is dead, however short the silence."""
NOT_FULL = 0.7
"""What has a ceiling and is below this share of it is busier, but short of nothing …"""
IDLE = 0.3
"""… and this much of its weight is its own."""
DOWN = 2.0
"""Nats of its own from which a host counts in full against the place that it is in."""
NEARLY_ALL = 0.6
"""Share of a place's hosts, beyond what is usual elsewhere …"""
HOSTS = 2.5
"""… and how many, counted by their weight, make it a trouble of the place."""
SPEAKS = 0.5
"""Weight of what callers say of somebody who could speak and says nothing; who is not ours cannot."""
HELD = 0.25
"""Share of a queue's weight that stays the entity's own while it waits for others: its work is rate times time."""
WITNESSED = 0.5
"""Exponent of the share of a callee's callers that complain: the rest speak for it, but see only their own calls."""
ACCOUNTED = 0.4
"""Weight of a dependant's trouble for a silent cause when something else that it needs was abnormal before it."""

Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Anomaly:
    """All episodes of one entity together."""

    entity: str
    since: int
    """First abnormal point, ns; 0: not known."""
    own: float
    """Strength of what tells of the entity itself, nats."""
    inherited: float
    """Strength of what may come from elsewhere, nats."""
    load: float
    """Strength of what follows from the callers' traffic, nats."""
    down: float
    """Strength of what tells that the entity, or a part of it, does not run; of ``own``."""
    mute: bool
    """It sends nothing any more."""
    blames: dict[str, float]
    """Peer to strength of the figures about calls to it."""
    works: frozenset[str]
    """Hosts on which it uses more of the processors than usual."""
    hosts: dict[str, float]
    """Host to share of the signals that it sent, of those whose sender is known."""
    episodes: list[Episode]

    @property
    def strength(self) -> float:
        return self.own + self.inherited + self.load


@dataclass(slots=True, eq=False)
class Scene:
    """Nodes 0 … n-1: all within ``HOPS`` below a symptom. Edge arrays (e,): ``harmed`` may suffer from ``by``."""

    names: list[str]
    anomalies: dict[int, Anomaly]
    strength: Floats
    """(n,) own and felt strength; of a silent item what its dependants imply."""
    own: Floats
    load: Floats
    since: Floats
    """(n,) seconds; NaN: not known or not abnormal."""
    silent: Floats
    """(n,) how much more of its dependants are abnormal than of others, for items without trouble; else 0."""
    harmed: Ints
    by: Ints
    blame: Floats
    """(e,) strength of the figures that ``harmed`` has about calls to ``by``, less where other callers have none."""
    calls: Flags
    """(e,) ``harmed`` calls or uses ``by``, so that its load is the other's doing."""
    pull: Floats
    """(e,) in [0, 1]: share of the trouble of ``harmed`` that may come from ``by``."""
    hints: Hints


def strength(score: float) -> float:
    """Nats against "as usual" for a score in [0, 1]."""
    return min(-log(1.0 - min(max(score, 0.0), 0.999999)), MOST_STRENGTH)


def anomalies(episodes: Iterable[Episode], hints: Hints) -> dict[str, Anomaly]:
    """Trouble by entity, in the order of names."""
    grouped: dict[str, list[Episode]] = {}
    for episode in episodes:
        grouped.setdefault(episode.entity, []).append(episode)
    return {name: _anomaly(name, grouped[name], hints) for name in sorted(grouped)}


def _anomaly(entity: str, episodes: list[Episode], hints: Hints) -> Anomaly:
    starts = [episode.opened_at for episode in episodes if episode.opened_at > 0]
    signals = [signal for episode in episodes for signal in episode.signals]
    busier = any(_more_traffic(signal, hints) for signal in signals)
    held = any(signal.peer and _complains(signal, hints) for signal in signals)
    silent = {signal.metric for signal in signals if signal.direction is SignalDirection.SILENT}
    mute = len(silent) >= MUTE
    split = [(_nats(s, mute=mute), _split(s, entity, hints, busier=busier, held=held)) for s in signals]
    down = [nats * parts[0] for (nats, parts), s in zip(split, signals, strict=True) if _shows_down(s, hints)]
    bare = [strength(e.severity) for e in episodes if not e.signals]
    blames: dict[str, list[float]] = {}
    for signal in signals:
        if signal.peer and signal.peer != entity and _complains(signal, hints):
            blames.setdefault(signal.peer, []).append(strength(signal.score))
    hosts = [host for signal in signals if (host := host_of(signal))]
    return Anomaly(
        entity=entity,
        since=min(starts, default=0),
        own=_add_up(nats * parts[0] for nats, parts in split) + 0.4 * _add_up(bare),
        inherited=_add_up(nats * parts[1] for nats, parts in split) + 0.6 * _add_up(bare),
        load=_add_up(nats * parts[2] for nats, parts in split),
        down=_add_up(down),
        mute=mute and len(silent) == len({signal.metric for signal in signals}),
        blames={peer: _add_up(found) for peer, found in sorted(blames.items())},
        works=frozenset(
            host_of(s) for s in signals if s.direction is SignalDirection.UP and hints.family(s) is Family.CPU
        ),
        hosts={host: hosts.count(host) / len(hosts) for host in sorted(set(hosts))},
        episodes=sorted(episodes, key=lambda e: (e.opened_at, e.id)),
    )


def _nats(signal: Signal, *, mute: bool) -> float:
    return MOST_STRENGTH if mute and signal.direction is SignalDirection.SILENT else strength(signal.score)


def _shows_down(signal: Signal, hints: Hints) -> bool:
    return signal.direction is SignalDirection.SILENT or hints.family(signal) is Family.RESTART


def _more_traffic(signal: Signal, hints: Hints) -> bool:
    rose = signal.direction is SignalDirection.UP and signal.value >= BUSIER * signal.expected > 0
    return rose and hints.family(signal) is Family.TRAFFIC and not signal.peer


def _complains(signal: Signal, hints: Hints) -> bool:
    """A figure about calls that tells of their end: how many there are is the caller's own doing."""
    return hints.family(signal) is not Family.TRAFFIC


def _split(signal: Signal, entity: str, hints: Hints, *, busier: bool, held: bool) -> tuple[float, float, float]:
    """Shares of a signal: own, felt from what the entity needs, loaded upon it by callers."""
    if hints.starved(signal):
        return 0.0, 0.0, 1.0
    local = hints.locality(signal, entity)
    family = hints.family(signal)
    ceiling = hints.meaning(signal).ceiling
    if ceiling is not None and signal.direction is SignalDirection.UP and signal.value < NOT_FULL * ceiling:
        local *= IDLE
    if busier and family in (Family.QUEUE, Family.CPU):
        return 0.0, 1.0 - local, local
    if held and family is Family.QUEUE:
        return HELD * local, 1.0 - HELD * local, 0.0
    return local, 1.0 - local, 0.0


def _add_up(strengths: Iterable[float]) -> float:
    """Signals of one entity are no independent witnesses: the second counts a half, the third a third, and so on."""
    return sum(value / (order + 1) for order, value in enumerate(sorted(strengths, reverse=True)[:16]))


def signals_of(anomaly: Anomaly, hints: Hints) -> list[tuple[Episode, Signal]]:
    """Its signals with their episodes, the worst first."""
    pairs = [(episode, signal) for episode in anomaly.episodes for signal in episode.signals]

    def weight(signal: Signal) -> float:
        return signal.score * (0.5 + hints.locality(signal, anomaly.entity))

    return sorted(pairs, key=lambda p: (-weight(p[1]), p[1].since, p[1].series))


def scene(question: RankingQuestion) -> Scene:
    """Arrays for a question; entities that the graph does not know are nodes without declared edges."""
    hints = Hints(question.metrics)
    graph, found = question.graph, anomalies(question.episodes, hints)
    named = dict.fromkeys([*found, *(peer for t in found.values() for peer in t.blames)])
    region = graph.causes.within(graph.numbers_of(named), HOPS) if len(graph) else np.empty(0, np.int32)
    names = [graph.names[at] for at in region.tolist()]
    names.extend(name for name in named if name not in graph)
    node = {name: at for at, name in enumerate(names)}
    harmed, by, blame, calls = _edges(graph, region, node, found=found)
    made = Scene(
        names=names,
        anomalies={node[name]: anomaly for name, anomaly in found.items()},
        strength=np.zeros(len(names)),
        own=np.zeros(len(names)),
        load=np.zeros(len(names)),
        since=np.full(len(names), np.nan),
        silent=np.zeros(len(names)),
        harmed=harmed,
        by=by,
        blame=blame,
        calls=calls,
        pull=np.ones(len(by)),
        hints=hints,
    )
    for at, anomaly in made.anomalies.items():
        made.strength[at], made.own[at], made.load[at] = anomaly.strength, anomaly.own, anomaly.load
        made.since[at] = anomaly.since / 1e9 if anomaly.since else np.nan
    _put_to_work(made)
    _blame_the_dead(made)
    _weigh_blame(made, graph)
    _pull(made)
    _imply_silent(made, graph)
    return made


def _edges(
    graph: Graph, region: Ints, node: dict[str, int], *, found: dict[str, Anomaly]
) -> tuple[Ints, Ints, Floats, Flags]:
    count = len(node)
    if len(region):
        owner, index = graph.causes.around(region)
        ends, kinds = graph.causes.ends[index], graph.causes.kinds[index]
        through = _through_instances(graph, region[owner], ends, found=found)
        at = np.minimum(np.searchsorted(region, ends), len(region) - 1)
        inside = region[at] == ends
        every = owner[inside].astype(np.int64) * count + at[inside]
        called = np.unique(every[np.isin(kinds[inside], (CALLS, USES))])
        far = np.searchsorted(region, through[1])
        far_inside = (far < len(region)) & (region[np.minimum(far, len(region) - 1)] == through[1])
        over = np.searchsorted(region, through[0]).astype(np.int64) * count + far
        keys = np.unique(np.concatenate((every, over[far_inside])))
    else:
        keys = called = np.empty(0, np.int64)
    blamed = {node[name] * count + node[peer]: value for name, t in found.items() for peer, value in t.blames.items()}
    accused = np.array(sorted(blamed), np.int64)
    keys, called = np.union1d(keys, accused), np.union1d(called, accused)
    blame = np.zeros(len(keys))
    blame[np.searchsorted(keys, accused)] = [blamed[key] for key in sorted(blamed)]
    harmed, by = (keys // max(count, 1)).astype(np.int32), (keys % max(count, 1)).astype(np.int32)
    return harmed, by, blame, np.isin(keys, called)


def _through_instances(graph: Graph, owners: Ints, ends: Ints, *, found: dict[str, Anomaly]) -> tuple[Ints, Ints]:
    """Pairs of a whole and a host of one of its instances: an instance that says nothing itself is no step."""
    quiet = np.array([graph.kinds[at] == "instance" and graph.names[at] not in found for at in ends.tolist()], np.bool_)
    wholes, parts = owners[quiet], ends[quiet]
    owner, index = graph.causes.around(parts)
    on_host = graph.causes.kinds[index] == RUNS_ON
    return wholes[owner[on_host]], graph.causes.ends[index][on_host]


def _put_to_work(made: Scene) -> None:
    """A host whose processors are taken by what should run on it is busy because of that."""
    workers = {host for anomaly in made.anomalies.values() for host in anomaly.works if host != anomaly.entity}
    for at in made.anomalies:
        if made.names[at] in workers:
            made.strength[at] -= (1.0 - IDLE) * made.own[at]
            made.own[at] *= IDLE


def _blame_the_dead(made: Scene) -> None:
    """Parts that do not run are no trouble of the whole's own where what they run on is dead."""
    dead = {at for at, anomaly in made.anomalies.items() if anomaly.mute}
    for edge in np.flatnonzero(~made.calls & np.isin(made.by, sorted(dead))).tolist():
        at = int(made.harmed[edge])
        if at in made.anomalies and at not in dead:
            made.own[at] = max(made.own[at] - made.anomalies[at].down, 0.0)


def _whole_of(made: Scene, hosts: Flags, sick: Floats) -> None:
    """What nearly all hosts of a place show at once is the place's trouble and not their own."""
    place = (made.silent >= NEARLY_ALL) & (sick >= HOSTS)
    for edge in np.flatnonzero(~made.calls & place[made.by] & hosts[made.harmed]).tolist():
        host, at = int(made.harmed[edge]), int(made.by[edge])
        made.strength[at] = max(made.strength[at], made.silent[at] * made.own[host])
        made.own[host] *= 1.0 - made.silent[at]
    made.own = np.where(place, made.strength, made.own)
    made.pull[place[made.harmed] & hosts[made.by]] = 0.0


def _weigh_blame(made: Scene, graph: Graph) -> None:
    """A callee that only some of its callers complain about is to blame in that share: the rest speak for it."""
    blamers = np.bincount(made.by[made.blame > 0], minlength=len(made.names))
    share = np.ones(len(made.names))
    for at in np.flatnonzero(blamers).tolist():
        number = graph.number(made.names[at])
        if number is not None:
            callers = int(np.isin(graph.effects.kinds_of(number), (CALLS, USES)).sum())
            share[at] = min(1.0, blamers[at] / max(callers, 1)) ** WITNESSED
    made.blame *= share[made.by]


def _pull(made: Scene) -> None:
    """What one host's figures tell of can come from that host only."""
    known = {at: anomaly.hosts for at, anomaly in made.anomalies.items() if anomaly.hosts}
    hosts = {name for places in known.values() for name in places}
    for edge in range(len(made.by)):
        places = known.get(int(made.harmed[edge]))
        if places and not made.calls[edge]:
            name = made.names[made.by[edge]]
            if name in places:
                made.pull[edge] = places[name]
            elif name in hosts:
                made.pull[edge] = 0.0


def _imply_silent(made: Scene, graph: Graph) -> None:
    """Strength of items without trouble though most that need them have some: what is down may be unable to say so.

    The measure is by how much the share of abnormal dependants exceeds the share among all other entities. If all
    entities are abnormal, a host whose services are all abnormal is no suspect. A dependant counts less if it needs
    another entity that was abnormal before it.
    """
    count = len(made.names)
    abnormal = made.strength > 0
    numbers = [graph.number(name) for name in made.names]
    serve = np.array([1 if at is None else graph.effects.degree(at) for at in numbers], np.float64)
    quiet = ~abnormal
    level = np.where(abnormal, 1.0, 0.0)
    hosts = np.array([at is not None and graph.kinds[at] == "host" for at in numbers], np.bool_)
    # a host that is only busy does not speak against its zone
    level = np.where(hosts, np.minimum(made.own / DOWN, level), level)
    others = np.maximum(max(len(graph), count) - serve - 1.0, 1.0)
    earlier = abnormal[made.by] & (made.since[made.by] <= made.since[made.harmed])
    accounted = np.zeros(count)
    accounted[made.harmed[earlier]] = 1.0 - ACCOUNTED
    for _ in range(2):  # services imply their host, hosts imply their zone
        sick = np.bincount(made.by, level[made.harmed], minlength=count)
        usual = np.clip((len(made.anomalies) - sick) / others, 0.0, 0.99)
        share = np.where(sick >= 1.5, sick / np.maximum(serve, 1.0), 0.0)
        share = np.maximum((share - usual) / (1.0 - usual), 0.0)
        mass = np.bincount(made.by, (level * (1.0 - accounted) * made.strength)[made.harmed], minlength=count)
        # whoever needs it and is well speaks against it: hence the square; where nearly all are abnormal, chance alone
        # would make its few dependants so
        implied = SILENT * share**2 * (1.0 - usual**sick) * mass / np.maximum(sick, 1e-12)
        made.strength = np.where(quiet, implied, made.strength)
        made.silent = np.where(quiet, np.minimum(share, 1.0), 0.0)
        level = np.where(abnormal, level, made.silent)
    _whole_of(made, hosts, sick.astype(np.float64))
    blamed = np.bincount(made.by, made.blame, minlength=count)  # by the share of its callers that complain
    others = np.array([at is not None and graph.kinds[at] == "external" for at in numbers], np.bool_)
    made.strength = np.where(quiet, np.maximum(made.strength, np.where(others, 1.0, SPEAKS) * blamed), made.strength)
