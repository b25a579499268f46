"""Log lines from templates with parameters; their numbers follow traffic and faults."""

from __future__ import annotations

import numpy as np

from aiops.model.durations import SECOND
from simulations.telemetry.frames import LogFrame
from simulations.telemetry.metrics import MetricEmitter
from simulations.world.arrays import OFF, READY
from simulations.world.streams import stream

INFO, WARN, ERROR = 9, 13, 17
TEMPLATES: tuple[tuple[int, str], ...] = (
    (INFO, "request {number} served in {ms} ms"),
    (INFO, "GET /{service}/v1/items/{number} 200 {ms}ms"),
    (INFO, "user {number} session refreshed"),
    (INFO, "checkpoint complete: wrote {number} buffers, took {ms} ms"),
    (INFO, "{service} version {version} started in {ms} ms"),
    (WARN, "slow request {number}: {ms} ms"),
    (WARN, "retrying call to {peer}, attempt {attempt}"),
    (ERROR, "call to {peer} failed: deadline exceeded after {ms} ms"),
    (ERROR, "call to {peer} failed: status 500, request {number}"),
    (ERROR, "dial tcp {peer}:443: connect: connection refused"),
    (ERROR, "call to {peer} failed: x509: certificate has expired or is not yet valid"),
    (ERROR, "connection is not available from pool {peer}, request timed out after {ms} ms"),
    (ERROR, "authentication to {peer} failed for user {service}_rw"),
    (ERROR, "unhandled exception while serving request {number}: null reference in line {attempt}"),
    (ERROR, "could not extend file base/{number}: No space left on device"),
    (ERROR, "process killed: out of memory, limit {number} MB"),
    (ERROR, "fatal: worker died while handling message {number}, will be redelivered"),
    (WARN, "garbage collection took {ms} ms"),
)
_STARTED, _SLOW, _RETRY, _DEADLINE, _STATUS, _REFUSED, _TLS, _POOL, _AUTH = 4, 5, 6, 7, 8, 9, 10, 11, 12
_EXCEPTION, _DISK, _MEMORY, _DIED, _GARBAGE = 13, 14, 15, 16, 17
MOST = 12
"""Lines of one kind that one instance writes in an interval at most: real loggers limit themselves too."""


