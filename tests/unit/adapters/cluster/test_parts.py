from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops.adapters.cluster.parts import ClusterFleet, ClusterShards, ClusterSteps
from aiops.adapters.shard_parts import ShardStatus
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepOutcome, StepStatus
from aiops.model.telemetry import EntityReading, FleetAnswer, FleetQuestion, OpeningSignal, SeriesReading
from tests.unit.adapters.cluster.fakes import FakeCluster
from tests.unit.adapters.paging.fakes import FixedClock

ORDER = StepOrder(
    Capability("c1", "inc-1", "inc-1/s1", Action("restart", "cart"), StepDirection.DO, 1, 0, 100), deadline_at=90
)
QUESTION = FleetQuestion("q1", ("cart", "web"), 10, 20, 0, 10, domain="shop")


class Gate:
    """An executor that is being started again for its first looks."""

    def __init__(self, errors: int = 0) -> None:
        self.errors, self.looks = errors, 0

    def run(self, order: StepOrder) -> StepOutcome:
        return StepOutcome(order.capability.key, StepStatus.DONE, 5)

    def observe(self, order: StepOrder) -> tuple[Observed, str]:
        self.looks += 1
        if self.looks <= self.errors:
            raise TemporaryError("starting again")
        return Observed.DONE, f"{order.capability.action.target} was restarted"


class Shard:
    """Answers with the readings that it was given, or fails."""

    def __init__(self, *readings: EntityReading, error: Exception | None = None) -> None:
        self.readings, self.error = readings, error
        self.owned: dict[int, int] = {}

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        if self.error:
            raise self.error
        return FleetAnswer(question.id, 1, self.readings, question.domain)

    def own(self, slots: dict[int, int]) -> None:
        self.owned = slots

    def status(self) -> ShardStatus:
        return ShardStatus(7, records=3)


def series(name: str, score: float) -> SeriesReading:
    return SeriesReading(name, name, 1.0, 1.0, 1.0, 0.1, 5, score)


def reading(entity: str, watermark: int = 15, *scores: float, **fields: Any) -> EntityReading:
    """A reading with one series a score."""
    found = tuple(series(f"{entity}.{score}", score) for score in scores)
    return replace(EntityReading(entity, watermark, abnormal=False, series=found), **fields)


def fleet(*shards: Shard, numbers: tuple[int, ...] | None = None) -> FleetAnswer:
    """What a fleet of these shards answers."""
    cluster = FakeCluster({("shard", n): shard for n, shard in enumerate(shards)})
    return ClusterFleet(cluster, numbers, FixedClock(99)).ask(QUESTION)


def test_an_order_runs_at_the_executor() -> None:
    """In the group of questions, so that a halt is not stuck behind a slow effect."""
    cluster = FakeCluster({("executor", 0): Gate()})
    assert ClusterSteps(cluster).run(ORDER).result(0) == StepOutcome("inc-1/s1", StepStatus.DONE, 5)
    assert cluster.calls == [("executor", 0, "run", (ORDER,), "ask")]


def test_an_order_to_an_executor_that_is_gone_fails() -> None:
    """The future carries the error: the effect is in doubt, not lost."""
    with pytest.raises(TemporaryError):
        ClusterSteps(FakeCluster()).run(ORDER).result(0)


