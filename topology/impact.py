"""Impact of failed items: which items break or are at risk, up to business services.

Risk is the probability that an item's users notice. It spreads against ``needs``. A caller takes over the factor
``PASSED_ON``. An item on a failed host takes over the share of its hosts that failed. A whole takes over the share of
its parts that failed, and the parts of a failed whole fail. Where paths meet, the highest risk counts; lost shares add
up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.model.diagnoses import Impact
from aiops.model.plans import BlastRadius
from aiops.model.prose import Prose
from topology.graph import BUSINESS_SERVICE, CALLS, PART_OF, RUNS_ON, USES, Floats, Graph

PASSED_ON = {CALLS: 0.8, USES: 0.9, RUNS_ON: 1.0, PART_OF: 1.0}
"""Share of a target's risk that reaches the items that need it, by kind of edge, before shares of redundancy."""
LEAST_RISK = 0.02
"""Lower risks are not reported."""
MOST_HOPS = 12
WHOLE_DOMAIN = "*"
"""Account of items that state no failure domain: the whole estate is their domain."""
MOST_TOUCHED = 500
"""A blast radius names at most this many entities; its shares count all."""
VALUE = "value"
"""Account of business value."""


@dataclass(frozen=True, slots=True, eq=False)
class Risk:
    """Risk of every item when some items fail."""

    graph: Graph
    risk: Floats
    """(items,) in [0, 1]."""
    hops: npt.NDArray[np.int32]
    """(items,) number of edges to the nearest failed item; -1: not reached."""
    via: npt.NDArray[np.int32]
    """(items,) next item on the path of highest risk to a failed item; -1: none, or the item itself failed."""

    def path(self, item: int) -> list[str]:
        """Names on the path from the item to the failed one."""
        names, at = [self.graph.names[item]], int(self.via[item])
        while at >= 0 and len(names) <= MOST_HOPS:
            names.append(self.graph.names[at])
            at = int(self.via[at])
        return names


@dataclass(frozen=True, slots=True, eq=False)
class _Flow:
    """Edges of one kind along which risk spreads. Arrays (edges of the kind,)."""

    to: npt.NDArray[np.int32]
    frm: npt.NDArray[np.int32]
    factor: Floats


def spread(graph: Graph, failed: Mapping[str, float] | Iterable[str]) -> Risk:
    """Risk of every item when the ``failed`` items fail: with their probability, or certainly.

    The function makes at most ``MOST_HOPS`` rounds over all edges. 100,000 items with 300,000 edges take about 0.1 s.
    """
    chances = dict(failed) if isinstance(failed, Mapping) else dict.fromkeys(failed, 1.0)
    count = len(graph)
    own = np.zeros(count)
    for name, chance in chances.items():
        at = graph.number(name)
        if at is not None:
            own[at] = min(max(chance, 0.0), 1.0)
    hops = np.where(own > 0, 0, -1).astype(np.int32)
    via = np.full(count, -1, np.int32)
    total = own.copy()
    worst, hosts, wholes, parts = _flows(graph)
    for turn in range(1, MOST_HOPS + 1):
        before, own_before = total.copy(), own.copy()
        _take_worst(own, via, worst, risk=total)
        # a whole that lost only one part does not take its other parts along; therefore ``own`` here
        _take_worst(own, via, wholes, risk=own)
        _take_shares(own, via, hosts, risk=total)
        np.maximum(total, own, out=total)
        _take_shares(total, via, parts, risk=total)
        hops[(hops < 0) & (total >= LEAST_RISK)] = turn
        # ``own`` can still grow below ``total``, and what it carries shows in ``total`` a round later
        if not (np.any(total > before + 1e-9) or np.any(own > own_before + 1e-9)):
            break
    return Risk(graph, total, hops, via)


def _flows(graph: Graph) -> tuple[_Flow, _Flow, _Flow, _Flow]:
    """Flows of risk: calls and uses; hosts; whole to part; part to whole."""
    sources = np.repeat(np.arange(len(graph), dtype=np.int32), graph.needs.degrees)
    targets, kinds = graph.needs.ends, graph.needs.kinds
    passed = np.array([PASSED_ON[code] for code in range(4)])[kinds]
    direct = (kinds == CALLS) | (kinds == USES)
    runs, part = kinds == RUNS_ON, kinds == PART_OF
    host_share = 1.0 / np.maximum(np.bincount(sources[runs], minlength=len(graph)), 1)
    part_share = 1.0 / np.maximum(np.bincount(targets[part], minlength=len(graph)), 1)
    # parts of a business service are not replicas of each other: each of them is needed
    business = np.array([kind == BUSINESS_SERVICE for kind in graph.kinds], np.bool_)
    if len(business):
        part_share = np.where(business, PASSED_ON[USES], part_share)
    return (
        _Flow(sources[direct], targets[direct], passed[direct]),
        _Flow(sources[runs], targets[runs], host_share[sources[runs]]),
        _Flow(sources[part], targets[part], np.where(business[targets[part]], 0.0, 1.0)),
        _Flow(targets[part], sources[part], part_share[targets[part]]),
    )


def _take_worst(into: Floats, via: npt.NDArray[np.int32], flow: _Flow, *, risk: Floats) -> None:
    offered = risk[flow.frm] * flow.factor
    better = offered > into[flow.to] + 1e-12
    to, frm, offered = flow.to[better], flow.frm[better], offered[better]
    order = np.argsort(offered, kind="stable")  # the last write wins: the worst
    into[to[order]] = offered[order]
    via[to[order]] = frm[order]


