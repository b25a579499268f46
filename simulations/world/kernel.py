"""One second of the world, compiled: requests flow from users down the calls, answers and their delays flow back up.

The model, per tick of one second (fluid: fractions of requests are allowed):

* *Forward*, callers first. Users' and callers' attempts (with retries at last tick's failure rate) are shared over the
  instances that the balancer believes in. Each instance has a first-in first-out queue kept by seconds of
  age; it serves the oldest first, up to its capacity: the lesser of its processors (cores over CPU seconds)
  and its workers (workers over the seconds each request holds one, calls included). Work that waited past its
  caller's deadline is still done, and is wasted.
* *Backward*, callees first. Below saturation the mean wait is Sakasegawa's approximation of M/G/c,
  ``rho**(sqrt(2(c+1))-1) / (c(1-rho)) * S * (1+cv2)/2``; sojourns are log-normal with the mean and variance
  that add up along the calls; what exceeds the deadline is late.
* Every request that arrives is afterwards exactly one of: ok, failed, late, waiting. Retries of ``n``
  attempts that fail with ``f`` offer ``(1-f**(n+1))/(1-f)`` attempts a request.

Source of the overload model: Bronson et al., Metastable Failures in Distributed Systems, HotOS 2021.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from aiops.jit.compiling import cached_njit
from simulations.world.arrays import (
    AGES,
    DOWN,
    DRAINING,
    OFF,
    READY,
    STARTING,
    Fixed,
    Floats,
    Knobs,
    Measurements,
    WorldState,
)

HEALTH_LAG = 5.0
"""Seconds until the balancer stops sending to an instance that died."""
WARM_SECONDS = 30.0
USUAL = 0.1
"""Weight of a new second in the rate that the steady wait is taken at: the formula knows of Poisson's noise itself."""
COLD = 0.4
"""Speed of an instance that has just started."""


_compiled = cached_njit(_nrt=False)
"""Without counting references: the kernel allocates nothing, and counting would cost nine tenths of its time."""
_inner = njit(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]
"""What only the kernel calls has no door to Python: making it would be half of the time that compiling takes."""


class Scratch(NamedTuple):
    """What one tick hands from the way down to the way up."""

    offered: Floats
    """[s] requests that come this second"""
    share: Floats
    """[h] of promised cores"""
    take: Floats
    """[i, AGES] served by age"""
    waits: Floats
    """[i, AGES] seconds they waited"""
    late: Floats
    """[i] passed their deadline in the queue just now"""
    failed: Floats
    """[i] dropped or turned away"""
    refused: Floats
    """[s] found nobody"""
    capacity: Floats
    """[i]"""
    ok_mean: Floats
    """[s] seconds"""
    ok_var: Floats
    there: Floats
    """[2, z] where the two ends of a call are"""


def scratch(x: Fixed, zones: int) -> Scratch:
    """Room for one tick at a time."""
    n_s, n_i = len(x.cores), len(x.host)
    return Scratch(
        np.zeros(n_s), np.ones(len(x.host_cores)), np.zeros((n_i, AGES)), np.zeros((n_i, AGES)), np.zeros(n_i),
        np.zeros(n_i), np.zeros(n_s), np.zeros(n_i), np.zeros(n_s), np.zeros(n_s), np.zeros((2, zones)),
    )  # fmt: skip


@_compiled
def tail(x: float, mean: float, var: float) -> float:
    """Probability that a log-normal variable of this mean and variance exceeds ``x``."""
    if x <= 0.0:
        return 1.0
    if mean <= 1e-12:
        return 0.0
    sigma2 = math.log1p(var / (mean * mean))
    if sigma2 < 1e-9:
        return 1.0 if mean > x else 0.0
    mu = math.log(mean) - 0.5 * sigma2
    return 0.5 * math.erfc((math.log(x) - mu) / math.sqrt(2.0 * sigma2))


