"""Real faults in a real estate: users feel them, executors heal them, and nothing of them is left."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.clock import SystemClock
from aiops.adapters.executors import postgresql, supervisord
from aiops.adapters.executors.keyed import KeyedExecutor
from aiops.apps.range import install
from aiops.apps.range.estate import Estate
from aiops.apps.range.faults.databases import connected
from aiops.apps.range.faults.run import Inflicted, begin
from aiops.apps.range.faults.scene import Scene
from aiops.apps.range.start import Wanted, prepare
from aiops.apps.range.state import state
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepStatus
from aiops.model.reports import Change
from aiops.settings import Kafka, Settings
from simulations.range.faults import truth
from simulations.range.faults.registry import KINDS
from simulations.range.faults.targets import targets
from tests.integration.collector.installed import built, place
from tests.integration.runtime.harness import until
from tests.servers import missing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
SEED = 31
CLOCK = SystemClock()
SECONDS = 60.0


@pytest.fixture(scope="module")
def estate(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate of five services with few users, so that a busy machine can serve them."""
    for part in install.parts():
        built(part)
    if packages := install.missing_packages():
        missing(", ".join(packages), install.apt_line(packages))
    settings = Settings(state=tmp_path_factory.mktemp("faults"), kafka=Kafka(bootstrap=embedded.start(), partitions=1))
    made = prepare(Wanted(seed=SEED, size=5), settings, lambda _: None, place=place())
    try:
        made.up(lambda _: None)
        made.folder.load_control.write_text('{"factor": 0.5}')
        yield Estate.opened(made.folder.root)
    finally:
        made.down()


def requests(estate: Estate, since: int, entries: tuple[str, ...]) -> list[dict[str, Any]]:
    """What the load generator measured at some services since a time."""
    lines = estate.folder.load.read_text().splitlines() if estate.folder.load.exists() else []
    found = [json.loads(line) for line in lines[-3_000:]]
    return [
        one for one in found if one["at"] >= since and one["path"].startswith(tuple(f"/{name}" for name in entries))
    ]


def bad(one: dict[str, Any]) -> bool:
    return one["ms"] > 700 or not 0 < one["status"] < 500


def served(estate: Estate) -> None:
    """Wait until of the last 20 requests to all entries at most two are bad."""
    entries = tuple(entry.id for entry in estate.plan.entries)

    def well() -> bool:
        last = requests(estate, time.time_ns() - 8 * 10**9, entries)[-20:]
        return len(last) >= 10 and sum(map(bad, last)) <= 2

    until("users are served", well, SECONDS)


def felt(estate: Estate, inflicted: Inflicted) -> None:
    """Wait until users feel it where the truth says."""
    told = inflicted.truth

    def now() -> bool:
        inflicted.tick()
        return all(sum(map(bad, requests(estate, told.onset, (entry,)))) >= 3 for entry in told.felt_at)

    until(f"users feel {told.fault}", now, SECONDS)


def rate(estate: Estate) -> float:
    """First requests a second of the last ten seconds."""
    entries = tuple(entry.id for entry in estate.plan.entries)
    found = requests(estate, time.time_ns() - 10 * 10**9, entries)
    return len([one for one in found if one["attempt"] == 0]) / 10.0


def first(estate: Estate, name: str, wanted: Callable[[str], bool] = lambda _: True) -> str:
    return next(target for target in targets(KINDS[name], estate.plan) if wanted(target))


def nobody(_: Change) -> None:
    return


def order_of(action: Action, key: str) -> StepOrder:
    until_ = CLOCK.now() + 60 * 10**9
    return StepOrder(Capability(key, "INC-1", f"{key}/do", action, StepDirection.DO, 1, 0, until_), until_)


def healed(executor: KeyedExecutor, order: StepOrder) -> None:
    outcome = executor.run(order)
    assert outcome.status is StepStatus.DONE, outcome.detail
    assert executor.observe(order) is Observed.DONE


def supervised(estate: Estate, keys: Path) -> KeyedExecutor:
    options = {
        "url": f"unix://{estate.folder.supervisord_socket}",
        "keys": str(keys),
        "group": "{name}-[0-9]*",
        "release_link": f"{estate.folder.root}/services/{{name}}/current",
    }
    return supervisord.from_options(options, CLOCK)


