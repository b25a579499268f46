"""Faults of connections, against a server of Toxiproxy's HTTP interface."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aiops.apps.range.estate import Estate
from aiops.apps.range.faults import connections
from aiops.apps.range.faults.connections import Toxiproxy
from aiops.model.errors import PermanentError, TemporaryError
from simulations.range.estate_plan import LinkKind
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of

LINK = PLAN.links[0].name


class Server(ThreadingHTTPServer):
    """Proxies by name, each with a state and toxics."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxies: dict[str, dict[str, Any]] = {link.name: {"enabled": True, "toxics": []} for link in PLAN.links}


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        _, _, name, *rest = self.path.split("/")
        proxy = self.server.proxies.get(name)
        status, said = 200, proxy
        match (proxy, self.command, rest):
            case (None, _, _):
                status, said = 404, {"error": "proxy not found"}
            case (_, "POST", []):
                proxy |= body
            case (_, "POST", ["toxics"]):
                proxy["toxics"].append(body)
            case (_, "DELETE", ["toxics", toxic]):
                proxy["toxics"] = [one for one in proxy["toxics"] if one["name"] != toxic]
                status, said = 204, None
        text = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def estate(server: Server, tmp_path: Path) -> Estate:
    ports = replace(PLAN.ports, toxiproxy=server.server_address[1])
    return estate_in(tmp_path, replace(PLAN, ports=ports))


@pytest.mark.parametrize(("name", "type_"), [("delay", "latency"), ("bandwidth", "bandwidth")])
def test_a_connection_gets_a_toxic_in_both_directions(estate: Estate, server: Server, name: str, type_: str) -> None:
    """And loses them at the end; other connections are left alone."""
    act = connections.of_link(scene_of(name, estate, LINK))
    act.begin()
    toxics = server.proxies[LINK]["toxics"]
    assert [(one["type"], one["stream"]) for one in toxics] == [(type_, "upstream"), (type_, "downstream")]
    assert all(not proxy["toxics"] for other, proxy in server.proxies.items() if other != LINK)
    assert act.end() is False
    assert server.proxies[LINK]["toxics"] == []
    assert act.end() is True


def test_toxics_of_others_stay(estate: Estate, server: Server) -> None:
    """Only its own are removed."""
    server.proxies[LINK]["toxics"].append({"name": "mine", "type": "latency"})
    act = connections.of_link(scene_of("delay", estate, LINK))
    act.begin()
    act.end()
    assert [one["name"] for one in server.proxies[LINK]["toxics"]] == ["mine"]


def test_a_cut_is_mended(estate: Estate, server: Server) -> None:
    """Unless somebody did so before."""
    act = connections.Cut(scene_of("cut", estate, LINK))
    act.begin()
    assert server.proxies[LINK]["enabled"] is False
    assert act.end() is False
    assert server.proxies[LINK]["enabled"] is True
    assert act.end() is True


def test_a_stuck_consumer_keeps_its_connection(estate: Estate, server: Server) -> None:
    """What goes to and from the broker is swallowed."""
    scene = scene_of("consumer-stuck", estate)
    act = connections.of_consumer(scene)
    act.begin()
    (link,) = [one for one in PLAN.links_of(scene.service.id) if one.kind is LinkKind.QUEUE]
    assert {one["type"] for one in server.proxies[link.name]["toxics"]} == {"timeout"}
    assert server.proxies[link.name]["enabled"] is True
    act.end()


def test_errors_are_clear(server: Server) -> None:
    """A refusal is permanent, and no answer is temporary."""
    with pytest.raises(PermanentError, match="proxy not found"):
        Toxiproxy(server.server_address[1]).proxy("nobody")
    with pytest.raises(TemporaryError, match="does not answer"):
        Toxiproxy(1).proxy("nobody")
