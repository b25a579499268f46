"""The live world without a broker: its past, its pace, its door."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator

import httpx
import pytest

from aiops.adapters.executors.http import HttpExecutor
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.cloudevents_reader import Receipt, UnusableMessage, decode
from aiops.model.errors import TemporaryError
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepStatus
from aiops.model.records import FetchedRecords, OutRecord, TopicPartition
from aiops.settings import Kafka, Settings
from simulations.faults.registry import FaultError
from simulations.live.endpoint import Endpoint
from simulations.live.live_world import LiveSettings, LiveWorld
from simulations.world.estate import load

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND
ESTATE = load()


class Broker:
    """A producer that keeps what was written, or fails."""

    def __init__(self) -> None:
        self.written: list[OutRecord] = []
        self.sent: list[OutRecord] = []
        self.down = False

    def send(self, records: Iterable[OutRecord]) -> None:
        """Queue."""
        self.sent += list(records)

    def flush(self, timeout_seconds: float = 30.0) -> None:
        """Write, or not."""
        del timeout_seconds
        sent, self.sent = self.sent, []
        if self.down:
            raise TemporaryError("the broker is away", 1.0)
        self.written += sent

    def close(self) -> None:
        """Nothing."""

    def of(self, topic: str) -> list[OutRecord]:
        """Records of a topic."""
        return [record for record in self.written if record.topic == topic]


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> int:
        """What it shows."""
        return self.at


def living(*, keyed: bool = True, history_seconds: int = 60) -> tuple[LiveWorld, Broker, Hands]:
    """A live world that has not been started."""
    broker, clock = Broker(), Hands()
    settings = LiveSettings(history_seconds=history_seconds, interval=5, keyed=keyed)
    return LiveWorld(ESTATE, broker, clock, settings=settings), broker, clock


def test_past_is_written_before_now() -> None:
    """A minute of the past at five seconds: twelve times metrics, with event times up to now, and the whole CMDB."""
    world, broker, _ = living(keyed=False)
    shares: list[float] = []
    world.publish_past(shares.append)
    assert len(broker.of("otlp_metrics")) == 12
    assert len(broker.of("otlp_spans")) == len(broker.of("otlp_logs")) == 12
    assert shares[-1] == 1.0
    assert world.truth()["at"] == NOW
    items = broker.of("aiops.cmdb")
    assert {"checkout", "orders-db", "host-a1"} <= {record.key.decode() for record in items if record.key}
    assert not [record for record in items if isinstance(decode(record.value, Receipt(NOW)), UnusableMessage)]


@pytest.mark.parametrize("keyed", [True, False])
def test_shards_understand_what_is_published(*, keyed: bool) -> None:
    """All records decode without a dead letter, whichever way they are keyed; keys are entities."""
    world, broker, _ = living(keyed=keyed)
    world.publish_past()
    agent = MonitoringAgent(Settings(kafka=Kafka(partitions=1)))
    agent.adopt(0, 1)
    for topic in ("otlp_metrics", "otlp_logs", "otlp_spans"):
        records = broker.of(topic)
        numbers = tuple(range(len(records)))
        fetched = FetchedRecords(
            TopicPartition(topic, 0),
            numbers,
            [r.value for r in records],
            [r.key for r in records],
            [NOW] * len(records),
        )
        assert agent.handle([fetched], NOW).dead_letters == []
        assert all((record.key is not None) == keyed for record in records)
    assert {"checkout", "host-a1"} <= set(agent.table(0).entities)


def test_keeps_pace_with_the_clock() -> None:
    """As many seconds pass in the world as on the clock, and points come at their interval."""
    world, broker, clock = living(keyed=False)
    world.publish_past()
    clock.at += 7 * SECOND + 5
    world.catch_up()
    assert world.truth()["at"] == NOW + 7 * SECOND
    assert len(broker.of("otlp_metrics")) == 13


def test_nothing_is_lost_while_the_broker_is_away() -> None:
    """The world waits, says why, and writes all when the broker is back."""
    world, broker, clock = living(keyed=False)
    world.publish_past()
    broker.down = True
    for _ in range(20):
        clock.at += SECOND
        world.catch_up()
    assert world.error == "the broker is away"
    broker.down = False
    world.catch_up()
    assert world.error == ""
    assert len(broker.of("otlp_metrics")) == 16
    assert world.published == len(broker.written)


def test_faults_by_name() -> None:
    """A fault comes in the next second; a wrong name, setting or target is refused before it can do anything."""
    world, _, clock = living()
    world.publish_past()
    world.inject("crash", {"target": "pricing"})
    clock.at += 2 * SECOND
    world.catch_up()
    assert [fault["entity"] for fault in world.truth()["faults"]] == ["pricing"]
    for name, settings in (
        ("crashh", {}),
        ("crash", {"targets": 1}),
        ("crash", {"target": "no"}),
        ("cpu-hog", {"target": "web"}),
    ):
        with pytest.raises(FaultError):
            world.inject(name, settings)


class Ticking:
    """Runs a world's seconds as fast as they come."""

    def __init__(self, world: LiveWorld, clock: Hands) -> None:
        self._world, self._clock = world, clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            self._clock.at += SECOND
            self._world.catch_up()
            time.sleep(0.001)