@_inner
def _fill(row: Floats, bounds: Floats, count: float, shift: float, mean: float, var: float) -> None:
    """Add ``count`` sojourns, log-normal after ``shift`` seconds, to a histogram.

    The normal distribution is Page's logistic approximation (1977), which is within 0.0002.
    """
    sigma2 = math.log1p(var / (mean * mean + 1e-18)) + 1e-9
    mu = math.log(mean + 1e-12) - 0.5 * sigma2
    scale = 1.0 / math.sqrt(sigma2)
    below = 0.0
    for b in range(len(bounds)):
        if bounds[b] <= shift:
            continue
        z = (math.log(bounds[b] - shift) - mu) * scale
        if z > 5.0:
            row[b] += count * (1.0 - below)
            return
        if z > -5.0:
            until = 1.0 / (1.0 + math.exp(-1.5976 * z - 0.07056 * z * z * z))
            row[b] += count * (until - below)
            below = until
    row[len(bounds)] += count * (1.0 - below)


@_compiled
def queueing(rho: float, servers: float, service: float, cv2: float) -> tuple[float, float]:
    """Mean and variance of the wait below saturation (M/G/c, Sakasegawa 1977)."""
    if rho <= 1e-9:
        return 0.0, 0.0
    rho = min(rho, 0.97)
    busy = rho ** (math.sqrt(2.0 * (servers + 1.0)) - 1.0)
    if busy < 1e-9:
        return 0.0, 0.0
    mean = busy / (servers * (1.0 - rho)) * service * 0.5 * (1.0 + cv2)
    return mean, mean * mean * (2.0 / busy - 1.0)


@_compiled
def attempts_of(fails: float, retries: int) -> float:
    """Expected attempts for one request."""
    total, more = 1.0, 1.0
    for _ in range(retries):
        more *= fails
        total += more
    return total


@_compiled
def tick(x: Fixed, k: Knobs, s: WorldState, o: Measurements, w: Scratch, users: Floats) -> None:
    """Advance by one second; ``users[front, site]`` is how many come."""
    n_s, n_f = len(x.cores), len(x.front)
    w.offered[:] = 0.0
    w.take[:] = 0.0
    w.late[:] = 0.0
    w.failed[:] = 0.0
    w.refused[:] = 0.0
    w.ok_mean[:] = 0.0
    w.ok_var[:] = 0.0
    _host_share(x, k, s, w)
    _live(x, k, s, w)
    for f in range(n_f):
        front = x.front[f]
        many = attempts_of(s.user_fails[f], x.user_retries[f])
        for site in range(users.shape[1]):
            reach = users[f, site] * k.surge[f] * (1.0 - k.site_fails[site]) * (1.0 - k.shed[front]) * many
            w.offered[front] += reach * (1.0 - k.tls_fails[front])
            o.site_sum[f, site] += reach * (1.0 - k.tls_fails[front])
    for n in range(n_s):
        _forward(x, k, s, o, w, n)
    for n in range(n_s - 1, -1, -1):
        _backward(x, k, s, o, w, n)
    _account(x, k, s, o, w, users)


@_inner
def _live(x: Fixed, k: Knobs, s: WorldState, w: Scratch) -> None:  # noqa: C901, PLR0912 — one pass over instances
    """Ages, starts, deaths, memory, and what the balancer knows."""
    for i in range(len(x.host)):
        n = x.service[i]
        phase = s.phase[i]
        if phase == STARTING:
            s.left[i] -= 1.0
            if s.left[i] <= 0.0:
                s.phase[i] = READY
                s.warm[i] = COLD
                s.uptime[i] = 0.0
                s.leaked[i] = 0.0
        elif phase in (READY, DRAINING):
            s.uptime[i] += 1.0
            s.warm[i] += (1.0 - s.warm[i]) / WARM_SECONDS
            s.leaked[i] = max(0.0, s.leaked[i] + k.leak[i])
            if s.leaked[i] > 0.6 * x.memory[n]:
                s.phase[i] = STARTING
                s.left[i] = x.startup[n]
                s.restarts[i] += 1.0
        serving = s.phase[i] == READY
        if serving:
            s.rotation[i] = HEALTH_LAG
        elif s.phase[i] in (OFF, DRAINING):
            s.rotation[i] = 0.0
        elif s.rotation[i] > 0.0:
            s.rotation[i] -= 1.0
        row = s.waiting[i]
        if s.phase[i] in (OFF, STARTING, DOWN):
            limit = _bin(x.deadline[n])
            for age in range(AGES):
                if age < limit:
                    w.failed[i] += row[age]
                row[age] = 0.0
                s.born[i, age] = 0.0
        else:
            row[AGES - 1] += row[AGES - 2]
            for age in range(AGES - 2, 0, -1):
                row[age] = row[age - 1]
                s.born[i, age] = s.born[i, age - 1]
            row[0] = 0.0


