"""Faults by what comes in, against servers that speak as Redis and RabbitMQ's management do."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.apps.range.estate import Estate
from aiops.apps.range.faults import loads
from aiops.model.errors import PermanentError, TemporaryError
from simulations.range.estate_plan import Ports
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of, supervised


@contextmanager
def listening(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """A port on which each request, of up to one packet, gets one answer."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            received = self.request.recv(65536)
            while received.startswith(b"POST") and not received.rstrip().endswith(b"}"):
                received += self.request.recv(65536)
            self.request.sendall(answer(received))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def estate_with(folder: Path, **ports: int) -> Estate:
    changed: Ports = replace(PLAN.ports, **ports)
    return estate_in(folder, replace(PLAN, ports=changed))


def wanted(estate: Estate) -> float:
    found: float = json.loads(estate.folder.load_control.read_text())["factor"]
    return found


@pytest.mark.parametrize(("usual", "during"), [(1.0, 4.0), (0.5, 2.0)])
def test_more_users_come_and_go(tmp_path: Path, usual: float, during: float) -> None:
    """Times the usual load, which is there again at the end."""
    estate = estate_in(tmp_path)
    estate.folder.load_control.write_text(json.dumps({"factor": usual}))
    act = loads.Surge(scene_of("traffic-surge", estate))
    act.begin()
    assert wanted(estate) == during
    assert act.end() is False
    assert wanted(estate) == usual


def test_load_that_somebody_changed_is_left(tmp_path: Path) -> None:
    """Nothing was left to undo; a file that cannot be read counts as the usual load."""
    estate = estate_in(tmp_path)
    act = loads.Surge(scene_of("traffic-surge", estate))
    act.begin()
    estate.folder.load_control.write_text('{"factor": 0.5}')
    assert act.end() is True
    assert wanted(estate) == 0.5


def test_the_outage_of_a_storm_is_short(tmp_path: Path) -> None:
    """The load stays after its trigger is gone."""
    estate = estate_in(tmp_path)
    target = PLAN.services[-1].id
    scene = scene_of("killed", estate, target)
    with supervised(estate) as supervisord:
        for entry in supervisord.table.values():
            entry[1] = 0  # no process is touched
        act = loads.RetryStorm(scene)
        act.begin()
        hangs = []
        for elapsed in (11.0, 12.0):
            act.tick(elapsed)
            hangs.append(act._hangs)
        assert hangs == [True, False]
        assert wanted(estate) == loads.STORM
        assert act.end() is False
    assert wanted(estate) == 1.0


def test_the_cache_is_emptied_again_and_again(tmp_path: Path) -> None:
    """Once each second."""
    seen: list[bytes] = []

    def answer(received: bytes) -> bytes:
        seen.append(received)
        return b"+OK\r\n"

    with listening(answer) as port:
        act = loads.CacheFlushed(scene_of("cache-flushed", estate_with(tmp_path, redis=port)))
        act.begin()
        act.tick(1.0)
        assert act.end() is False
    assert seen == [b"FLUSHALL\r\n"] * 2


def test_a_cache_that_refuses_or_is_away_is_an_error(tmp_path: Path) -> None:
    """The fault did not happen."""
    with listening(lambda _: b"-NOAUTH\r\n") as port, pytest.raises(PermanentError, match="refuses FLUSHALL"):
        loads.CacheFlushed(scene_of("cache-flushed", estate_with(tmp_path, redis=port))).begin()
    with pytest.raises(TemporaryError, match="Redis does not answer"):
        loads.CacheFlushed(scene_of("cache-flushed", estate_with(tmp_path, redis=1))).begin()


def http(body: dict[str, object]) -> bytes:
    text = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)


def test_poison_is_no_json_and_expires_with_the_fault(tmp_path: Path) -> None:
    """More messages than a consumer holds at a time, kept on disk, in the consumer's queue."""
    seen: list[dict[str, object]] = []

    def answer(received: bytes) -> bytes:
        seen.append(json.loads(received.partition(b"\r\n\r\n")[2]))
        return http({"routed": True})

    with listening(answer) as port:
        scene = scene_of("poison-message", estate_with(tmp_path, rabbitmq_management=port))
        loads.PoisonMessage(scene).begin()
    assert len(seen) == loads.POISON
    assert {one["routing_key"] for one in seen} == {scene.service.consumes}
    assert seen[0]["properties"] == {"delivery_mode": 2, "expiration": "60000"}
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(str(seen[0]["payload"]))


def test_a_message_that_reached_no_queue_is_an_error(tmp_path: Path) -> None:
    """The fault did not happen."""
    with listening(lambda _: http({"routed": False})) as port, pytest.raises(PermanentError, match="did not take"):
        loads.PoisonMessage(scene_of("poison-message", estate_with(tmp_path, rabbitmq_management=port))).begin()
    with pytest.raises(TemporaryError, match="does not answer"):
        loads.PoisonMessage(scene_of("poison-message", estate_with(tmp_path, rabbitmq_management=1))).begin()
