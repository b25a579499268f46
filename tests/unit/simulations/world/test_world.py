"""The world: quiet when healthy, the same for the same seed, and nothing gets lost in it."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from aiops.model import cloudevents
from aiops.model.cloudevents_reader import Receipt, decode
from aiops.model.durations import SECOND
from aiops.model.plans import Action, Observed, StepStatus
from simulations.faults.registry import make
from simulations.world import kernel
from simulations.world.estate import Estate, load, parse
from simulations.world.world import DEFAULT_START, World

EVENING = 1_772_409_600 * SECOND + 17 * 3600 * SECOND


@pytest.fixture(scope="module")
def estate() -> Estate:
    """The shop."""
    return load()


def digest(world: World) -> str:
    """Of everything the world carries and shows."""
    found = hashlib.sha256()
    for part in (*world.state, *world.seen, world.truth.lost, world.truth.violated):
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def test_same_seed_gives_the_same_bytes(estate: Estate) -> None:
    """Two worlds with one seed, one fault and one action are equal to the last bit; another seed differs."""
    ends = []
    for seed in (4, 4, 5):
        world = World(estate, seed)
        world.inject(make("bad-deploy-errors"), 60)
        world.run(120)
        world.apply(Action("roll-back", "payment"), "k")
        world.run(240)
        ends.append((digest(world), str(world.drain_events())))
    assert ends[0] == ends[1]
    assert ends[0][0] != ends[2][0]


def test_actions_and_faults_do_not_touch_arrivals(estate: Estate) -> None:
    """Users come in the same numbers whatever is broken or done, so that runs can be compared in pairs."""
    quiet, busy = World(estate, 9), World(estate, 9)
    busy.inject(make("zone-outage"), 30)
    for n in range(240):
        if n == 50:
            busy.apply(Action("restart", "web"), "r")
            busy.apply(Action("scale", "web", {"replicas": 8}), "s")
        quiet.step()
        busy.step()
    assert np.array_equal(quiet.truth.served[:, 0, :5], busy.truth.served[:, 0, :5])


def test_another_action_does_not_move_an_actions_luck(estate: Estate) -> None:
    """How an action ends depends on its key, not on what else was done before it."""
    alone, after = World(estate, 2), World(estate, 2)
    after.apply(Action("clear-cache", "catalog-cache"), "other")
    ends = []
    for world in (alone, after):
        answers = [world.apply(Action("shed-load", "web", {"share": 0.1}), f"key-{n}").done_at for n in range(20)]
        world.run(20)
        ends.append((answers, [world.outcome(f"key-{n}") for n in range(20)]))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("fault", ["none", "crash", "cache-stampede", "slow-disk", "crash-loop", "surge"])
def test_every_request_ends_once(estate: Estate, fault: str) -> None:
    """At every instance, arrived = ok + failed + late + still waited for, whatever breaks."""
    world = World(estate, 1)
    world.inject(make(fault), 60)
    world.run(400)
    seen, fixed = world.seen, world.fixed
    limit = np.minimum(30, np.ceil(fixed.deadline).astype(int) + 1)[fixed.service]
    ages = np.arange(world.state.waiting.shape[1])
    waiting = (world.state.waiting * (ages[None, :] < limit[:, None])).sum(axis=1)
    ended = seen.ok_sum + seen.failed_sum + seen.late_sum + waiting
    np.testing.assert_allclose(ended, seen.arrived_sum, rtol=1e-6, atol=1e-3)
    assert seen.arrived_sum.sum() > 1e5


def test_messages_are_conserved(estate: Estate) -> None:
    """Published and redelivered messages were consumed or wait."""
    world = World(estate, 1)
    world.inject(make("poison-message"), 60)
    world.run(600)
    queue = world.layout.index["order-events"]
    seen = world.seen
    came = seen.published_sum[queue] + seen.redelivered_sum[queue]
    assert came == pytest.approx(seen.consumed_sum[queue] + world.state.backlog[queue], rel=1e-9)


def test_healthy_evening_is_quiet(estate: Estate) -> None:
    """An hour around the daily peak with harmless deploys breaks no promise, loses nothing and lets no queue grow."""
    world = World(estate, 7, EVENING)
    world.run(3600)
    assert sum(world.truth.minutes_violated().values()) == 0
    assert world.truth.value_lost < 10
    assert world.state.backlog.max() < 200
    assert not [event for event in world.drain_events() if event["type"] in (cloudevents.ALERTS, cloudevents.TICKET)]


def test_days_have_a_season(estate: Estate) -> None:
    """The evening brings clearly more users than the night."""
    rates = []
    for hour in (4, 18):
        world = World(estate, 1, 1_772_409_600 * SECOND + hour * 3600 * SECOND)
        world.run(60)
        rates.append(world.truth.served[:, 0, 0].mean())
    assert rates[1] > 1.4 * rates[0]


def test_stampede_outlives_its_trigger_until_load_is_shed(estate: Estate) -> None:
    """The overload stays for ten minutes after the cache could fill again; shedding load ends it."""
    world = World(estate, 1)
    world.inject(make("cache-stampede"), 60)
    world.run(60 + 90 + 600)
    assert world.truth.faults[0].until is not None
    web = world.truth.services.index("web")
    stuck = world.truth.served[-60:, :, web].sum(axis=0)
    assert stuck[1] / stuck[0] < 0.6
    for name in ("web", "mobile-api", "checkout", "partner-api"):
        world.apply(Action("shed-load", name, {"share": 0.9}), f"shed {name}")
    world.run(300)
    for name in ("web", "mobile-api", "checkout", "partner-api"):
        world.apply(Action("shed-load", name, {"share": 0.0}), f"undo {name}")
    world.run(120)
    healed = world.truth.served[-60:, :, web].sum(axis=0)
    assert healed[1] / healed[0] > 0.99


def test_key_takes_effect_once(estate: Estate) -> None:
    """The same key asked for three times takes effect once, and the target says so."""
    world = World(estate, 1)
    answers = [world.apply(Action("shed-load", "web", {"share": 0.2}), "k").accepted for _ in range(2)]
    assert world.observe("web", "k") is Observed.UNKNOWN
    world.run(10)
    answers.append(world.apply(Action("shed-load", "web", {"share": 0.9}), "k").accepted)
    world.run(10)
    assert answers == [True, False, False]
    assert (world.operations.asked["k"], world.operations.effects["k"]) == (3, 1)
    assert world.observe("web", "k") is Observed.DONE
    assert world.observe("web", "never") is Observed.NOT_DONE
    assert world.resting.shed[world.layout.index["web"]] == pytest.approx(0.2)


def test_actions_can_fail(estate: Estate) -> None:
    """Some of many fail; those change nothing and are observed as not done."""
    world = World(estate, 1)
    for n in range(200):
        world.apply(Action("clear-cache", "host-a1"), f"k{n}")
    world.run(20)
    ends = [world.outcome(f"k{n}") for n in range(200)]
    failed = ends.index(StepStatus.FAILED)
    assert world.observe("host-a1", f"k{failed}") is Observed.NOT_DONE
    assert f"k{failed}" not in world.operations.effects
    assert ends.count(StepStatus.DONE) > 150


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (Action("explode", "web"), "no primitive"),
        (Action("restart", "nobody"), "nothing to restart"),
        (Action("scale", "orders-db"), "cannot be scaled"),
        (Action("scale", "web", {"replicas": 99}), "not 99"),
        (Action("roll-back", "payment-gateway"), "not a service of ours"),
        (Action("fail-over", "web"), "nothing to fail over"),
        (Action("fail-over", "zone-a", {"to": "moon"}), "no zone"),
        (Action("clear-cache", "web"), "keeps nothing"),
    ],
)
def test_impossible_actions_are_refused(estate: Estate, action: Action, says: str) -> None:
    """What cannot be done here is refused with the reason and changes nothing."""
    result = World(estate, 1).apply(action, "k")
    assert not result.accepted
    assert says in result.detail


def test_restarting_a_healthy_store_costs_availability(estate: Estate) -> None:
    """A restart of the database that nobody needed loses value and is written down as harm."""
    world = World(estate, 1)
    world.run(60)
    before = world.truth.value_lost
    world.apply(Action("restart", "orders-db"), "r")
    world.run(120)
    assert world.truth.value_lost > before + 100
    assert world.truth.harms[0].key == "r"


def test_drained_zone_overloads_the_only_one_that_takes_over(estate: Estate) -> None:
    """Draining one zone into a single other one doubles its load, and undoing that evens it out."""
    world = World(estate, 1, EVENING)
    world.run(60)
    zone = world.fixed.zone
    used = [world.seen.rate[zone == z].sum() for z in range(3)]
    result = world.apply(Action("fail-over", "zone-a", {"to": "zone-b"}), "d1")
    world.run(60)
    drained = [world.seen.rate[zone == z].sum() for z in range(3)]
    assert drained[0] < 0.2 * used[0]
    assert drained[1] > 1.3 * used[1]
    assert result.undo is not None
    world.apply(result.undo, "d2")
    world.run(60)
    assert world.knobs.zone_weight.tolist() == [1.0, 1.0, 1.0]


def test_scale_and_its_undo(estate: Estate) -> None:
    """Scaling starts instances after a while; its undo drains them again."""
    world = World(estate, 1)
    result = world.apply(Action("scale", "pricing", {"replicas": 5}), "s1")
    world.run(60)
    n = world.layout.index["pricing"]
    assert world.allocated(n) == 5
    assert result.undo == Action("scale", "pricing", {"replicas": 3})
    world.apply(result.undo, "s2")
    world.run(60)
    assert world.allocated(n) == 3


def test_scaling_before_a_store_that_is_the_bottleneck_makes_it_worse() -> None:
    """More instances open more connections, and the crowded database answers fewer requests."""
    text = """