@pytest.mark.parametrize("name", ["cut", "traffic-surge", "stopped"])
def test_a_fault_is_felt_and_undone(estate: Estate, name: str) -> None:
    """Truth first; then users feel it where it says; at its end they are served again."""
    served(estate)
    entry = estate.plan.entries[0].id
    target = first(estate, name, lambda one: name != "cut" or one.startswith(f"{entry}--"))
    usual = rate(estate)
    inflicted = begin(estate, name, target, seconds=SECONDS, announce=nobody)
    try:
        assert inflicted.truth in truth.read(estate.folder.truth.read_text())[0]
        if name == "traffic-surge":
            until("more users come", lambda: rate(estate) > 2 * usual, SECONDS)
        else:
            felt(estate, inflicted)
    finally:
        ended = inflicted.end()
    assert not ended.healed
    served(estate)
    assert state(estate)["complete"]


def test_a_killed_service_is_restarted(estate: Estate, tmp_path: Path) -> None:
    """The executor starts what was killed; nothing is left to undo."""
    served(estate)
    target = estate.plan.entries[0].id
    inflicted = begin(estate, "kill", target, seconds=SECONDS, announce=nobody)
    try:
        felt(estate, inflicted)
        healed(supervised(estate, tmp_path), order_of(Action("restart", target), "killed"))
    finally:
        ended = inflicted.end()
    assert ended.healed
    served(estate)


def test_a_bad_release_is_rolled_back(estate: Estate, tmp_path: Path) -> None:
    """The executor switches the link back and restarts; nothing is left to undo."""
    served(estate)
    target = estate.plan.entries[0].id
    changes: list[Change] = []
    inflicted = begin(estate, "error-burst", target, seconds=SECONDS, announce=changes.append)
    try:
        felt(estate, inflicted)
        healed(supervised(estate, tmp_path), order_of(Action("roll-back", target), "release"))
    finally:
        ended = inflicted.end()
    assert ended.healed
    assert [change.entity for change in changes] == [target]
    served(estate)


def test_a_held_lock_is_ended(estate: Estate, tmp_path: Path) -> None:
    """The executor ends the session that services wait for; nothing is left to undo."""
    served(estate)
    inflicted = begin(estate, "row-lock", first(estate, "row-lock"), seconds=SECONDS, announce=nobody)
    url = f"postgresql://shop@127.0.0.1:{estate.plan.ports.postgresql}/shop"
    executor = postgresql.from_options({"url": url, "keys": str(tmp_path)}, CLOCK)
    try:
        tries = iter(range(60))

        def ended() -> bool:
            order = order_of(Action("end-blocker", "postgresql", {"older_than_seconds": 1.0}), f"lock{next(tries)}")
            return executor.run(order).status is StepStatus.DONE

        until("a session waits and its blocker is ended", ended, SECONDS)
    finally:
        last = inflicted.end()
    assert last.healed
    served(estate)


REST = (
    *("replica-promoted", "backup", "harmless-scale-out", "harmless-deployment", "poison-message", "consumer-stuck"),
    *("cache-flushed", "bad-configuration", "collector-killed", "bandwidth", "hog-beside"),
)


@pytest.mark.parametrize("name", REST)
def test_a_fault_leaves_the_estate_whole(estate: Estate, name: str) -> None:
    """It begins, goes on and is undone; every program runs afterwards, and its end is written."""
    inflicted = begin(estate, name, first(estate, name), seconds=5.0, announce=nobody)
    try:
        inflicted.tick()
    finally:
        inflicted.end()
    until("every program runs", lambda: state(estate)["complete"], SECONDS)
    ends = truth.read(estate.folder.truth.read_text())[1]
    assert ends[inflicted.truth.id].at >= inflicted.truth.onset


def test_the_replica_follows_again(estate: Estate) -> None:
    """After the promotion was undone, what the primary writes arrives."""

    def follows() -> bool:
        try:
            with connected(scene(estate), port=estate.plan.ports.replica) as replica:
                row = replica.execute("SELECT pg_is_in_recovery()").fetchone()
            with connected(scene(estate)) as primary:
                streams = primary.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'").fetchone()
        except psycopg.OperationalError:
            return False
        return row == (True,) and streams is not None

    until("the replica follows", follows, SECONDS)


def scene(estate: Estate) -> Scene:
    """A scene for connections to the estate's servers."""
    told = truth.truth_of(KINDS["backup"], "postgresql", estate.plan, onset=1, seconds=1.0)
    return Scene(estate, told, nobody)