def test_looking_waits_for_an_executor_that_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking changes nothing, so it is repeated each half second until somebody answers."""
    slept: list[float] = []
    monkeypatch.setattr("aiops.adapters.cluster.parts.time.sleep", slept.append)
    steps = ClusterSteps(FakeCluster({("executor", 0): Gate(errors=2)}))
    assert steps.observe(ORDER).result(10) == (Observed.DONE, "cart was restarted")
    assert slept == [0.5, 0.5]


def test_looking_gives_up_with_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """After two minutes without an executor the effect stays in doubt, with the last error as the reason."""
    now = iter([0.0, 60.0, 119.0, 120.0])
    monkeypatch.setattr("aiops.adapters.cluster.parts.time.monotonic", lambda: next(now))
    monkeypatch.setattr("aiops.adapters.cluster.parts.time.sleep", lambda _: None)
    steps = ClusterSteps(FakeCluster())
    assert steps.observe(ORDER).result(10) == (Observed.UNKNOWN, "executor/0 is not there")


def test_an_executor_that_cannot_look_is_an_error() -> None:
    """An error that will not pass is not repeated."""

    class Broken:
        def observe(self, order: StepOrder) -> None:
            raise PermanentError("no executor for cart")

    found = ClusterSteps(FakeCluster({("executor", 0): Broken()})).observe(ORDER)
    with pytest.raises(PermanentError, match="no executor for cart"):
        found.result(10)


def test_readings_of_all_shards_are_put_together() -> None:
    """Each entity once; the answer carries the question, its domain and the clock's time."""
    found = fleet(Shard(reading("cart")), Shard(reading("web")))
    assert (found.question, found.at, found.domain, found.mute) == ("q1", 99, "shop", ())
    assert sorted(one.entity for one in found.readings) == ["cart", "web"]


def test_an_entity_of_two_shards_is_joined() -> None:
    """The worst series first, the lower watermark, abnormal if either says so."""
    found = fleet(
        Shard(reading("cart", 15, 0.2, 0.9)), Shard(reading("cart", 12, 0.5, abnormal=True)), Shard(reading("web"))
    )
    (cart,) = [one for one in found.readings if one.entity == "cart"]
    assert [one.score for one in cart.series] == [0.9, 0.5, 0.2]
    assert (cart.watermark, cart.abnormal) == (12, True)


@pytest.mark.parametrize(("one", "other", "joined"), [(0, 12, 12), (12, 0, 12), (0, 0, 0), (9, 12, 9)])
def test_a_watermark_of_nothing_does_not_hold_back(one: int, other: int, joined: int) -> None:
    """0 means that a shard never saw the entity: the other's watermark counts."""
    found = fleet(Shard(reading("cart", one)), Shard(reading("cart", other)))
    assert found.readings[0].watermark == joined


@pytest.mark.parametrize(
    ("one", "other", "recovering"),
    [
        ({"recovering": True}, {}, True),
        ({"recovering": True}, {"abnormal": True}, False),
        ({}, {}, False),
    ],
)
def test_recovering_holds_only_while_nobody_is_unwell(
    one: dict[str, bool], other: dict[str, bool], *, recovering: bool
) -> None:
    """One shard sees the trouble ease, the other still sees it: it does not ease."""
    found = fleet(Shard(reading("cart", **one)), Shard(reading("cart", **other)))
    assert found.readings[0].recovering is recovering


def test_joined_series_are_cut() -> None:
    """At most 32 series of an entity, the worst."""
    many = [n / 100 for n in range(30)]
    found = fleet(Shard(reading("cart", 1, *many)), Shard(reading("cart", 1, *(n + 0.5 for n in many))))
    assert len(found.readings[0].series) == 32
    assert min(one.score for one in found.readings[0].series) == pytest.approx(0.28)


def test_mute_is_whom_no_shard_knows() -> None:
    """Every shard answered and none knows ``web``: it never sent anything."""
    assert fleet(Shard(reading("cart")), Shard()).mute == ("web",)


@pytest.mark.parametrize("error", [TemporaryError("busy"), PermanentError("its actor failed")])
def test_with_a_silent_shard_nobody_is_mute(error: Exception) -> None:
    """The silent shard may know ``web``: what the others said still counts."""
    found = fleet(Shard(reading("cart")), Shard(error=error))
    assert [one.entity for one in found.readings] == ["cart"]
    assert found.mute == ()


def test_without_shards_nobody_is_mute() -> None:
    """No shard was asked, so nothing is known of anybody."""
    found = fleet()
    assert (found.readings, found.mute) == ((), ())