@pytest.fixture
def door() -> Iterator[tuple[LiveWorld, Endpoint, Hands]]:
    """A live world with its endpoint."""
    world, _, clock = living(history_seconds=5)
    world.publish_past()
    endpoint = Endpoint(world, 0)
    endpoint.start()
    yield world, endpoint, clock
    endpoint.stop()


def order(key: str, action: Action, clock: Hands) -> StepOrder:
    """An order for one action."""
    capability = Capability("c1", "INC-1", key, action, StepDirection.DO, 1, 0, clock.at + 600 * SECOND)
    return StepOrder(capability, clock.at + 600 * SECOND)


def test_the_runtimes_executor_acts_here(door: tuple[LiveWorld, Endpoint, Hands]) -> None:
    """An order is answered when its effect has ended; its key is done from then on and applied once."""
    world, endpoint, clock = door
    executor = HttpExecutor(endpoint.url, clock)
    asked = order("p/s/do", Action("restart", "pricing"), clock)
    assert executor.observe(asked) is Observed.NOT_DONE
    with Ticking(world, clock):
        assert executor.run(asked).status is StepStatus.DONE
        assert executor.observe(asked) is Observed.DONE
        assert executor.run(asked).status is StepStatus.FAILED
    assert world.truth()["effects"] == {"p/s/do": 1}
    assert world.truth()["asked"] == {"p/s/do": 2}


def test_what_cannot_be_done_is_refused(door: tuple[LiveWorld, Endpoint, Hands]) -> None:
    """A service that does not exist: 409 with the reason, nothing waits."""
    _, endpoint, clock = door
    outcome = HttpExecutor(endpoint.url, clock).run(order("p/s/do", Action("restart", "nobody"), clock))
    assert outcome.status is StepStatus.FAILED
    assert "nothing to restart" in outcome.detail


def test_door_takes_faults_and_tells_the_truth(door: tuple[LiveWorld, Endpoint, Hands]) -> None:
    """Faults by POST, truth by GET."""
    world, endpoint, clock = door
    assert httpx.post(f"{endpoint.root}/faults", json={"name": "surge"}).status_code == 202
    clock.at += 2 * SECOND
    world.catch_up()
    assert httpx.get(f"{endpoint.root}/truth").json()["faults"][0]["name"] == "surge"


@pytest.mark.parametrize(
    ("path", "content", "headers", "status"),
    [
        ("/actions", b"{", {}, 400),
        ("/actions", b"{}", {}, 400),
        ("/actions", json.dumps({"key": "k", "primitive": "restart", "target": "web"}).encode(), {}, 400),
        ("/faults", b'{"name": "no"}', {}, 422),
        ("/faults", b'{"name": "crash", "settings": {"target": []}}', {}, 422),
        ("/faults", b'{"name": "surge"}', {"Origin": "http://evil"}, 403),
        ("/faults", b"x" * 100_000, {}, 413),
        ("/elsewhere", b"{}", {}, 404),
    ],
)
def test_nonsense_is_answered(
    door: tuple[LiveWorld, Endpoint, Hands], path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    """Each kind of nonsense has its status, and the door stays open."""
    _, endpoint, _ = door
    assert httpx.post(f"{endpoint.root}{path}", content=content, headers=headers).status_code == status
    assert httpx.get(f"{endpoint.root}/truth").status_code == 200
    assert httpx.get(f"{endpoint.root}/nowhere").status_code == 404
    assert httpx.get(f"{endpoint.root}/actions").status_code == 400
