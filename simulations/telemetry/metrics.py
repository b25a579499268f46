"""Metrics of every entity, every few seconds, as arrays: names and units of OpenTelemetry where it has them.

The value vector has a fixed order; a mask marks the entities that send (a dead instance does not). Measurement noise
has its own random stream, which does not depend on the state of the world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.telemetry.frames import MetricFrame, MetricKind, Resource, SeriesInfo
from simulations.telemetry.senders import SeriesSource, SimulatedSenders
from simulations.world.arrays import BOUNDS, DRAINING, OFF, READY, Floats
from simulations.world.streams import stream
from simulations.world.world import World

GAUGE, SUM, HISTOGRAM = MetricKind.GAUGE, MetricKind.SUM, MetricKind.HISTOGRAM


@dataclass(slots=True)
class _Block:
    """Series that share a name: one a speaker."""

    name: str
    kind: MetricKind
    unit: str
    read: Callable[[], Floats]
    """All values of the block; the speakers' numbers select."""
    noise: float
    """Relative spread of the measurement; 0 for counters."""
    sources: list[SeriesSource]


class MetricEmitter:
    """Metrics of a world.

    Args:
        world: whose.
        interval: seconds between points.
    """

    def __init__(self, world: World, interval: int = 15) -> None:
        self.world, self.interval = world, interval
        self.senders = SimulatedSenders(world)
        blocks = [*self._process(), *self._traffic(), *self._calls(), *self._stores(), *self._hosts(), *self._outside()]
        self._scalars = [block for block in blocks if block.kind is not HISTOGRAM]
        self._histograms = [block for block in blocks if block.kind is HISTOGRAM]
        self.series: list[SeriesInfo] = [
            SeriesInfo(entity, block.name, block.kind, block.unit, resource, attributes)
            for block in (*self._scalars, *self._histograms)
            for resource, entity, attributes, _ in block.sources
        ]
        self._split = sum(len(block.sources) for block in self._scalars)
        self._of = np.array([info.resource for info in self.series])
        self._gauge = np.array([info.kind is GAUGE for info in self.series[: self._split]])
        self._noise = np.concatenate([np.full(len(b.sources), b.noise) for b in self._scalars])
        self._picks = [np.array([position for *_, position in b.sources]) for b in (*self._scalars, *self._histograms)]
        self._kept: Floats | None = None
        self._kept_counts: NDArray[np.int64] | None = None
        self._kept_sums: Floats | None = None

    @property
    def resources(self) -> list[Resource]:
        """Every resource, by its number."""
        return self.senders.resources

    @property
    def of_instance(self) -> dict[int, int]:
        """Resource of each instance that sends telemetry."""
        return dict(self.senders.instances)

    def due(self) -> bool:
        """Whether an interval has just ended."""
        return self.world.tick % self.interval == 0

    def collect(self) -> MetricFrame:
        """All points of now."""
        world = self.world
        values = np.concatenate([b.read()[p] for b, p in zip(self._scalars, self._picks, strict=False)])
        generator = stream(world.seed, "noise", world.tick)
        noisy = values * (1.0 + self._noise * generator.standard_normal(len(values)))
        counts, sums = self._shapes()
        noisy, counts, sums = self._lie(noisy, counts, sums, generator=generator)
        speaks = self._speaking()[self._of]
        index = np.flatnonzero(speaks[: self._split]).astype(np.int32)
        shown = np.flatnonzero(speaks[self._split :])
        return MetricFrame(
            at=world.now, start=world.start, index=index, value=noisy[index],
            histogram=(shown + self._split).astype(np.int32), counts=counts[shown], sums=sums[shown],
        )  # fmt: skip

    def _shapes(self) -> tuple[NDArray[np.int64], Floats]:
        seen = self.world.seen
        tables = {"server": (seen.histogram, seen.seconds_sum), "client": (seen.call_histogram, seen.call_seconds_sum)}
        counts, sums = [], []
        for block, pick in zip(self._histograms, self._picks[len(self._scalars) :], strict=True):
            side = "client" if ".client." in block.name else "server"
            counts.append(tables[side][0][pick])
            sums.append(tables[side][1][pick])
        return np.floor(np.concatenate(counts)).astype(np.int64), np.concatenate(sums)

    def _speaking(self) -> NDArray[np.bool_]:
        """[resource] processes that run; hosts in a dark zone are silent with everything on them."""
        phase = self.world.state.phase
        running = (phase == READY) | (phase == DRAINING)
        instance = np.array(self.senders.instance_of)
        up = np.where(instance >= 0, running[np.maximum(instance, 0)], True)
        alive = np.zeros(len(self.world.layout.hosts), dtype=np.bool_)
        np.logical_or.at(alive, self.world.fixed.host, (phase != OFF) & (phase != 3))
        host = np.array(self.senders.hosts)
        speaking: NDArray[np.bool_] = up & np.where(host >= 0, alive[np.maximum(host, 0)], True)
        return speaking

    def _lie(
        self, values: Floats, counts: NDArray[np.int64], sums: Floats, *, generator: np.random.Generator
    ) -> tuple[Floats, NDArray[np.int64], Floats]:
        """What lying agents make of it: old values again, or nonsense in the gauges."""
        host = np.array(self.senders.hosts)[self._of]
        mode = np.where(host >= 0, self.world.lying[np.maximum(host, 0)], 0)
        wild = generator.lognormal(1.5, 0.8, len(values))
        frozen = mode == 1
        if frozen.any() and self._kept is not None and self._kept_counts is not None and self._kept_sums is not None:
            head, rest = frozen[: self._split], frozen[self._split :]
            values = np.where(head, self._kept, values)
            counts = np.where(rest[:, None], self._kept_counts, counts)
            sums = np.where(rest, self._kept_sums, sums)
        values = np.where((mode[: self._split] == 2) & self._gauge, values * wild, values)
        self._kept, self._kept_counts, self._kept_sums = values, counts, sums
        return values, counts, sums

    def _process(self) -> list[_Block]:
        world = self.world
        cores, memory = world.fixed.cores[world.fixed.service], world.fixed.memory[world.fixed.service]
        each = self.senders.each()
        return [
            _Block("process.cpu.utilization", GAUGE, "1", lambda: world.seen.cpu / cores + 0.01, 0.04, each),
            _Block("process.memory.usage", GAUGE, "By", lambda: memory * 0.35 + world.state.leaked
                   + memory * 0.001 * world.seen.active, 0.01, each),
            _Block("process.uptime", GAUGE, "s", lambda: world.state.uptime, 0.0, each),
            _Block("k8s.container.restart_count", SUM, "{restart}", lambda: world.state.restarts, 0.0, each),
        ]  # fmt: skip

    def _traffic(self) -> list[_Block]:
        world = self.world
        failed: list[SeriesSource]
        late: list[SeriesSource]
        web, store = self.senders.each("service", "worker"), self.senders.each("database", "cache", "queue")
        failed = [(r, e, (("error.type", "5xx"),), i) for r, e, _, i in web]
        late = [(r, e, (("error.type", "timeout"),), i) for r, e, _, i in web]
        return [
            _Block("http.server.request.duration", HISTOGRAM, "s", lambda: world.seen.rate, 0.0, web),
            _Block("db.server.operation.duration", HISTOGRAM, "s", lambda: world.seen.rate, 0.0, store),
            _Block("http.server.active_requests", GAUGE, "{request}", lambda: world.seen.active
                   + world.state.waiting.sum(axis=1), 0.05, web),
            _Block("http.server.errors", SUM, "{request}",
                   lambda: np.floor(world.seen.failed_sum), 0.0, failed),
            _Block("http.server.errors", SUM, "{request}", lambda: np.floor(world.seen.late_sum), 0.0, late),
            _Block("app.queue.wait", GAUGE, "s", lambda: world.seen.wait, 0.05, [*web, *store]),
        ]  # fmt: skip

    def _calls(self) -> list[_Block]:
        """Callers' figures about their callees, sent for the service as a whole."""
        world, layout = self.world, self.world.layout
        service = self.senders.services
        each: list[SeriesSource] = [
            (service[c], c, (("peer.service", call.to),), e) for e, (c, call) in enumerate(layout.edges) if c in service
        ]
        pooled = [entry for entry in each if layout.edges[entry[3]][1].pool]
        fronts = [(service[layout.ids[n]], layout.ids[n], n) for n in world.fixed.front]
        sites: list[SeriesSource] = [
            (r, e, (("client.site", site),), f * len(layout.sites) + at)
            for f, (r, e, _) in enumerate(fronts)
            for at, site in enumerate(layout.sites)
        ]
        every: list[SeriesSource] = [(service[s.id], s.id, (), n) for n, s in enumerate(layout.services) if s.telemetry]
        return [
            _Block("http.client.request.duration", HISTOGRAM, "s", lambda: world.seen.call_rate, 0.0, each),
            _Block("http.client.errors", SUM, "{request}",
                   lambda: np.floor(world.seen.call_failed_sum), 0.0, each),
            _Block("db.client.connection.count", GAUGE, "{connection}",
                   lambda: world.seen.pool_used, 0.05, pooled),
            _Block("db.client.connection.pending_requests", GAUGE, "{request}",
                   lambda: world.seen.pool_pending, 0.05, pooled),
            _Block("db.client.connection.timeouts", SUM, "{timeout}",
                   lambda: np.floor(world.seen.pool_timeouts_sum), 0.0, pooled),
            _Block("http.server.requests", SUM, "{request}",
                   lambda: np.floor(world.seen.site_sum.ravel()), 0.0, sites),
            _Block("http.server.unavailable", SUM, "{request}",
                   lambda: np.floor(world.seen.refused_sum), 0.0, every),
            _Block("k8s.deployment.available_pods", GAUGE, "{pod}", self._available, 0.0, every),
        ]  # fmt: skip

    def _available(self) -> Floats:
        ready = (self.world.state.phase == READY).astype(np.float64)
        counted: Floats = np.add.reduceat(ready, self.world.fixed.first[:-1])
        return counted

    def _stores(self) -> list[_Block]:
        world, seen = self.world, self.world.seen
        services = world.layout.services
        by_kind: dict[str, list[SeriesSource]] = {
            kind: [
                (r, s.id, (), n)
                for n, s in enumerate(services)
                if s.kind == kind and (r := self.senders.services[s.id]) >= 0
            ]
            for kind in ("database", "cache", "queue")
        }
        return [
            _Block("postgresql.backends", GAUGE, "{connection}",
                   lambda: world.state.in_use + 8, 0.03, by_kind["database"]),
            _Block("redis.keyspace.hits", SUM, "{hit}",
                   lambda: np.floor(seen.hits_sum), 0.0, by_kind["cache"]),
            _Block("redis.keyspace.misses", SUM, "{miss}",
                   lambda: np.floor(seen.misses_sum), 0.0, by_kind["cache"]),
            _Block("redis.hit_ratio", GAUGE, "1", lambda: world.state.hit, 0.005, by_kind["cache"]),
            _Block("rabbitmq.message.current", GAUGE, "{message}",
                   lambda: world.state.backlog, 0.02, by_kind["queue"]),
            _Block("rabbitmq.message.published", SUM, "{message}",
                   lambda: np.floor(seen.published_sum), 0.0, by_kind["queue"]),
            _Block("rabbitmq.message.delivered", SUM, "{message}",
                   lambda: np.floor(seen.consumed_sum), 0.0, by_kind["queue"]),
            _Block("rabbitmq.message.redelivered", SUM, "{message}",
                   lambda: np.floor(seen.redelivered_sum), 0.0, by_kind["queue"]),
        ]  # fmt: skip

    def _hosts(self) -> list[_Block]:
        world, layout = self.world, self.world.layout
        zones = layout.estate.hosts_per_zone
        each: list[SeriesSource] = []
        for h, name in enumerate(layout.hosts):
            attributes = (("host.name", name), ("cloud.availability_zone", layout.zones[h // zones]))
            each.append((self.senders.resource(name, attributes, h), name, (), h))
        cores = world.fixed.host_cores
        return [
            _Block("system.cpu.utilization", GAUGE, "1",
                   lambda: world.seen.host_cpu / cores + 0.02, 0.05, each),
            _Block("system.cpu.load_average.1m", GAUGE, "{thread}", self._load, 0.08, each),
            _Block("system.memory.utilization", GAUGE, "1", self._host_memory, 0.01, each),
            _Block("system.filesystem.utilization", GAUGE, "1",
                   lambda: world.disk + 2e-7 * world.tick, 0.0005, each),
            _Block("system.disk.operation.latency", GAUGE, "s",
                   lambda: 0.002 * world.knobs.disk_slow, 0.15, each),
            _Block("system.network.dropped_ratio", GAUGE, "1", self._dropped, 0.2, each),
        ]  # fmt: skip

    def _load(self) -> Floats:
        waiting = np.zeros(len(self.world.layout.hosts))
        busy = self.world.seen.active * 0.1 + self.world.state.waiting.sum(axis=1)
        np.add.at(waiting, self.world.fixed.host, np.minimum(busy, 50))
        loaded: Floats = self.world.seen.host_cpu + waiting + self.world.knobs.hog
        return loaded

    def _host_memory(self) -> Floats:
        world = self.world
        used = np.zeros(len(world.layout.hosts))
        memory = world.fixed.memory[world.fixed.service]
        np.add.at(used, world.fixed.host, np.where(world.state.phase == OFF, 0.0, memory * 0.35 + world.state.leaked))
        share: Floats = 0.1 + used / (world.estate.host_memory_gb * 2**30)
        return share

    def _dropped(self) -> Floats:
        zone = np.arange(len(self.world.layout.hosts)) // self.world.estate.hosts_per_zone
        lost: Floats = 1e-4 + self.world.knobs.loss.mean(axis=1)[zone]
        return lost

    def _outside(self) -> list[_Block]:
        """A synthetic probe of each front, from one place in the middle of the network."""
        world, layout = self.world, self.world.layout
        each: list[SeriesSource] = []
        for f, n in enumerate(world.fixed.front):
            name = layout.ids[n]
            attributes = (
                ("service.name", name),
                ("probe.location", "central"),
            )
            each.append((self.senders.resource(name, attributes), name, (), f))
        return [
            _Block("synthetic.probe.success", GAUGE, "1", lambda: 1 - world.state.user_fails, 0.0, each),
            _Block("synthetic.probe.duration", GAUGE, "s", lambda: world.seen.users[:, 2], 0.1, each),
        ]


BUCKETS = tuple(BOUNDS.tolist())
"""Bounds of every histogram, seconds."""
