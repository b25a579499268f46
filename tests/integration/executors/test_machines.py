"""The executors against real servers: supervisord, HAProxy, PostgreSQL with a stand-by, RabbitMQ."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from aiops.adapters.clock import SystemClock
from aiops.adapters.executors import haproxy, postgresql, supervisord
from aiops.adapters.executors.keyed import KeyedExecutor
from aiops.adapters.supervisord import Supervisord
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepStatus
from tests.integration.executors.machines import (
    folder_of,
    running_haproxy,
    running_rabbitmq,
    running_supervisord,
)
from tests.servers import free_port, missing, postgresql_programs

pytestmark = pytest.mark.integration
CLOCK = SystemClock()


def order_of(action: Action, *, undo: bool = False, key: str = "plan/step") -> StepOrder:
    direction = StepDirection.UNDO if undo else StepDirection.DO
    until = CLOCK.now() + 30 * 10**9
    return StepOrder(Capability("c", "INC-1", f"{key}/{direction}", action, direction, 1, 0, until), until)


def done(executor: KeyedExecutor, order: StepOrder) -> None:
    outcome = executor.run(order)
    assert outcome.status is StepStatus.DONE, outcome.detail
    assert executor.observe(order) is Observed.DONE


def test_supervisord_restarts_scales_stops_and_rolls_back() -> None:
    """Killed and stopped processes come back, spare ones start, the release before runs again; each undo restores."""
    with running_supervisord() as folder:
        options = {"url": f"unix://{folder}/sock", "user": "ops", "password_file": f"{folder}/password"}
        executor = supervisord.from_options(
            {**options, "keys": f"{folder}/keys", "release_link": f"{folder}/current", "group": "{name}"}
            | {"release_link": f"{folder}/{{name}}-link"},
            CLOCK,
        )
        (folder / "cart-link").symlink_to("releases/42")
        calls = Supervisord.at(options["url"], "ops", "secret")
        before = {process.name: process.pid for process in calls.processes()}
        os.kill(before["cart-1"], 19)  # SIGSTOP: it hangs
        os.kill(before["cart-2"], 9)
        done(executor, order_of(Action("restart", "shop/cart"), key="a"))
        after = {process.name: process.pid for process in calls.processes()}
        assert after["cart-1"] not in (0, before["cart-1"])
        assert after["cart-2"] not in (0, before["cart-2"])
        assert after["cart-3"] == 0
        done(executor, order_of(Action("scale", "cart", {"replicas": 3}), key="b"))
        assert all(process.pid for process in calls.processes())
        done(executor, order_of(Action("scale", "cart", {"replicas": 2}), key="b", undo=True))
        assert [process.name for process in calls.processes() if process.pid] == ["cart-1", "cart-2"]
        done(executor, order_of(Action("roll-back", "cart"), key="c"))
        assert (folder / "cart-link").readlink().name == "41"
        done(executor, order_of(Action("roll-back", "cart", {"version": "42"}), key="c", undo=True))
        assert (folder / "cart-link").readlink().name == "42"
        done(executor, order_of(Action("stop", "cart"), key="d"))
        assert not any(process.pid for process in calls.processes())


def test_haproxy_sheds_drains_and_limits() -> None:
    """Users get 503 for the share that is refused, and nobody after the undo."""
    with running_haproxy() as (folder, port):
        executor = haproxy.from_options(
            {"url": f"unix://{folder}/sock", "keys": f"{folder}/keys", "shed_map": f"{folder}/shed.map"}, CLOCK
        )

        def answers() -> Counter[int]:
            with httpx.Client() as client:
                return Counter(client.get(f"http://127.0.0.1:{port}/").status_code for _ in range(200))

        assert answers() == {200: 200}
        done(executor, order_of(Action("shed-load", "shop/cart", {"share": 0.5}), key="a"))
        assert 50 < answers()[503] < 150  # binomial: outside once in 10¹²
        done(executor, order_of(Action("shed-load", "shop/cart", {"share": 0.0}), key="a", undo=True))
        assert answers() == {200: 200}
        done(executor, order_of(Action("drain", "cart-2", {"keep": 0.0}), key="b"))
        done(executor, order_of(Action("drain", "cart-2", {"keep": 1.0}), key="b", undo=True))
        done(executor, order_of(Action("drain", "cart", {"instance": "cart-1", "keep": 0.25}), key="c"))
        done(executor, order_of(Action("limit-load", "cart", {"connections": 7, "rate": 1000}), key="d"))
        done(executor, order_of(Action("limit-load", "cart", {"back": True}), key="d", undo=True))


@contextmanager
def database_with_stand_by() -> Iterator[tuple[str, str]]:
    """URLs of a primary and its streaming stand-by."""
    programs = postgresql_programs()
    user = 65534 if os.geteuid() == 0 else None
    environment = {"LC_ALL": "C", "PATH": f"{programs}:/usr/bin:/bin"}
    with folder_of("pair") as folder:
        ports = [free_port(), free_port()]
        if user is not None:
            shutil.chown(folder, user)

        def call(*words: str | Path) -> None:
            subprocess.run(
                [*map(str, words)], user=user, cwd=folder, env=environment, check=True, capture_output=True, timeout=60
            )

        def start(name: str, port: int) -> None:
            flags = f"-p {port} -h 127.0.0.1 -k {folder}"
            call(programs / "pg_ctl", "-D", folder / name, "-w", "-l", folder / f"{name}.log", "-o", flags, "start")

        started = []
        try:
            call(programs / "initdb", "-D", folder / "first", "-U", "aiops", "--auth=trust", "--no-sync")
            start("first", ports[0])
            started.append("first")
            source = f"host=127.0.0.1 port={ports[0]} user=aiops"
            call(programs / "pg_basebackup", "-D", folder / "second", "-R", "-c", "fast", "-d", source)
            start("second", ports[1])
            started.append("second")
            yield tuple(f"postgresql://aiops@127.0.0.1:{port}/postgres" for port in ports)  # type: ignore[misc]
        finally:
            for name in started:
                call(programs / "pg_ctl", "-D", folder / name, "-m", "immediate", "stop")


def test_postgresql_ends_blockers_cancels_statements_and_promotes(tmp_path: Path) -> None:
    """The waiting session goes on, the long statement ends, and clients write to the former stand-by."""
    with database_with_stand_by() as (primary, stand_by):
        executor = postgresql.from_options({"url": primary, "stand_by": stand_by, "keys": str(tmp_path)}, CLOCK)
        nobody = executor.run(order_of(Action("end-blocker", "db"), key="n"))
        assert nobody.status is StepStatus.FAILED
        with psycopg.connect(primary, autocommit=True) as admin, psycopg.connect(primary) as blocker:
            admin.execute("CREATE TABLE stock (id int, n int)")
            admin.execute("INSERT INTO stock VALUES (1, 0)")
            blocker.execute("UPDATE stock SET n = 1")
            ended: list[str] = []

            def wait() -> None:
                with psycopg.connect(primary, autocommit=True) as waiting:
                    waiting.execute("UPDATE stock SET n = 2")
                ended.append("updated")

            def sleep() -> None:
                with psycopg.connect(primary, autocommit=True) as sleeping:
                    try:
                        sleeping.execute("SELECT pg_sleep(60)")
                    except psycopg.errors.QueryCanceled:
                        ended.append("cancelled")

            threads = [threading.Thread(target=wait), threading.Thread(target=sleep)]
            for thread in threads:
                thread.start()
            time.sleep(1.2)
            long = order_of(Action("cancel-query", "db", {"older_than_seconds": 1.0, "at_most": 1}), key="b")
            done(executor, order_of(Action("end-blocker", "db", {"older_than_seconds": 1.0}), key="a"))
            threads[0].join(10)
            assert ended == ["updated"]
            done(executor, long)
            threads[1].join(10)
            assert ended == ["updated", "cancelled"]
            with pytest.raises(psycopg.errors.AdminShutdown):
                blocker.execute("SELECT 1")
        done(executor, order_of(Action("fail-over", "db"), key="c"))
        assert executor.run(order_of(Action("fail-over", "db"), key="d")).status is StepStatus.FAILED
        both = primary.replace("/postgres", f",{stand_by.split('@')[1]}?target_session_attrs=read-write")
        with psycopg.connect(both, autocommit=True) as client:
            client.execute("INSERT INTO stock VALUES (2, 0)")
        with psycopg.connect(stand_by) as client:
            assert client.execute("SELECT count(*) FROM stock").fetchone() == (2,)


def test_rabbitmq_keeps_the_poison_message(tmp_path: Path) -> None:
    """It leaves the queue, the messages behind it stay, and the undo puts it back; quorum queues count returns."""
    if find_spec("pika") is None:
        missing("pika", "pip install 'aiops[rabbitmq]'")
    import pika  # noqa: PLC0415 - after the check for it

    from aiops.adapters.executors import rabbitmq  # noqa: PLC0415 - after the check for its client

    with running_rabbitmq() as url:
        executor = rabbitmq.from_options({"url": url, "keys": str(tmp_path)}, CLOCK)
        parameters = pika.URLParameters(url.replace("guest@", "guest:guest@"))
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.queue_declare("jobs", durable=True, arguments={"x-queue-type": "quorum"})
            channel.confirm_delivery()
            for body in (b"poison", b"good"):
                channel.basic_publish("", "jobs", body, pika.BasicProperties(headers={"tenant": "a"}))

            returned = []

            def returns(channel: Any, got: Any, _: object, body: bytes) -> None:
                if body == b"poison":
                    channel.basic_nack(got.delivery_tag)
                    returned.append(body)

            channel.basic_qos(prefetch_count=10)
            channel.basic_consume("jobs", returns)
            while len(returned) < 5:
                connection.process_data_events(0.05)
            order = order_of(Action("set-aside", "shop/jobs"), key="b")
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(done, executor, order)
                while not running.done():
                    connection.process_data_events(0.05)
                running.result()
            assert channel.queue_declare("jobs.parked", passive=True).method.message_count == 1
            got, properties, body = channel.basic_get("jobs.parked")
            assert (body, properties.headers["tenant"]) == (b"poison", "a")
            assert properties.headers["x-aiops-key"] == order.capability.key
            channel.basic_nack(got.delivery_tag)
            done(executor, order_of(Action("set-aside", "shop/jobs", {"back": True}), key="b", undo=True))
            assert channel.queue_declare("jobs.parked", passive=True).method.message_count == 0