def _take_shares(into: Floats, via: npt.NDArray[np.int32], flow: _Flow, *, risk: Floats) -> None:
    offered = risk[flow.frm] * flow.factor
    live = offered > 0
    if not np.any(live):
        return
    lost = np.minimum(np.bincount(flow.to[live], offered[live], minlength=len(into)), 1.0)
    worse = lost > into + 1e-12
    take = live & worse[flow.to]
    order = np.argsort(offered[take], kind="stable")
    via[flow.to[take][order]] = flow.frm[take][order]
    into[worse] = lost[worse]


def counted_values(graph: Graph) -> Floats:
    """(items,) business value per minute of each item, without double counting.

    An item that a valued business service needs counts 0, because the service's value includes it.
    """
    valued = graph.values > 0
    business = valued & np.array([kind == BUSINESS_SERVICE for kind in graph.kinds], np.bool_)
    if not np.any(business):
        return graph.values
    covered = business.copy()
    sources = np.repeat(np.arange(len(graph)), graph.needs.degrees)
    targets = graph.needs.ends
    into_business = (graph.needs.kinds == PART_OF) & business[targets]
    covered[sources[into_business]] = True
    down = ~into_business
    for _ in range(len(graph)):
        grown = down & covered[sources] & ~covered[targets]
        if not np.any(grown):
            break
        covered[targets[grown]] = True
    return np.where(business | ~covered, graph.values, 0.0)


def impact(
    graph: Graph, causes: Iterable[str], abnormal: Collection[str] = (), *, limit: int = 50
) -> tuple[Impact, ...]:
    """Items that the causes break or may break: highest expected loss first, then highest risk; at most ``limit``.

    ``value_per_minute`` is the expected loss: the counted value times the risk. The risk of an item in ``abnormal``
    (seen abnormal) that the causes reach is 1.
    """
    spreading = spread(graph, causes)
    values = counted_values(graph)
    seen = graph.numbers_of(abnormal)
    risk = spreading.risk.copy()
    reached = spreading.hops >= 0
    risk[seen[reached[seen]]] = 1.0
    listed = np.flatnonzero(reached & (risk >= LEAST_RISK))
    loss = values * risk
    listed = listed[np.lexsort((listed, spreading.hops[listed], -risk[listed], -loss[listed]))][:limit]
    sick = set(seen.tolist())
    return tuple(
        Impact(
            entity=graph.names[at],
            how=Prose(_how(spreading, at, abnormal=at in sick)),
            value_per_minute=round(float(loss[at]), 6),
            business_service=graph.kinds[at] == BUSINESS_SERVICE or bool(graph.values[at] > 0),
        )
        for at in listed.tolist()
    )


def _how(spreading: Risk, at: int, *, abnormal: bool) -> str:
    path = spreading.path(at)
    if len(path) == 1:
        return "abnormal" if abnormal else "fails itself"
    word = "abnormal" if abnormal else f"at risk ({spreading.risk[at]:.0%})"
    return f"{word}: " + " needs ".join(path)


def blast(targets: Iterable[str], graph: Graph, abnormal: Collection[str] = (), *, share: float = 1.0) -> BlastRadius:
    """Blast radius of an action on ``targets``.

    Args:
        targets: names of the items acted on. A name that the graph does not have puts the account ``*`` at 1.
        graph: the estate.
        abnormal: abnormal items; their replicas do not count as healthy capacity, which raises the shares.
        share: share of each target that is out of service at one time (one of four replicas: 0.25).

    Returns:
        Shares by account. The share of a failure domain is the replicas lost (of targets, of what runs on them and of
        their parts) divided by its healthy replicas. ``value`` is the share of business value per minute at risk; it
        is missing if no item has a value.
    """
    targets = list(targets)
    failing = spread(graph, dict.fromkeys(targets, min(max(share, 0.0), 1.0)))
    shares: dict[str, float] = {}
    harmed = _capacity_lost(graph, failing)
    capacity = graph.replicas.astype(np.float64)
    sick = np.zeros(len(graph), np.bool_)
    sick[graph.numbers_of(abnormal)] = True
    domain_names, domain_of = np.unique(np.array([name or WHOLE_DOMAIN for name in graph.domains]), return_inverse=True)
    lost = np.bincount(domain_of, capacity * harmed, minlength=len(domain_names))
    healthy = np.bincount(domain_of, np.where(sick, 0.0, capacity), minlength=len(domain_names))
    for at in np.flatnonzero(lost > 0).tolist():
        shares[str(domain_names[at])] = min(float(lost[at]) / max(float(healthy[at]), float(lost[at])), 1.0)
    values = counted_values(graph)
    if values.sum() > 0:
        shares[VALUE] = float((values * failing.risk).sum() / values.sum())
    if any(name not in graph for name in targets):
        # its dependants are unknown: the worst is assumed
        shares[WHOLE_DOMAIN] = 1.0
    touched = np.flatnonzero(failing.risk >= LEAST_RISK)
    touched = touched[np.lexsort((touched, -failing.risk[touched]))]
    known = [graph.names[at] for at in touched.tolist()[:MOST_TOUCHED]]
    return BlastRadius(shares=shares, entities=tuple(dict.fromkeys([*targets, *known])))


def _capacity_lost(graph: Graph, failing: Risk) -> Floats:
    """(items,) share of its own capacity that each item loses: failed items, what runs on them, parts; not callers."""
    lost = np.where(failing.hops == 0, failing.risk, 0.0)
    via = np.full(len(graph), -1, np.int32)
    _, hosts, wholes, _ = _flows(graph)
    for _ in range(MOST_HOPS):
        before = lost.copy()
        _take_worst(lost, via, wholes, risk=lost)
        _take_shares(lost, via, hosts, risk=lost)
        if np.array_equal(before, lost):
            break
    return lost