def test_stated_shards_are_asked_though_they_are_gone() -> None:
    """A shard that should exist and does not is a silent one."""
    found = fleet(Shard(reading("cart")), numbers=(0, 1))
    assert (len(found.readings), found.mute) == (1, ())


def shards(cluster: FakeCluster) -> ClusterShards:
    others = {"analysis": ("a:b", {"x": 1}), "executor": ("c:d", {})}
    return ClusterShards(cluster, ("m:shard", {"settings": "s"}), others, cpus=0.5)


def test_a_shard_is_ensured_once_with_its_number() -> None:
    """The factory's arguments and the number; the second time nothing happens, after a removal it is made anew."""
    cluster = FakeCluster()
    keeper = shards(cluster)
    keeper.ensure(3)
    keeper.ensure(3)
    assert cluster.ensured == [("shard", 3, "m:shard", {"settings": "s", "number": 3}, 0.5)]
    keeper.remove(3)
    keeper.ensure(3)
    assert len(cluster.ensured) == 2


def test_a_killed_shard_is_ensured_again() -> None:
    """Ray restarts it; one that Ray has given up is made anew."""
    cluster = FakeCluster()
    keeper = shards(cluster)
    keeper.ensure(3)
    keeper.kill(3)
    keeper.ensure(3)
    assert (cluster.killed, len(cluster.ensured)) == ([("shard", 3)], 2)


def test_others_are_made_in_order_and_once() -> None:
    """Agents before the executor, as listed."""
    cluster = FakeCluster()
    keeper = shards(cluster)
    keeper.ensure_others()
    keeper.ensure_others()
    assert [(role, factory, arguments) for role, _, factory, arguments, _ in cluster.ensured] == [
        ("analysis", "a:b", {"x": 1}),
        ("executor", "c:d", {}),
    ]


def test_a_shard_that_fails_to_come_up_is_tried_again() -> None:
    """Only what came up is taken for made."""
    cluster = FakeCluster()
    keeper = shards(cluster)
    working = cluster.ensure

    def failing(*_: Any, **__: Any) -> None:
        raise TemporaryError("does not come up")

    cluster.ensure = failing  # type: ignore[method-assign]
    with pytest.raises(TemporaryError):
        keeper.ensure(0)
    cluster.ensure = working  # type: ignore[method-assign]
    keeper.ensure(0)
    assert len(cluster.ensured) == 1


def test_slots_status_and_end_of_a_shard() -> None:
    """Slots are told as a plain dict within 90 s, status is asked within 5 s, kill and remove go to the cluster."""
    shard = Shard()
    cluster = FakeCluster({("shard", 7): shard})
    keeper = shards(cluster)
    keeper.own(7, {1: 4, 2: 5})
    assert shard.owned == {1: 4, 2: 5}
    assert keeper.status(7) == ShardStatus(7, records=3)
    assert [(method, timeout) for _, _, method, _, timeout in cluster.asked] == [("own", 90.0), ("status", 5.0)]
    keeper.kill(7)
    assert cluster.killed == [("shard", 7)]
    assert keeper.numbers() == [7]
    keeper.remove(7)
    assert keeper.numbers() == []


def test_what_opened_the_incident_is_listed_before_higher_scores() -> None:
    """Two shards have 40 series of cart; the healed one has the lowest score, and verification needs it."""
    many, healed = [0.5 + n / 100 for n in range(20)], 0.01
    shards = Shard(reading("cart", 1, *many)), Shard(reading("cart", 1, *many, healed))
    (last,) = reading("cart", 1, healed).series
    cluster = FakeCluster({("shard", n): shard for n, shard in enumerate(shards)})
    assert last not in ClusterFleet(cluster, None, FixedClock(99)).ask(QUESTION).readings[0].series
    signal = OpeningSignal("cart", last.series, last.metric, 1.0)
    (found,) = ClusterFleet(cluster, None, FixedClock(99)).ask(replace(QUESTION, signals=(signal,))).readings
    assert last in found.series
