"""Sampled traces that agree with the flows: who called whom, how long it took, what failed.

The shape of the traces grows from the fronts down, service by service; durations and failures are summed up
from the leaves; starts are laid out from the roots down. All spans of one service are made together as
arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model.durations import SECOND
from simulations.telemetry.frames import Floats, Ints, SpanFrame
from simulations.telemetry.metrics import MetricEmitter
from simulations.world.arrays import READY
from simulations.world.streams import stream

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
NETWORK = 0.0006
"""Seconds a call is under way."""


@dataclass(slots=True)
class _Group:
    """Spans of one service (as server) or one kind of call (as client), in the order in which they were made."""

    first: int
    trace: Ints
    parent: Ints
    """Number of the parent span, -1: root."""
    resource: Ints
    operation: int
    kind: int
    own: Floats
    fails: NDArray[np.bool_]
    edge: int = -1


class SpanEmitter:
    """Spans of a world.

    Args:
        metrics: whose resources and interval are used.
        share: of users' requests that are sampled.
    """

    def __init__(self, metrics: MetricEmitter, share: float = 0.002) -> None:
        self.metrics, self.world, self.share = metrics, metrics.world, share
        self._resource = np.full(len(self.world.layout.instances), -1)
        for i, resource in metrics.of_instance.items():
            self._resource[i] = resource
        self._service_resource = {r.entity: n for n, r in reversed(list(enumerate(metrics.resources)))}

    def collect(self) -> SpanFrame:
        """Spans of requests that began in the interval that ends now."""
        generator = stream(self.world.seed, "spans", self.world.tick)
        groups = self._grow(generator)
        if not groups:
            none = np.zeros(0, dtype=np.int64)
            return SpanFrame(
                np.zeros((0, 16), np.uint8), none.astype(np.uint64), none.astype(np.uint64), none.astype(np.int32),
                none.astype(np.int32), none.astype(np.int32), none, none, none.astype(np.bool_),
            )  # fmt: skip
        duration, failed = self._durations(groups, generator)
        start = self._starts(groups, duration, generator)
        total = len(duration)
        trace = np.concatenate([g.trace for g in groups])
        parent = np.concatenate([g.parent for g in groups])
        names = generator.integers(1, 2**64, size=total, dtype=np.uint64)
        ids = generator.integers(0, 256, size=(int(trace.max()) + 1, 16), dtype=np.uint8)
        order = np.argsort(trace, kind="stable")
        begin = self.world.now - self.metrics.interval * SECOND
        return SpanFrame(
            trace=ids[trace][order],
            span=names[order],
            parent=np.where(parent >= 0, names[np.maximum(parent, 0)], 0)[order],
            resource=np.concatenate([g.resource for g in groups])[order].astype(np.int32),
            operation=np.concatenate([np.full(len(g.trace), g.operation) for g in groups])[order].astype(np.int32),
            kind=np.concatenate([np.full(len(g.trace), g.kind) for g in groups])[order].astype(np.int32),
            start=(begin + start * SECOND).astype(np.int64)[order] if total else np.zeros(0, dtype=np.int64),
            duration=np.maximum(1000, duration * SECOND).astype(np.int64)[order],
            failed=failed[order],
        )

    def _grow(self, generator: np.random.Generator) -> list[_Group]:
        """Who calls whom, callers first."""
        world, fixed = self.world, self.world.fixed
        waiting: dict[int, list[tuple[Ints, Ints]]] = {}
        traces = 0
        for f, n in enumerate(fixed.front):
            many = generator.poisson(max(0.0, world.seen.users[f, 0]) * self.share * self.metrics.interval)
            waiting[int(n)] = [(traces + np.arange(many), np.full(many, -1))]
            traces += many
        groups: list[_Group] = []
        number = 0
        for n, service in enumerate(world.layout.services):
            if n not in waiting or not service.telemetry:
                continue
            trace = np.concatenate([t for t, _ in waiting[n]])
            parent = np.concatenate([p for _, p in waiting[n]])
            server = self._serve(n, number, (trace, parent), generator=generator)
            if server is None:
                continue
            groups.append(server)
            number += len(trace)
            for e in range(fixed.calls[n], fixed.calls[n + 1]):
                client = self._call(e, number, server, generator=generator)
                groups.append(client)
                number += len(client.trace)
                through = generator.random(len(client.trace)) >= self._unreached(e)
                spans = client.first + np.flatnonzero(through)
                waiting.setdefault(int(fixed.callee[e]), []).append((client.trace[through], spans))
            if fixed.is_queue[n]:
                for worker in np.flatnonzero(fixed.consumes == n):
                    waiting.setdefault(int(worker), []).append((trace, number - len(trace) + np.arange(len(trace))))
        return groups

    def _serve(self, n: int, number: int, spans: tuple[Ints, Ints], *, generator: np.random.Generator) -> _Group | None:
        world, fixed = self.world, self.world.fixed
        trace, parent = spans
        span = np.arange(fixed.first[n], fixed.first[n + 1])
        weight = world.seen.rate[span] * (world.state.phase[span] == READY)
        if weight.sum() <= 0 or not len(trace):
            return None
        chosen = span[generator.choice(len(span), size=len(trace), p=weight / weight.sum())]
        own = np.maximum(world.seen.mean[chosen] - world.state.inner[n], 1e-4)
        own *= generator.gamma(2.0, 0.5, len(trace))
        good = 1.0
        for e in range(fixed.calls[n], fixed.calls[n + 1]):
            if fixed.required[e]:
                used = min(1.0, float(fixed.per_request[e]))
                good *= 1.0 - used * float(world.state.call_fails[e]) ** (int(fixed.retries[e]) + 1)
        fails = generator.random(len(trace)) > min(1.0, float(world.state.ok_share[n]) / max(good, 1e-9))
        kind = CONSUMER if fixed.consumes[n] >= 0 else SERVER
        return _Group(number, trace, parent, self._resource[chosen], n, kind, own, fails)

    def _call(self, e: int, number: int, server: _Group, *, generator: np.random.Generator) -> _Group:
        world, fixed = self.world, self.world.fixed
        per = float(fixed.per_request[e])
        if fixed.cached_in[e] >= 0:
            cache = fixed.cached_in[e]
            per *= 1.0 - float(world.state.hit[cache] * world.state.ok_share[cache])
        many = np.floor(per + generator.random(len(server.trace))).astype(np.int64)
        which = np.repeat(np.arange(len(server.trace)), many)
        unreached = generator.random(len(which)) < self._unreached(e)
        callee = int(fixed.callee[e])
        kind = PRODUCER if fixed.is_queue[callee] else CLIENT
        own = np.full(len(which), NETWORK) * generator.gamma(2.0, 0.5, len(which))
        if not world.layout.services[callee].telemetry:
            own = own + float(world.seen.call_mean[e]) * generator.gamma(4.0, 0.25, len(which))
        return _Group(
            number, server.trace[which], server.first + which, server.resource[which], callee, kind, own, unreached, e
        )

    def _unreached(self, e: int) -> float:
        """Share of attempts that fail before the callee sees them, or on the way back."""
        callee = self.world.fixed.callee[e]
        reached = (1.0 - float(self.world.state.call_fails[e])) / max(1e-9, float(self.world.state.ok_share[callee]))
        return 1.0 - min(1.0, reached)

    def _durations(self, groups: list[_Group], generator: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
        """From the leaves up: own time plus children; a required child that fails usually fails its parent."""
        fixed, fails = self.world.fixed, self.world.state.call_fails
        total = groups[-1].first + len(groups[-1].trace)
        duration, failed = np.zeros(total), np.zeros(total, dtype=np.bool_)
        for group in reversed(groups):
            span = slice(group.first, group.first + len(group.trace))
            duration[span] += group.own
            failed[span] |= group.fails
            if group.edge >= 0:
                failed[span] |= duration[span] > fixed.timeout[group.edge]
                duration[span] = np.minimum(duration[span], fixed.timeout[group.edge])
            if group.kind == CONSUMER:
                continue
            child = group.parent >= 0
            up = group.parent[child]
            np.add.at(duration, up, duration[span][child])
            carries = failed[span][child]
            if group.edge >= 0:
                lasting = (
                    float(fails[group.edge]) ** int(fixed.retries[group.edge]) if fixed.required[group.edge] else 0.0
                )
                carries = carries & (generator.random(len(carries)) < max(lasting, 0.0))
            failed[up[carries]] = True
        return duration, failed

    def _starts(self, groups: list[_Group], duration: Floats, generator: np.random.Generator) -> Floats:
        """From the roots down, in seconds from the interval's begin; children one after the other."""
        start, cursor = np.zeros(len(duration)), np.zeros(len(duration))
        for group in groups:
            span = np.arange(group.first, group.first + len(group.trace))
            root = group.parent < 0
            start[span[root]] = generator.random(int(root.sum())) * self.metrics.interval
            up = group.parent[~root]
            rank = _ranks(up)
            for turn in range(int(rank.max()) + 1 if len(rank) else 0):
                now, above = span[~root][rank == turn], up[rank == turn]
                start[now] = cursor[above]
                if group.kind != CONSUMER:
                    cursor[above] += duration[now]
            cursor[span] = start[span] + 0.5 * group.own
        return start


def _ranks(parents: Ints) -> Ints:
    """How many earlier entries have the same value."""
    order = np.argsort(parents, kind="stable")
    ordered = parents[order]
    new = np.r_[True, ordered[1:] != ordered[:-1]] if len(ordered) else np.zeros(0, dtype=np.bool_)
    firsts = np.maximum.accumulate(np.where(new, np.arange(len(ordered)), 0))
    ranks = np.empty(len(parents), dtype=np.int64)
    ranks[order] = np.arange(len(ordered)) - firsts
    return ranks
