"""Faults of the database on a real PostgreSQL: each happens, and is undone once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from aiops.apps.range.faults import databases
from aiops.apps.range.faults.scene import Scene
from simulations.range.configuration import postgresql
from simulations.range.profile import index, table
from tests.servers import running_postgresql
from tests.unit.apps.range.faults.stage import PLAN, estate_in, scene_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server of its own, with the estate's database and the tables of its services."""
    with running_postgresql() as address:
        url = make_url(address)
        assert url.port is not None
        with psycopg.connect(
            host=url.host, port=url.port, user=url.username, dbname=url.database, autocommit=True
        ) as admin:
            admin.execute("CREATE ROLE shop SUPERUSER LOGIN")
            admin.execute("CREATE DATABASE shop")
        with psycopg.connect(host=url.host, port=url.port, user="shop", dbname="shop", autocommit=True) as shop:
            for statement in postgresql.schema(PLAN):
                shop.execute(statement.encode())
        yield url.port


def staged(name: str, port: int, folder: Path) -> Scene:
    plan = replace(PLAN, ports=replace(PLAN.ports, postgresql=port))
    return scene_of(name, estate_in(folder, plan))


def values(scene: Scene, query: str) -> list[object]:
    with databases.connected(scene, name="observer") as connection:
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


def test_an_index_is_gone_and_made_again(port: int, tmp_path: Path) -> None:
    """The imported rows as well; an index that somebody made is left."""
    scene = staged("slow-query", port, tmp_path)
    indexes = f"SELECT relname FROM pg_class WHERE relname = '{index(scene.service)}'"
    count = f"SELECT count(*) FROM {table(scene.service)}"
    act = databases.SlowQuery(scene)
    act.begin()
    assert values(scene, indexes) == []
    assert values(scene, count) == [scene.service.rows + databases._IMPORTED]
    assert act.end() is False
    assert values(scene, indexes) == [index(scene.service)]
    assert values(scene, count) == [scene.service.rows]
    assert act.end() is True


def test_rows_are_held_until_the_end(port: int, tmp_path: Path) -> None:
    """An update waits meanwhile."""
    scene = staged("row-lock", port, tmp_path)
    act = databases.RowLock(scene)
    act.begin()
    update = f"UPDATE {table(scene.service)} SET hits = 1 WHERE id = 1 RETURNING id"
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.extend(values(scene, update)))
    waiting.start()
    waiting.join(0.5)
    assert found == []
    assert act.end() is False
    waiting.join(10)
    assert found == [1]
    assert act.end() is True


def test_a_lock_whose_session_was_ended_is_healed(port: int, tmp_path: Path) -> None:
    """The executor of PostgreSQL does it like this."""
    scene = staged("row-lock", port, tmp_path)
    act = databases.RowLock(scene)
    act.begin()
    values(scene, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'migration'")
    assert act.end() is True


def test_no_connection_is_left_for_others(port: int, tmp_path: Path) -> None:
    """Sessions that were open are ended, so that they must come again."""
    scene = staged("pool-exhausted", port, tmp_path)
    before = databases.connected(scene, name="cart")
    act = databases.PoolExhausted(scene)
    act.begin()
    act.tick(1.0)
    with pytest.raises(psycopg.OperationalError):
        before.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match=r"too many clients|remaining connection slots"):
        values(scene, "SELECT 1")
    assert act.end() is False
    assert act.end() is True
