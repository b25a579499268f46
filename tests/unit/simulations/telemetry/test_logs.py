from __future__ import annotations

import numpy as np
import pytest

from aiops.model.durations import SECOND
from simulations.faults.registry import make
from simulations.telemetry.logs import ERROR, MOST, TEMPLATES, LogEmitter
from simulations.telemetry.metrics import MetricEmitter
from simulations.world.arrays import READY
from simulations.world.world import World
from tests.unit.simulations.faults.worlds import world


def emitter(share: float = 0.003) -> tuple[World, LogEmitter]:
    """The logs of a world at rest, whose instances have served nothing yet."""
    place = world()
    return place, LogEmitter(MetricEmitter(place), share)


def kinds(logs: LogEmitter) -> set[str]:
    """Templates of one interval's errors and warnings."""
    frame = logs.collect()
    return {TEMPLATES[t][1] for t in frame.template if TEMPLATES[t][0] > 9}


def edge(place: World, caller: str) -> int:
    """A call of this service that retries."""
    return next(e for e, (name, _) in enumerate(place.layout.edges) if name == caller)


def test_a_world_at_rest_says_nothing() -> None:
    """Nothing was served, nothing ended: an empty frame."""
    _, logs = emitter()
    frame = logs.collect()
    assert (len(frame.at), frame.bodies, frame.trace.shape) == (0, [], (0, 16))


def test_lines_are_in_order_and_within_their_interval() -> None:
    """The fifteen seconds that end now; the severity is the template's."""
    place, logs = emitter(share=0.5)
    place.tick = 60
    place.seen.rate[:] = 20.0
    frame = logs.collect()
    assert len(frame.at) == len(frame.bodies) > 100
    assert (np.diff(frame.at) >= 0).all()
    assert frame.at.min() >= place.now - 15 * SECOND
    assert frame.at.max() < place.now
    assert [TEMPLATES[t][0] for t in frame.template] == frame.severity.tolist()
    assert not any("{" in body for body in frame.bodies)


def test_the_same_second_gives_the_same_lines() -> None:
    """Two worlds with one seed; another second gives others."""
    found = []
    for tick in (60, 60, 61):
        place, logs = emitter(share=0.5)
        place.tick = tick
        place.seen.rate[:] = 20.0
        found.append(logs.collect().bodies)
    assert found[0] == found[1] != found[2]


def test_an_instance_limits_itself() -> None:
    """However many requests it serves: at most four times twelve ordinary lines, twelve of its errors."""
    place, logs = emitter(share=1.0)
    place.seen.rate[:] = 1e6
    place.knobs.errors[:] = 0.5
    frame = logs.collect()
    for resource in set(frame.resource.tolist()):
        own = frame.resource == resource
        assert int((own & (frame.severity == ERROR)).sum()) <= MOST
        assert int((own & (frame.severity < ERROR)).sum()) <= 4 * MOST


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("tls", "call to {peer} failed: x509: certificate has expired or is not yet valid"),
        ("auth", "authentication to {peer} failed for user {service}_rw"),
        ("pool", "connection is not available from pool {peer}, request timed out after {ms} ms"),
        ("dead", "dial tcp {peer}:443: connect: connection refused"),
        ("slow", "call to {peer} failed: deadline exceeded after {ms} ms"),
        ("errors", "call to {peer} failed: status 500, request {number}"),
    ],
)
def test_a_failed_call_says_why(error: str, told: str) -> None:
    """The caller's lines tell the kind of trouble, as its client library would."""
    place, logs = emitter(share=0.0)
    e = edge(place, "web")
    callee = int(place.fixed.callee[e])
    group = place.instances(place.layout.ids[callee])
    place.seen.rate[group] = 10.0
    place.seen.call_failed_sum[e] = 500.0
    match error:
        case "tls":
            place.knobs.tls_fails[callee] = 0.5
        case "auth":
            place.knobs.call_errors[e] = 0.5
        case "pool":
            place.seen.pool_pending[e] = 3.0
        case "dead":
            place.state.phase[group] = READY + 1
        case "slow":
            place.state.attempt_seconds[callee] = place.fixed.timeout[e]
    found = kinds(logs) - {"retrying call to {peer}, attempt {attempt}"}
    assert found == {told}


def test_a_failure_is_told_once() -> None:
    """Sums rise; only what is new since the last interval is said."""
    place, logs = emitter(share=0.0)
    place.seen.call_failed_sum[edge(place, "web")] = 500.0
    assert kinds(logs)
    assert kinds(logs) == set()


@pytest.mark.parametrize(
    ("service", "fault", "told"),
    [
        ("search", "memory-leak", "process killed: out of memory, limit {number} MB"),
        ("order-worker", None, "fatal: worker died while handling message {number}, will be redelivered"),
        ("web", None, None),
    ],
)
def test_a_restart_says_what_it_died_of(service: str, fault: str | None, told: str | None) -> None:
    """Memory, a message, or nothing; and each start says its version."""
    place, logs = emitter(share=0.0)
    if fault:
        make(fault).hold(place, 0)
    place.state.restarts[place.instances(service)[0]] += 1
    frame = logs.collect()
    assert {TEMPLATES[t][1] for t in frame.template if TEMPLATES[t][0] == ERROR} == ({told} if told else set())
    assert sum(f"{service} version 1 started" in body for body in frame.bodies) == 1


def test_a_full_disk_is_the_stores_error() -> None:
    """A database on a full disk speaks of it, and not of null references."""
    place, logs = emitter(share=0.0)
    group = place.instances("catalog-db")
    place.disk[place.fixed.host[group]] = 1.0
    place.knobs.errors[group] = 0.7
    place.seen.rate[group] = 50.0
    assert kinds(logs) == {"could not extend file base/{number}: No space left on device"}
