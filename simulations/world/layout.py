"""An estate as struct of arrays: numbers its services, instances, calls and hosts, and fills the arrays.

``simulations.world.arrays`` says what each array holds.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulations.world.arrays import AGES, BOUNDS, OFF, READY, Fixed, Floats, Ints, Knobs, Measurements, WorldState
from simulations.world.estate import STORES, Estate, EstateError, Service


class Layout:
    """Names, and the arrays in which the estate's things are numbered."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.services = _sorted(estate)
        self.ids = [service.id for service in self.services]
        self.index = {name: n for n, name in enumerate(self.ids)}
        self.zones = list(estate.zones)
        self.hosts = [f"host-{zone[-1]}{n + 1}" for zone in self.zones for n in range(estate.hosts_per_zone)]
        self.sites = [site.id for site in estate.sites]
        self.edges = [(service.id, call) for service in self.services for call in service.calls]
        self.instances = [f"{service.id}-{n}" for service in self.services for n in range(service.slots)]
        self.instance_index = {name: n for n, name in enumerate(self.instances)}
        self.fixed = self._fixed()

    def _fixed(self) -> Fixed:
        services, index = self.services, self.index
        slots = np.array([service.slots for service in services])
        owner = np.repeat(np.arange(len(services)), slots)
        host = self._place(slots)
        fronts = [n for n, service in enumerate(services) if service.users is not None]
        users = [service.users for service in services if service.users is not None]
        return Fixed(
            first=np.concatenate([[0], np.cumsum(slots)]).astype(np.int64),
            calls=np.concatenate([[0], np.cumsum([len(s.calls) for s in services])]).astype(np.int64),
            cores=_floats(s.cores for s in services),
            workers=_floats(s.workers for s in services),
            queue=_floats(s.queue for s in services),
            cpu=_floats(s.cpu_ms / 1e3 for s in services),
            io=_floats(s.io_ms / 1e3 for s in services),
            cv2=_floats(s.cv**2 for s in services),
            memory=_floats(s.memory_mb * 2**20 for s in services),
            startup=_floats(s.startup_seconds for s in services),
            deadline=self._deadlines(),
            single=_ints(s.kind in (*STORES, "external") for s in services),
            consumes=_ints(index[s.consumes] if s.consumes else -1 for s in services),
            is_queue=_ints(s.kind == "queue" for s in services),
            is_cache=_ints(s.kind == "cache" for s in services),
            hit_max=_floats(s.hit_ratio for s in services),
            working_set=_floats(s.working_set for s in services),
            knee=_floats(s.connections_knee for s in services),
            host=host,
            zone=host // self.estate.hosts_per_zone,
            service=owner.astype(np.int64),
            host_cores=np.full(len(self.hosts), self.estate.host_cores),
            **self._of_calls(),
            front=np.array(fronts, dtype=np.int64),
            user_timeout=_floats(user.timeout for user in users),
            user_retries=_ints(user.retries for user in users),
            bounds=BOUNDS,
        )

    def _of_calls(self) -> dict[str, Any]:
        """The arrays over calls."""
        index, calls = self.index, [call for _, call in self.edges]
        return {
            "caller": _ints(index[caller] for caller, _ in self.edges),
            "callee": _ints(index[call.to] for call in calls),
            "per_request": _floats(call.per_request for call in calls),
            "timeout": _floats(call.timeout for call in calls),
            "retries": _ints(call.retries for call in calls),
            "backoff": _floats(call.backoff for call in calls),
            "required": _ints(call.required for call in calls),
            "cached_in": _ints(index[c.unless_cached_in] if c.unless_cached_in else -1 for c in calls),
            "pool": _floats(call.pool for call in calls),
        }

    def _place(self, slots: NDArray[np.int64]) -> Ints:
        """Instances over zones in turn, and inside a zone on the host with the least promised cores."""
        zones, per_zone = len(self.zones), self.estate.hosts_per_zone
        promised = np.zeros((zones, per_zone))
        host = np.zeros(int(slots.sum()), dtype=np.int64)
        for number in sorted(range(len(slots)), key=lambda n: (-self.services[n].cores, n)):
            service = self.services[number]
            working = 1 if service.kind in (*STORES, "external") else service.replicas
            for n in range(int(slots[number])):
                zone = (number + n) % zones
                best = int(np.argmin(promised[zone]))
                promised[zone, best] += service.cores * (1.0 if n < working else 0.25)
                host[int(slots[:number].sum()) + n] = zone * per_zone + best
        return host

    def _deadlines(self) -> Floats:
        rate = self.mean_rates()
        total, weighted = np.zeros(len(self.services)), np.zeros(len(self.services))
        for n, service in enumerate(self.services):
            if service.users is not None:
                total[n] += service.users.rate
                weighted[n] += service.users.rate * service.users.timeout
            for call in service.calls:
                to, weight = self.index[call.to], rate[n] * call.per_request + 1e-9
                total[to] += weight
                weighted[to] += weight * call.timeout
        return np.where(total > 0, weighted / np.maximum(total, 1e-12), 29.0)

    def mean_rates(self) -> Floats:
        """Requests a second at each service over a healthy day, caches warm."""
        rate = np.zeros(len(self.services))
        for n, service in enumerate(self.services):
            rate[n] += 0.0 if service.users is None else service.users.rate
            if service.consumes is not None:
                rate[n] += rate[self.index[service.consumes]]
            for call in service.calls:
                cache = call.unless_cached_in
                missed = 1.0 if cache is None else 1.0 - self.services[self.index[cache]].hit_ratio
                rate[self.index[call.to]] += rate[n] * call.per_request * missed
        return rate

    def resting_knobs(self) -> Knobs:
        """Knobs of a healthy world."""
        s, i, e = len(self.services), len(self.instances), len(self.edges)
        h, z = len(self.hosts), len(self.zones)
        return Knobs(
            slow=np.ones(i), errors=np.full(i, 1e-5), leak=np.zeros(i), io_extra=np.zeros(i),
            disk_slow=np.ones(h), hog=np.zeros(h), tls_fails=np.zeros(s), pool_share=np.ones(e),
            call_errors=np.zeros(e), loss=np.zeros((z, z)), site_fails=np.zeros(len(self.sites)),
            surge=np.ones(len(self.fixed.front)), shed=np.zeros(s), zone_weight=np.ones(z), consume=np.ones(s),
        )  # fmt: skip

    def first_state(self) -> WorldState:
        """Everything up, warm and empty."""
        fixed, n_s, n_i, n_e = self.fixed, len(self.services), len(self.instances), len(self.edges)
        phase = np.full(n_i, OFF, dtype=np.int64)
        for n, service in enumerate(self.services):
            phase[fixed.first[n] : fixed.first[n] + service.replicas] = READY
        return WorldState(
            phase=phase, left=np.zeros(n_i), rotation=np.where(phase == READY, 1.0, 0.0), warm=np.ones(n_i),
            leaked=np.zeros(n_i), uptime=np.where(phase == READY, 86_400.0, 0.0), restarts=np.zeros(n_i),
            waiting=np.zeros((n_i, AGES)), born=np.zeros((n_i, AGES)), usual=np.zeros(n_i),
            active=np.where(fixed.single == 1, fixed.first[:-1], -1),
            inner=np.zeros(n_s), inner_var=np.zeros(n_s), call_fails=np.zeros(n_e),
            attempt_seconds=np.full(n_s, 0.01), ok_share=np.ones(n_s), user_fails=np.zeros(len(fixed.front)),
            hit=np.where(fixed.is_cache == 1, fixed.hit_max, 0.0), backlog=np.zeros(n_s), in_use=np.zeros(n_s),
        )  # fmt: skip

    def nothing_seen(self) -> Measurements:
        """All counters at zero."""
        s, i, e = len(self.services), len(self.instances), len(self.edges)
        h, f, b = len(self.hosts), len(self.fixed.front), len(BOUNDS) + 1
        shapes: dict[str, tuple[int, ...]] = {
            "histogram": (i, b), "call_histogram": (e, b), "site_sum": (f, len(self.sites)), "users": (f, 3),
            "users_p95": (f,), "host_cpu": (h,),
        }  # fmt: skip
        per_service = ("refused_sum", "hits_sum", "misses_sum", "published_sum", "consumed_sum", "redelivered_sum")
        shapes |= dict.fromkeys(per_service, (s,))
        shapes |= {
            name: (e,) for name in Measurements._fields if name.startswith(("call_", "pool_")) and name not in shapes
        }
        return Measurements(**{name: np.zeros(shapes.get(name, (i,))) for name in Measurements._fields})


def _sorted(estate: Estate) -> list[Service]:
    """Services in the order in which requests flow; a loop of calls is an error."""
    by_id = {service.id: service for service in estate.services}
    graph = TopologicalSorter({service.id: set[str]() for service in estate.services})
    for service in estate.services:
        for call in service.calls:
            graph.add(call.to, service.id)
            if call.unless_cached_in is not None:
                graph.add(call.unless_cached_in, service.id)
        if service.consumes is not None:
            graph.add(service.id, service.consumes)
    try:
        return [by_id[name] for name in graph.static_order()]
    except CycleError as error:
        raise EstateError(
            f"{estate.name}: services call each other in a circle: {' -> '.join(error.args[1])}"
        ) from error


def _floats(values: object) -> Floats:
    return np.array(list(values), dtype=np.float64)  # type: ignore[call-overload]


def _ints(values: object) -> Ints:
    return np.array([int(value) for value in values], dtype=np.int64)  # type: ignore[attr-defined]
