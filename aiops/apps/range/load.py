"""The load generator of an estate, a process of its own: users who come when they come, whether it answers or not.

It is started as ``python -m aiops.apps.range.load RUN_FOLDER``. It writes ``load.jsonl``, one JSON object a request:
``at`` (ns, when the request was meant to be sent), ``user``, ``path``, ``status`` (0: no answer), ``ms`` (from ``at``
to the end of the answer), ``attempt`` (from 0).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import httpx

from simulations.range.estate_plan import HOST, EstatePlan, UserKind, from_json
from simulations.range.traffic import Arrivals, address

_WRITE_SECONDS: Final = 1.0
_MOST_OPEN: Final = 1_000
"""Requests without an answer; above it a new one is recorded with status 0 and not sent."""


@dataclass
class Load:
    """Users of an estate.

    Args:
        plan: whose public port they ask.
        root: its run folder.
    """

    plan: EstatePlan
    root: Path
    _lines: list[str] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)
    _factor: float = 1.0

    async def run(self) -> None:
        """Send requests until the task is cancelled."""
        limits = httpx.Limits(max_connections=_MOST_OPEN, max_keepalive_connections=50)
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{self.plan.ports.public}", limits=limits) as client:
            users = [self._come(client, user) for user in self.plan.traffic.users]
            try:
                await asyncio.gather(self._keep(), *users)
            finally:
                self._write()

    async def _come(self, client: httpx.AsyncClient, user: UserKind) -> None:
        arrivals = Arrivals(self.plan, user)
        paths = Random(f"range/{self.plan.seed}/load/{user.id}/paths")  # noqa: S311 (seeded, not secret)
        begun, wall = time.monotonic(), time.time_ns()
        while True:
            after = arrivals.next(lambda: self._factor)
            await asyncio.sleep(max(0.0, begun + after - time.monotonic()))
            intended = wall + round(after * 1e9)
            path = address(user, paths)
            if len(self._open) >= _MOST_OPEN:
                self._record(intended, user, path, status=0, attempt=0)
                continue
            task = asyncio.create_task(self._ask(client, user, path, intended=intended))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _ask(self, client: httpx.AsyncClient, user: UserKind, path: str, *, intended: int) -> None:
        for attempt in range(user.retries + 1):
            status = 0
            with contextlib.suppress(httpx.HTTPError):
                status = (await client.get(path, timeout=user.timeout_ms / 1000)).status_code
            self._record(intended, user, path, status=status, attempt=attempt)
            if 0 < status < 500:
                return
            intended = time.time_ns()

    def _record(self, at: int, user: UserKind, path: str, *, status: int, attempt: int) -> None:
        took = round((time.time_ns() - at) / 1e6, 2)
        line = {"at": at, "user": user.id, "path": path, "ms": took, "status": status, "attempt": attempt}
        self._lines.append(json.dumps(line))

    async def _keep(self) -> None:
        """Write what was measured, and read how much load is wanted."""
        while True:
            await asyncio.sleep(_WRITE_SECONDS)
            self._write()
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                wanted = json.loads((self.root / "load_control.json").read_text())["factor"]
                self._factor = min(20.0, max(0.0, float(wanted)))

    def _write(self) -> None:
        if self._lines:
            with (self.root / "load.jsonl").open("a", encoding="utf-8") as file:
                file.write("\n".join(self._lines) + "\n")
            self._lines = []


async def _until_told(load: Load) -> None:
    running = asyncio.ensure_future(load.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> None:
    """Run until SIGTERM."""
    root = Path(sys.argv[1])
    asyncio.run(_until_told(Load(from_json((root / "plan.json").read_bytes()), root)))


if __name__ == "__main__":
    main()