@_inner
def _bin(deadline: float) -> int:
    """First age bin whose requests nobody waits for any more."""
    return min(AGES - 2, math.ceil(deadline) + 1)


@_inner
def _host_share(x: Fixed, k: Knobs, s: WorldState, w: Scratch) -> None:
    """Share of its promised cores that each host can give; promises of stand-by stores do not count."""
    w.share[:] = 0.0
    for i in range(len(x.host)):
        n = x.service[i]
        if s.phase[i] == READY and (x.single[n] == 0 or s.active[n] == i):
            w.share[x.host[i]] += x.cores[n]
    for h in range(len(w.share)):
        if w.share[h] > 0.0:
            w.share[h] = min(1.0, max(0.5, x.host_cores[h] - k.hog[h]) / w.share[h])
        else:
            w.share[h] = 1.0


@_inner
def _memory_slow(leaked: float, limit: float) -> float:
    """Collecting garbage near the limit costs time."""
    full = leaked / (0.6 * limit)
    return 1.0 if full < 0.8 else 1.0 + 12.0 * (full - 0.8)


@_inner
def _cpu_seconds(x: Fixed, k: Knobs, s: WorldState, i: int) -> float:
    n = x.service[i]
    crowd = 1.0
    if x.knee[n] > 0.0:
        crowd += 0.5 * max(0.0, s.in_use[n] / x.knee[n] - 1.0)
    found: float = x.cpu[n] * k.slow[i] * crowd * _memory_slow(s.leaked[i], x.memory[n]) / s.warm[i]
    return found


@_inner
def _forward(x: Fixed, k: Knobs, s: WorldState, o: Measurements, w: Scratch, n: int) -> None:
    """Share what is offered to service ``n``, serve, and offer its calls to its callees."""
    offered, share, capacity = w.offered, w.share, w.capacity
    first, last = x.first[n], x.first[n + 1]
    weight = 0.0
    for i in range(first, last):
        cpu = _cpu_seconds(x, k, s, i)
        io = x.io[n] * k.disk_slow[x.host[i]] + k.io_extra[i]
        by_cpu = x.cores[n] * share[x.host[i]] / cpu
        by_workers = x.workers[n] / (cpu / share[x.host[i]] + io + s.inner[n] + 1e-9)
        capacity[i] = min(by_cpu, by_workers) if s.phase[i] in (READY, DRAINING) else 0.0
        weight += _weight(x, k, s, n, i)
    if x.consumes[n] >= 0:
        able = 0.0
        for i in range(first, last):
            if s.phase[i] == READY:
                able += capacity[i]
        queue = x.consumes[n]
        up = 1.0 if s.active[queue] >= 0 and s.phase[s.active[queue]] == READY else 0.0
        offered[n] = min(s.backlog[queue], able * 0.9 * k.consume[n]) * up
        s.backlog[queue] -= offered[n]
        o.consumed_sum[queue] += offered[n]
    served = 0.0
    if weight <= 0.0:
        w.refused[n] = offered[n]
        o.refused_sum[n] += offered[n]
    for i in range(first, last):
        mine = offered[n] * _weight(x, k, s, n, i) / weight if weight > 0.0 else 0.0
        served += _serve(x, s, o, w, i, mine)
    for e in range(x.calls[n], x.calls[n + 1]):
        _call(x, k, s, o, e, served, offered)


@_inner
def _weight(x: Fixed, k: Knobs, s: WorldState, n: int, i: int) -> float:
    """The part of the traffic that the balancer gives an instance (not yet adding up to 1); cold ones get less."""
    if x.single[n] == 1:
        return 1.0 if s.active[n] == i else 0.0
    return k.zone_weight[x.zone[i]] * s.warm[i] if s.rotation[i] > 0.0 else 0.0


