"""The arrays of a world: what the kernel reads and never writes, what it carries on, and what it measures.

Indices: services ``s`` in the order in which requests flow (callers first, a queue before its workers), instances ``i``
(contiguous per service), calls ``e`` (contiguous per caller), hosts ``h``, zones ``z``, sites, fronts ``f`` (services
with users of their own).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AGES = 32
"""Waiting requests are kept by whole seconds of age; the last bin holds all older ones."""
OFF, STARTING, READY, DOWN, DRAINING = range(5)
"""Phases of an instance: not allocated, starting, serving, dead until somebody acts, leaving in peace."""
BOUNDS = np.array([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0])
"""Upper bounds of the duration histograms in seconds, as OpenTelemetry advises for HTTP."""


class Fixed(NamedTuple):
    """What the estate says; times in seconds, memory in bytes."""

    first: Ints
    """[s + 1]: instances of service s are first[s]:first[s + 1]."""
    calls: Ints
    """[s + 1]: calls of service s are calls[s]:calls[s + 1]."""
    cores: Floats
    workers: Floats
    queue: Floats
    cpu: Floats
    io: Floats
    cv2: Floats
    memory: Floats
    startup: Floats
    deadline: Floats
    """[s] how long callers wait: the mean of their timeouts, by share of calls."""
    single: Ints
    """[s] 1: only the active instance serves."""
    consumes: Ints
    """[s] queue the worker takes from, or -1."""
    is_queue: Ints
    is_cache: Ints
    hit_max: Floats
    working_set: Floats
    knee: Floats
    host: Ints
    """[i]"""
    zone: Ints
    """[i]"""
    service: Ints
    """[i]"""
    host_cores: Floats
    caller: Ints
    """[e]"""
    callee: Ints
    per_request: Floats
    timeout: Floats
    retries: Ints
    backoff: Floats
    required: Ints
    cached_in: Ints
    pool: Floats
    front: Ints
    """[f] the service"""
    user_timeout: Floats
    user_retries: Ints
    bounds: Floats


class Knobs(NamedTuple):
    """What faults and actions turn; everything at its resting value in a healthy world."""

    slow: Floats
    """[i] factor on CPU seconds a request"""
    errors: Floats
    """[i] share of requests that fail by themselves"""
    leak: Floats
    """[i] bytes a second"""
    io_extra: Floats
    """[i] seconds added to each request (another firm's trouble)"""
    disk_slow: Floats
    """[h] factor on I/O seconds"""
    hog: Floats
    """[h] cores taken by something else"""
    tls_fails: Floats
    """[s] share of new connections refused"""
    pool_share: Floats
    """[e] share of the pool that is left"""
    call_errors: Floats
    """[e] share of attempts that fail before they arrive"""
    loss: Floats
    """[z, z] share of packets lost"""
    site_fails: Floats
    """[site] share of users that cannot find us"""
    surge: Floats
    """[f] factor on arrivals"""
    shed: Floats
    """[s] share of arrivals turned away at once"""
    zone_weight: Floats
    """[z] share of its part that the balancer gives a zone"""
    consume: Floats
    """[s] share of its capacity a worker uses for the queue"""


class WorldState(NamedTuple):
    """What the kernel carries from tick to tick."""

    phase: Ints
    left: Floats
    """[i] seconds until a starting instance is ready"""
    rotation: Floats
    """[i] >0: the balancer sends requests; counts down the seconds until it learns of a death"""
    warm: Floats
    """[i] in [0, 1]"""
    leaked: Floats
    uptime: Floats
    restarts: Floats
    waiting: Floats
    """[i, AGES]"""
    born: Floats
    """[i, AGES] how many there were when they came"""
    usual: Floats
    """[i] requests served a second, smoothed"""
    active: Ints
    """[s] the serving instance of a store, -1: none"""
    inner: Floats
    """[s] mean seconds spent in calls, last tick"""
    inner_var: Floats
    call_fails: Floats
    """[e] share of attempts that failed, last tick"""
    attempt_seconds: Floats
    """[s] mean seconds an attempt at s took, last tick"""
    ok_share: Floats
    """[s] of attempts resolved last tick"""
    user_fails: Floats
    """[f] share of users' attempts that failed, last tick"""
    hit: Floats
    """[s] hit ratio of a cache now"""
    backlog: Floats
    """[s] messages in a queue"""
    in_use: Floats
    """[s] pooled connections in use at a store"""


class Measurements(NamedTuple):
    """What can be measured: gauges of the last tick, and sums since the start (names end in ``_sum``)."""

    cpu: Floats
    """[i] cores in use"""
    rate: Floats
    """[i] requests served in the last tick"""
    active: Floats
    """[i] requests in service"""
    wait: Floats
    """[i] mean seconds waited"""
    mean: Floats
    """[i] mean seconds of the requests served"""
    var: Floats
    arrived_sum: Floats
    """[i]"""
    ok_sum: Floats
    failed_sum: Floats
    late_sum: Floats
    """[i] requests whose caller had gone"""
    seconds_sum: Floats
    histogram: Floats
    """[i, bounds + 1] requests served by duration"""
    refused_sum: Floats
    """[s] nobody was there to take them"""
    host_cpu: Floats
    """[h] cores in use"""
    call_rate: Floats
    """[e] attempts in the last tick"""
    call_mean: Floats
    call_sum: Floats
    call_failed_sum: Floats
    call_seconds_sum: Floats
    call_histogram: Floats
    pool_used: Floats
    """[e]"""
    pool_pending: Floats
    pool_timeouts_sum: Floats
    hits_sum: Floats
    """[s]"""
    misses_sum: Floats
    published_sum: Floats
    consumed_sum: Floats
    redelivered_sum: Floats
    site_sum: Floats
    """[f, site] requests that reached us"""
    users: Floats
    """[f, 3] last tick: came, went well, mean seconds"""
    users_p95: Floats
    """[f]"""