name: pair
zones: [z]
hosts_per_zone: 2
host_cores: 32
deploys_per_day: 0
sites: [{id: here, share: 1.0}]
actions: {scale: {seconds: 5, fails: 0, lost: 0}}
services:
  - {id: a, replicas: 3, cpu_ms: 1, users: {rate: 150, timeout: 5, retries: 0},
     calls: [{to: d, timeout: 2, retries: 0, pool: 30}]}
  - {id: d, kind: database, cpu_ms: 10, workers: 300, queue: 4000, connections_knee: 40}
"""
    rates = []
    for replicas in (3, 6):
        world = World(parse(text), 1)
        world.apply(Action("scale", "a", {"replicas": replicas}), f"key-{replicas}")
        world.run(300)
        rates.append(float(world.truth.served[-60:, 1].mean()))
    assert rates[1] < 0.9 * rates[0]


def test_events_are_read_by_the_runtimes_own_decoder(estate: Estate) -> None:
    """Items, changes, tickets and alerts are CloudEvents that the product's decoder accepts."""
    world = World(estate, 1)
    world.inject(make("crash"), 30)
    world.inject(make("bad-deploy-errors"), 30)
    world.run(400)
    events = world.drain_events()
    kinds = {event["type"] for event in events}
    assert kinds == {cloudevents.ITEM, cloudevents.CHANGE, cloudevents.TICKET, cloudevents.ALERTS}
    for event in events:
        read = decode(cloudevents.encode(event), Receipt(world.now))
        assert isinstance(read, tuple), (event, read)
        assert read
    assert world.drain_events() == []


def test_autoscaler_follows_after_a_while(estate: Estate) -> None:
    """A long surge brings more instances of an autoscaled service, but not at once."""
    world = World(estate, 1)
    world.inject(make("surge", {"target": "web", "factor": 2.5, "duration": 900}), 30)
    web = world.layout.index["web"]
    world.run(40)
    early = world.allocated(web)
    world.run(400)
    assert early == 6
    assert world.allocated(web) > 6


def test_tail_is_the_log_normal_distributions() -> None:
    """Half of a log-normal variable is above its median."""
    assert kernel.tail(1 / np.sqrt(2.0), 1.0, 1.0) == pytest.approx(0.5, abs=1e-9)
    assert kernel.tail(0.0, 1.0, 1.0) == 1.0


def test_time_is_virtual(estate: Estate) -> None:
    """A tick is a second after the start that was given."""
    world = World(estate, 1)
    world.run(5)
    assert world.now == DEFAULT_START + 5 * SECOND