@_inner
def _serve(x: Fixed, s: WorldState, o: Measurements, w: Scratch, i: int, mine: float) -> float:
    """Queue ``mine`` new requests at instance ``i`` and serve the oldest; returns how many were served.

    A bin's requests came evenly over their second, and leave evenly while their turn lasts: the wait is the distance
    between the two.
    """
    n = x.service[i]
    row, born = s.waiting[i], s.born[i]
    o.arrived_sum[i] += mine
    w.late[i] = row[_bin(x.deadline[n])]
    if s.phase[i] not in (READY, DRAINING):
        w.failed[i] += mine
        return 0.0
    row[0], born[0] = mine, mine
    served = 0.0
    for age in range(AGES - 1, -1, -1):
        part = min(row[age], w.capacity[i] - served)
        if part <= 0.0:
            continue
        came = 1.0 - (row[age] - 0.5 * part) / max(born[age], row[age])
        left = (served + 0.5 * part) / w.capacity[i]
        w.waits[i, age] = max(0.0, age + left - came)
        w.take[i, age] = part
        row[age] -= part
        served += part
    room = x.queue[n]
    for age in range(1, AGES):
        room -= row[age]
    if row[0] > max(room, 0.0):
        w.failed[i] += row[0] - max(room, 0.0)
        row[0] = max(room, 0.0)
    return served


@_inner
def _call(x: Fixed, k: Knobs, s: WorldState, o: Measurements, e: int, served: float, offered: Floats) -> None:
    """Offer the attempts of one kind of call to its callee."""
    wanted = served * x.per_request[e]
    cache = x.cached_in[e]
    if cache >= 0:
        hits = wanted * s.hit[cache] * s.ok_share[cache]
        o.hits_sum[cache] += hits
        o.misses_sum[cache] += wanted - hits
        wanted -= hits
    tries = wanted * attempts_of(s.call_fails[e], x.retries[e])
    callee = x.callee[e]
    seconds = max(s.attempt_seconds[callee], 1e-4)
    pool = 0.0
    o.pool_pending[e] = 0.0
    sent = tries
    if x.pool[e] > 0.0:
        for i in range(x.first[x.caller[e]], x.first[x.caller[e] + 1]):
            if s.phase[i] in (READY, DRAINING):
                pool += max(1.0, math.floor(x.pool[e] * k.pool_share[e]))
        sent = min(tries, pool / seconds)
        o.pool_pending[e] = tries - sent
        o.pool_timeouts_sum[e] += tries - sent
        o.pool_used[e] = min(pool, sent * seconds)
    o.call_rate[e] = tries
    offered[callee] += sent * (1.0 - k.call_errors[e]) * (1.0 - k.tls_fails[callee])


@_inner
def _loss(x: Fixed, k: Knobs, s: WorldState, w: Scratch, e: int) -> tuple[float, float]:
    """Share of attempts that packet loss between zones kills, and the mean seconds that it adds to the others."""
    n_z = len(k.zone_weight)
    there = w.there
    there[:] = 0.0
    for side in range(2):
        n = x.caller[e] if side == 0 else x.callee[e]
        total = 0.0
        for i in range(x.first[n], x.first[n + 1]):
            part = _weight(x, k, s, n, i)
            there[side, x.zone[i]] += part
            total += part
        if total > 0.0:
            for z in range(n_z):
                there[side, z] /= total
    fails, adds = 0.0, 0.0
    for a in range(n_z):
        for b in range(n_z):
            if k.loss[a, b] > 0.0:
                p = k.loss[a, b] * there[0, a] * there[1, b]
                fails += p * k.loss[a, b] * 2.0
                adds += p * 0.9
    return min(fails, 1.0), adds