class LogEmitter:
    """Logs of a world.

    Args:
        metrics: whose resources and interval are used.
        share: of served requests that leave a line.
    """

    def __init__(self, metrics: MetricEmitter, share: float = 0.003) -> None:
        self.metrics, self.world, self.share = metrics, metrics.world, share
        self._senders = metrics.of_instance
        self._calls_failed = np.zeros(len(self.world.layout.edges))
        self._restarts = self.world.state.restarts.copy()
        self._rows: list[tuple[int, int, int, str]] = []

    def collect(self) -> LogFrame:
        """Lines of the interval that ends now."""
        self._rows = []
        generator = stream(self.world.seed, "logs", self.world.tick)
        self._ordinary(generator)
        self._calls(generator)
        self._deaths(generator)
        self._rows.sort()
        at, resource, template, bodies = zip(*self._rows, strict=True) if self._rows else ((), (), (), ())
        return LogFrame(
            at=np.array(at, dtype=np.int64),
            resource=np.array(resource, dtype=np.int32),
            severity=np.array([TEMPLATES[t][0] for t in template], dtype=np.int32),
            template=np.array(template, dtype=np.int32),
            bodies=list(bodies),
            trace=np.zeros((len(at), 16), dtype=np.uint8),
        )

    def _write(self, i: int, template: int, many: int, *, generator: np.random.Generator, peer: str = "") -> None:
        if i not in self._senders or many <= 0:
            return
        world = self.world
        n = world.fixed.service[i]
        service = world.layout.ids[n]
        begin = world.now - self.metrics.interval * SECOND
        when = generator.integers(0, self.metrics.interval * SECOND, many)
        numbers = generator.integers(1, 1_000_000, many)
        spread = generator.gamma(2.0, 0.5, many) * max(1.0, 1e3 * float(world.seen.mean[i]))
        attempts = generator.integers(1, 4, many)
        text = TEMPLATES[template][1]
        for t, number, ms, attempt in zip(when, numbers, spread, attempts, strict=True):
            body = text.format(
                number=number,
                ms=int(ms) + 1,
                service=service,
                peer=peer,
                attempt=attempt,
                version=world.versions[service],
            )
            self._rows.append((begin + int(t), self._senders[i], template, body))

    def _ordinary(self, generator: np.random.Generator) -> None:
        """Served requests, garbage collection, the service's own errors."""
        world = self.world
        n_i = len(world.layout.instances)
        usual = generator.poisson(world.seen.rate * self.share * self.metrics.interval)
        kinds = generator.integers(0, 3, n_i)
        own = generator.poisson(np.where(world.knobs.errors > 1e-3, world.seen.rate * world.knobs.errors, 0.0))
        slow = generator.poisson(np.where(world.seen.mean > 1.0, world.seen.rate * 0.05, 0.0))
        for i in np.flatnonzero(world.state.phase == READY).tolist():
            n = world.fixed.service[i]
            store = world.fixed.single[n] == 1
            self._write(
                i, 3 if store and usual[i] else int(kinds[i]), min(int(usual[i]), 4 * MOST), generator=generator
            )
            full = world.disk[world.fixed.host[i]] >= 1.0 and store
            self._write(i, _DISK if full else _EXCEPTION, min(int(own[i]), MOST), generator=generator)
            self._write(i, _SLOW, min(int(slow[i]), MOST), generator=generator)
            if world.state.leaked[i] > 0.45 * world.fixed.memory[n]:
                self._write(i, _GARBAGE, 3, generator=generator)

    def _calls(self, generator: np.random.Generator) -> None:
        """Calls that failed, said by their callers."""
        world, layout = self.world, self.world.layout
        failed = world.seen.call_failed_sum - self._calls_failed
        self._calls_failed = world.seen.call_failed_sum.copy()
        for e in np.flatnonzero(failed > 1.0).tolist():
            caller, call = layout.edges[e]
            alive = world.instances(caller)
            alive = alive[world.state.phase[alive] == READY]
            for i in alive.tolist():
                many = min(MOST, int(generator.poisson(0.3 * failed[e] / len(alive))))
                self._write(i, self._why(e), many, generator=generator, peer=call.to)
                self._write(i, _RETRY, min(many, 3) if call.retries else 0, generator=generator, peer=call.to)

    def _why(self, e: int) -> int:
        """The template that fits the way a call fails now."""
        world, callee = self.world, int(self.world.fixed.callee[e])
        first, last = int(world.fixed.first[callee]), int(world.fixed.first[callee + 1])
        if world.knobs.tls_fails[callee] > 0:
            return _TLS
        if world.knobs.call_errors[e] > 0:
            return _AUTH
        if world.seen.pool_pending[e] > 0.5:
            return _POOL
        if not (world.state.phase[first:last] == READY).any():
            return _REFUSED
        served = world.seen.rate[first:last].sum()
        slow = served > 0 and world.state.attempt_seconds[callee] > 0.5 * world.fixed.timeout[e]
        return _DEADLINE if slow else _STATUS

    def _deaths(self, generator: np.random.Generator) -> None:
        """Instances that ended and began."""
        world = self.world
        gone = world.state.restarts - self._restarts
        self._restarts = world.state.restarts.copy()
        for i in np.flatnonzero((gone > 0) & (world.state.phase != OFF)).tolist():
            n = world.fixed.service[i]
            if world.knobs.leak[i] > 0:
                self._write(i, _MEMORY, int(gone[i]), generator=generator)
            elif world.fixed.consumes[n] >= 0:
                self._write(i, _DIED, int(gone[i]), generator=generator)
            self._write(i, _STARTED, int(gone[i]), generator=generator)
