"""The load generator's measurements."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from aiops.apps.range import load as module
from aiops.apps.range.load import Load
from tests.unit.simulations.range.runs import PLAN

VISITOR, CLIENT = PLAN.traffic.users


def run(load: Load, answer: Callable[[httpx.Request], httpx.Response], user: Any, *, intended: int = 0) -> list[Any]:
    """The lines that one user's request gives."""

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://estate") as client:
            await load._ask(client, user, "/a", intended=intended)

    asyncio.run(ask())
    return [json.loads(line) for line in load._lines]


def test_an_answer_is_one_line(tmp_path: Path) -> None:
    """Time, user, path, status, attempt."""
    (line,) = run(Load(PLAN, tmp_path), lambda _: httpx.Response(200), VISITOR, intended=5)
    assert (line["at"], line["user"], line["path"], line["status"], line["attempt"]) == (5, "visitor", "/a", 200, 0)


def test_time_counts_from_when_the_request_was_meant_to_be_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting in the generator is the user's waiting."""
    monkeypatch.setattr(time, "time_ns", lambda: 3_000_000_000)
    (line,) = run(Load(PLAN, tmp_path), lambda _: httpx.Response(200), VISITOR, intended=1_000_000_000)
    assert line["ms"] == 2_000.0


def test_impatient_users_send_a_failed_request_again(tmp_path: Path) -> None:
    """Each attempt is a line; the other kind gives up."""
    lines = run(Load(PLAN, tmp_path), lambda _: httpx.Response(503), CLIENT)
    assert [(line["status"], line["attempt"]) for line in lines] == [(503, 0), (503, 1)]
    assert len(run(Load(PLAN, tmp_path), lambda _: httpx.Response(503), VISITOR)) == 1


def test_no_answer_is_status_0(tmp_path: Path) -> None:
    """A timeout and a refused connection."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    assert [line["status"] for line in run(Load(PLAN, tmp_path), fail, VISITOR)] == [0]


def test_a_refusal_of_the_request_is_an_answer(tmp_path: Path) -> None:
    """Status 404 is not sent again."""
    assert len(run(Load(PLAN, tmp_path), lambda _: httpx.Response(404), CLIENT)) == 1


def test_lines_are_appended(tmp_path: Path) -> None:
    """Nothing is written twice."""
    load = Load(PLAN, tmp_path)
    run(load, lambda _: httpx.Response(200), VISITOR)
    load._write()
    load._write()
    run(load, lambda _: httpx.Response(200), VISITOR)
    load._write()
    assert len((tmp_path / "load.jsonl").read_text().splitlines()) == 2


def test_users_come_and_are_measured_until_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds, against a server that answers; what was measured last is written, too."""
    monkeypatch.setattr(module, "_WRITE_SECONDS", 0.01)
    busy = replace(PLAN, traffic=replace(PLAN.traffic, rate=2_000.0))
    (tmp_path / "load_control.json").write_text('{"factor": 2.0}')
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        served.set()

    async def play() -> float:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        load = Load(replace(busy, ports=replace(busy.ports, public=port)), tmp_path)
        running = asyncio.create_task(load.run())
        await asyncio.wait_for(served.wait(), 30)
        while {json.loads(line)["user"] for line in _lines(tmp_path)} != {"visitor", "client"}:  # noqa: ASYNC110 (a file tells)
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        server.close()
        return load._factor

    assert asyncio.run(asyncio.wait_for(play(), 60)) == 2.0


def _lines(folder: Path) -> list[str]:
    file = folder / "load.jsonl"
    return file.read_text().splitlines() if file.exists() else []