@_inner
def _backward(x: Fixed, k: Knobs, s: WorldState, o: Measurements, w: Scratch, n: int) -> None:  # noqa: PLR0915 — one sum
    """What became of the requests that service ``n`` served, now that its callees have answered."""
    share, take, ok_mean, ok_var = w.share, w.take, w.ok_mean, w.ok_var
    good, inner, inner_var = _answers(x, k, s, o, w, n)
    s.inner[n], s.inner_var[n] = inner, inner_var
    deadline = x.deadline[n]
    limit = _bin(deadline)
    oks, fails, lates, seconds, squares = 0.0, w.refused[n], 0.0, 0.0, 0.0
    for i in range(x.first[n], x.first[n + 1]):
        cpu = _cpu_seconds(x, k, s, i)
        part = share[x.host[i]]
        io = x.io[n] * k.disk_slow[x.host[i]] + k.io_extra[i]
        served = 0.0
        for age in range(AGES):
            served += take[i, age]
        by_cpu = x.cores[n] * part / cpu
        s.usual[i] += USUAL * (served - s.usual[i])
        wait, wait_var = queueing(
            s.usual[i] / by_cpu, max(1.0, x.cores[n] * part), cpu / min(1.0, part * x.cores[n]), x.cv2[n]
        )
        own = cpu / min(1.0, part * x.cores[n]) + io
        hold = own + inner
        more, more_var = queueing(s.usual[i] * hold / x.workers[n], x.workers[n], hold, x.cv2[n])
        mean = wait + more + hold
        hold_var = own * own * x.cv2[n] + inner_var
        var = wait_var + more_var + hold_var
        o.cpu[i] = min(served * cpu, x.cores[n] * part)
        o.rate[i] = served
        o.var[i] = var
        fail_i, late_i, ok_i, sum_wait = w.failed[i], w.late[i], 0.0, 0.0
        for age in range(AGES):
            many = take[i, age]
            if many <= 0.0:
                continue
            # The steady wait and the queue that can be seen are two views of one wait: the longer one counts.
            seen = w.waits[i, age] > wait + more
            before = w.waits[i, age] if seen else 0.0
            mean, var = (hold, hold_var) if seen else (wait + more + hold, wait_var + more_var + hold_var)
            sum_wait += many * (before if seen else wait + more)
            if age >= limit:
                continue
            p_late = tail(deadline - before, mean, var) if x.consumes[n] < 0 else 0.0
            p_ok = good * (1.0 - k.errors[i])
            well = many * p_ok * (1.0 - p_late)
            ok_i += well
            late_i += many * p_late
            fail_i += many * (1.0 - p_ok) * (1.0 - p_late)
            seconds += well * (before + mean)
            squares += well * (before + mean) ** 2
            _fill(o.histogram[i], x.bounds, many, before, mean, var)
        o.wait[i] = sum_wait / served if served > 0.0 else 0.0
        o.mean[i], o.active[i] = o.wait[i] + hold, served * (o.wait[i] + hold)
        o.ok_sum[i] += ok_i
        o.failed_sum[i] += fail_i
        o.late_sum[i] += late_i
        o.seconds_sum[i] += served * hold + sum_wait
        ok_var[n] += ok_i * var
        oks, fails, lates = oks + ok_i, fails + fail_i, lates + late_i
    done = oks + fails + lates
    if oks > 0.0:
        ok_mean[n] = min(seconds / oks, deadline)
        ok_var[n] = ok_var[n] / oks + max(0.0, squares / oks - (seconds / oks) ** 2)
    if done > 1e-9:
        s.ok_share[n] = oks / done
        s.attempt_seconds[n] = (oks * ok_mean[n] + lates * deadline + fails * 0.005) / done
    if x.consumes[n] >= 0:
        _redeliver(x, s, o, n, fails + lates)
    if x.is_queue[n] == 1:
        s.backlog[n] += oks
        o.published_sum[n] += oks


@_inner
def _redeliver(x: Fixed, s: WorldState, o: Measurements, n: int, failed: float) -> None:
    """Messages whose work failed come again, but for one in ten, which is given up."""
    queue = x.consumes[n]
    s.backlog[queue] += 0.9 * failed
    o.redelivered_sum[queue] += 0.9 * failed


