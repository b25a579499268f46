"""A service of the range: it reads its profile, serves its routes and takes messages from its queue.

Started under ``opentelemetry-instrument``, with the packages of ``requirements.lock`` and nothing of the product.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import httpx
import redis.asyncio
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse

CACHE_KEYS, HOT_ROWS, PER_CUSTOMER, SPAN, AT_ONCE = 100, 20, 80, 40, 8
BLOCK = bytes(64 * 1024)
QUERY_SECONDS = 5.0

FAILURES = (
    *(httpx.HTTPError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError),
    *(redis.RedisError, aio_pika.exceptions.AMQPError),
)
"""What a dependency that fails raises."""

log = logging.getLogger("service")
Profile = dict[str, Any]
Step = dict[str, Any]


class Stores:
    """Connections, made when they are first needed, so that a service starts without its stores."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.client = httpx.AsyncClient(timeout=profile["timeout_ms"] / 1000)
        self.cache = redis.asyncio.from_url(profile["cache"], socket_timeout=1.0) if profile["cache"] else None
        self._pools: dict[str, asyncpg.Pool] = {}
        self._channel: aio_pika.abc.AbstractChannel | None = None
        self._once = asyncio.Lock()

    async def query(self, url: str, sql: str, *arguments: object) -> None:
        """Run one statement on a connection of the pool."""
        async with self._once:
            if url not in self._pools:
                self._pools[url] = await asyncpg.create_pool(
                    url,
                    min_size=1,
                    max_size=self.profile["database_pool"],
                    timeout=2.0,
                    command_timeout=QUERY_SECONDS,
                    server_settings={"application_name": self.profile["service"]},
                )
        pool = self._pools[url]
        async with pool.acquire(timeout=self.profile["pool_timeout_ms"] / 1000) as connection:
            await connection.fetch(sql, *arguments)

    async def publish(self, queue: str) -> None:
        """Send one message."""
        async with self._once:
            if self._channel is None or self._channel.is_closed:
                connection = await aio_pika.connect(self.profile["queue"], timeout=3.0)
                self._channel = await connection.channel()
        body = json.dumps({"id": random.randint(1, 1000)}).encode()
        message = aio_pika.Message(
            body, content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await self._channel.default_exchange.publish(message, queue, timeout=3.0)
        log.info("message sent to %s", queue)


class Work:
    """Takes the steps of routes."""

    def __init__(self, profile: Profile) -> None:
        self.profile, self.stores = profile, Stores(profile)
        self._customers = max(1, profile["rows"] // PER_CUSTOMER)
        self._reader = profile["replica"] or profile["database"]
        self._leaked: list[object] = []
        self._kinds: dict[str, Callable[[Step], Awaitable[None]]] = {
            "hash": self._hash,
            "wait": self._wait,
            "allocate": self._allocate,
            "read": self._read,
            "write": self._write,
            "cache": self._cached,
            "call": self._call,
            "publish": lambda step: self.stores.publish(step["target"]),
        }

    async def run(self, route: dict[str, Any]) -> None:
        """Take the steps of a route in turn."""
        knobs = self.profile["knobs"]
        if knobs["route"] in {"", route["path"]}:
            await self._misbehave(knobs)
        for step in route["steps"]:
            if random.random() < step["share"]:
                await self._kinds[step["kind"]](step)

    async def _misbehave(self, knobs: dict[str, Any]) -> None:
        if knobs["slow_ms"]:
            await asyncio.sleep(knobs["slow_ms"] / 1000)
        hash_kib(knobs["slow_kib"])
        if knobs["leak_kib"]:
            self._leaked.append(touch(knobs["leak_kib"]))
        self._leaked += [Path(os.devnull).open("rb") for _ in range(knobs["leak_descriptors"])]  # noqa: ASYNC230, SIM115 (a leak)
        for number in range(knobs["log_lines"]):
            log.warning("cache entry %d discarded", number)
        if random.random() < knobs["error_share"]:
            raise AttributeError("'NoneType' object has no attribute 'total'")

    async def _hash(self, step: Step) -> None:
        hash_kib(step["amount"])

    async def _wait(self, step: Step) -> None:
        await asyncio.sleep(step["amount"] * random.expovariate(1.0) / 1000)

    async def _allocate(self, step: Step) -> None:
        touch(step["amount"])

    async def _read(self, step: Step) -> None:
        sql = f"SELECT id, note FROM {self.profile['table']} WHERE customer = $1 LIMIT $2"
        await self.stores.query(self._reader, sql, random.randrange(self._customers), step["amount"])

    async def _write(self, step: Step) -> None:
        sql = f"UPDATE {self.profile['table']} SET hits = hits + 1 WHERE id = $1"
        for _ in range(step["amount"]):
            await self.stores.query(self.profile["database"], sql, random.randint(1, HOT_ROWS))
        log.info("row of %s updated", self.profile["table"])

    async def _cached(self, _step: Step) -> None:
        assert self.stores.cache is not None
        customer = random.randrange(min(CACHE_KEYS, self._customers))
        key = f"{self.profile['service']}:{customer}"
        if await self.stores.cache.get(key) is not None:
            return
        sql = (
            f"SELECT customer, sum(hits) FROM {self.profile['table']} "
            "WHERE customer >= $1 AND customer < $2 GROUP BY customer"
        )
        await self.stores.query(self._reader, sql, customer, customer + SPAN)
        await self.stores.cache.set(key, customer, ex=self.profile["cache_seconds"])

    async def _call(self, step: Step) -> None:
        url = self.profile["upstreams"][step["target"]] + step["path"].replace("{id}", str(random.randint(1, 1000)))
        for left in range(self.profile["retries"], -1, -1):
            try:
                answer = await self.stores.client.get(url)
                answer.raise_for_status()
            except httpx.HTTPError:
                if not left:
                    raise
            else:
                return


def hash_kib(kib: int) -> None:
    """Processor work."""
    digest = hashlib.sha256()
    for _ in range(0, kib, 64):
        digest.update(BLOCK)


def touch(kib: int) -> bytearray:
    """Memory that is really used."""
    memory = bytearray(kib * 1024)
    memory[::4096] = b"\1" * len(memory[::4096])
    return memory


async def consume(work: Work) -> None:
    """Take messages for ever; a lost connection is made anew."""
    while True:
        try:
            connection = await aio_pika.connect(work.profile["queue"], timeout=3.0)
            async with connection:
                channel = await connection.channel()
                await channel.set_qos(AT_ONCE)
                queue = await channel.get_queue(work.profile["consumes"])
                lost = asyncio.Event()
                connection.close_callbacks.add(lambda *_, lost=lost: lost.set())
                await queue.consume(lambda message: process(work, message))
                await lost.wait()
        except (OSError, aio_pika.exceptions.AMQPError) as error:
            log.error("queue %s lost: %s", work.profile["consumes"], error)  # noqa: TRY400 (one line)
        await asyncio.sleep(1.0)


async def process(work: Work, message: aio_pika.abc.AbstractIncomingMessage) -> None:
    """One message: the steps of the first route. A failed one goes back to the queue."""
    try:
        json.loads(message.body)["id"]
        await work.run(work.profile["routes"][0])
    except Exception:
        log.exception("message of %s failed", work.profile["consumes"])
        await asyncio.sleep(1.0)
        await message.nack(requeue=True)
    else:
        await message.ack()


def application(work: Work) -> FastAPI:
    """The web service."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        consumer = asyncio.create_task(consume(work)) if work.profile["consumes"] else None
        yield
        if consumer is not None:
            consumer.cancel()

    app = FastAPI(lifespan=life)
    app.add_api_route("/health", lambda: PlainTextResponse("ok"))
    for route in work.profile["routes"]:
        app.add_api_route(route["path"], endpoint(work, route))
    return app


def endpoint(work: Work, route: dict[str, Any]) -> Callable[[], Awaitable[JSONResponse]]:
    """Serves one route."""

    async def serve() -> JSONResponse:
        try:
            await work.run(route)
        except FAILURES as error:
            late = isinstance(error, (httpx.TimeoutException, TimeoutError))
            log.error("%s failed: %s", route["path"], str(error) or type(error).__name__)  # noqa: TRY400 (one line)
            return JSONResponse({"detail": "dependency failed"}, 504 if late else 502)
        return JSONResponse({"service": work.profile["service"], "steps": len(route["steps"])})

    return serve


def main() -> None:
    """Serve until SIGTERM."""
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    profile = json.loads(Path(os.environ["RANGE_PROFILE"]).read_text(encoding="utf-8"))
    if not profile.get("routes"):
        sys.exit("the profile has no routes")
    port = int(os.environ["PORT"])
    uvicorn.run(application(Work(profile)), host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