@_inner
def _answers(x: Fixed, k: Knobs, s: WorldState, o: Measurements, w: Scratch, n: int) -> tuple[float, float, float]:
    """Share of requests at ``n`` whose calls allow an answer; mean and variance of the seconds they take together."""
    ok_mean, ok_var = w.ok_mean, w.ok_var
    good, inner, inner_var = 1.0, 0.0, 0.0
    lossy = False
    for a in range(len(k.zone_weight)):
        for b in range(len(k.zone_weight)):
            lossy = lossy or k.loss[a, b] > 0.0
    for e in range(x.calls[n], x.calls[n + 1]):
        callee = x.callee[e]
        lost, slow = _loss(x, k, s, w, e) if lossy else (0.0, 0.0)
        tries = o.call_rate[e]
        starved = o.pool_pending[e] / tries if tries > 1e-12 else 0.0
        through = (1.0 - starved) * (1.0 - k.call_errors[e]) * (1.0 - k.tls_fails[callee]) * (1.0 - lost)
        late = 0.0
        if x.timeout[e] < x.deadline[callee] and ok_mean[callee] > 0.0:
            late = tail(x.timeout[e], ok_mean[callee], ok_var[callee])
            late -= tail(x.deadline[callee], ok_mean[callee], ok_var[callee])
        ok = through * s.ok_share[callee] * (1.0 - late)
        fails = 1.0 - ok
        attempt = s.attempt_seconds[callee] * through + slow + starved * min(1.0, x.timeout[e])
        attempt = min(attempt, x.timeout[e])
        many = attempts_of(fails, x.retries[e])
        mean = attempt * many + (many - 1.0) * x.backoff[e]
        spread = ok_var[callee] + slow * 0.5 + fails * attempt * attempt
        s.call_fails[e] = fails
        o.call_mean[e] = attempt
        o.call_sum[e] += tries
        o.call_failed_sum[e] += tries * fails
        o.call_seconds_sum[e] += tries * attempt
        if tries > 0.0:
            _fill(o.call_histogram[e], x.bounds, tries, 0.0, attempt, spread + 1e-9)
        p = x.per_request[e]
        if x.cached_in[e] >= 0:
            cache = x.cached_in[e]
            p *= 1.0 - s.hit[cache] * s.ok_share[cache]
        inner += p * mean
        inner_var += p * spread + (p * (1.0 - p) * mean * mean if p < 1.0 else 0.0)
        if x.required[e] == 1:
            good *= 1.0 - min(1.0, p) * fails ** (x.retries[e] + 1)
        _warm(x, s, e, tries * ok)
    return good, inner, inner_var


@_inner
def _warm(x: Fixed, s: WorldState, e: int, loaded: float) -> None:
    """What was loaded past a cache fills it."""
    cache = x.cached_in[e]
    if cache >= 0:
        s.hit[cache] += (x.hit_max[cache] - s.hit[cache]) * min(1.0, loaded / x.working_set[cache])


@_inner
def _account(x: Fixed, k: Knobs, s: WorldState, o: Measurements, w: Scratch, users: Floats) -> None:
    """Users' view, connections in use, and the load of hosts."""
    for f in range(len(x.front)):
        n = x.front[f]
        fails = 1.0 - s.ok_share[n] * (1.0 - k.tls_fails[n])
        s.user_fails[f] = fails
        through = 1.0 - fails ** (x.user_retries[f] + 1)
        came, well = 0.0, 0.0
        for site in range(users.shape[1]):
            here = users[f, site] * k.surge[f]
            came += here
            well += here * (1.0 - k.site_fails[site]) * (1.0 - k.shed[n]) * through
        o.users[f, 0], o.users[f, 1] = came, well
        o.users[f, 2] = s.attempt_seconds[n] * attempts_of(fails, x.user_retries[f])
        mean, var = max(w.ok_mean[n], 1e-6), w.ok_var[n]
        sigma2 = math.log1p(var / (mean * mean))
        o.users_p95[f] = math.exp(math.log(mean) - 0.5 * sigma2 + 1.6449 * math.sqrt(sigma2))
    s.in_use[:] = 0.0
    for e in range(len(x.caller)):
        s.in_use[x.callee[e]] += o.pool_used[e]
    o.host_cpu[:] = 0.0
    for i in range(len(x.host)):
        o.host_cpu[x.host[i]] += o.cpu[i]
    for h in range(len(x.host_cores)):
        o.host_cpu[h] = min(x.host_cores[h], o.host_cpu[h] + k.hog[h])
