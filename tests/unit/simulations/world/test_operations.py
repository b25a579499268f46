from __future__ import annotations

import math

import numpy as np
import pytest

from aiops.model.durations import SECOND
from aiops.model.plans import Action, Observed, Parameter, StepStatus
from simulations.world.action_checks import PRIMITIVES
from simulations.world.arrays import OFF
from simulations.world.estate import ActionSpec, load
from simulations.world.operations import Operations
from simulations.world.world import World

ESTATE = load()
SURE = ESTATE.model_copy(update={"actions": {name: ActionSpec(seconds=10) for name in PRIMITIVES}})


def bench(**spec: float) -> tuple[World, Operations]:
    """A world at rest whose actions take 8 to 12 s and never fail, unless ``spec`` says otherwise."""
    actions = {name: ActionSpec.model_validate({"seconds": 10, **spec}) for name in PRIMITIVES}
    world = World(ESTATE.model_copy(update={"actions": actions}), 1)
    return world, world.operations


def later(world: World, seconds: int = 12) -> None:
    """Let actions happen; nothing else of the world moves."""
    world.tick += seconds
    world.operations.advance()


def test_an_action_takes_effect_after_its_seconds() -> None:
    """Within 20 % of what the estate says, and not before."""
    world, operations = bench()
    answer = operations.apply(Action("shed-load", "web", {"share": 0.3}), "k")
    assert answer.accepted
    seconds = (answer.done_at - world.now) // SECOND
    assert 8 <= seconds <= 12
    later(world, seconds - 1)
    assert (operations.outcome("k"), operations.observe("web", "k")) == (None, Observed.UNKNOWN)
    later(world, 1)
    assert (operations.outcome("k"), operations.observe("web", "k")) == (StepStatus.DONE, Observed.DONE)
    assert world.resting.shed[world.layout.index["web"]] == 0.3


def test_a_key_takes_effect_once() -> None:
    """Asked three times it is counted three times and done once; the answer brings the first one's undo."""
    world, operations = bench()
    first = operations.apply(Action("scale", "web", {"by": 1}), "k")
    again = operations.apply(Action("scale", "web", {"by": 1}), "k")
    assert (again.accepted, again.detail, again.undo) == (False, "this key was applied before", first.undo)
    later(world)
    operations.apply(Action("scale", "web", {"by": 1}), "k")
    later(world)
    assert (operations.asked, operations.effects) == ({"k": 3}, {"k": 1})


def test_an_action_that_fails_changes_nothing() -> None:
    """Its target says that it did not happen."""
    world, operations = bench(fails=1.0)
    operations.apply(Action("shed-load", "web", {"share": 0.3}), "k")
    later(world)
    assert (operations.outcome("k"), operations.observe("web", "k")) == (StepStatus.FAILED, Observed.NOT_DONE)
    assert not world.resting.shed.any()
    assert operations.effects == {}


def test_an_answer_that_is_lost_leaves_doubt() -> None:
    """It happened, and nobody can tell."""
    world, operations = bench(lost=1.0)
    operations.apply(Action("shed-load", "web", {"share": 0.3}), "k")
    later(world)
    assert (operations.outcome("k"), operations.observe("web", "k")) == (StepStatus.UNKNOWN, Observed.UNKNOWN)
    assert world.resting.shed.any()


def test_unknown_keys_and_other_targets_did_not_happen() -> None:
    """A key belongs to its target."""
    world, operations = bench()
    operations.apply(Action("shed-load", "web"), "k")
    later(world)
    assert operations.observe("cart", "k") is Observed.NOT_DONE
    assert (operations.observe("web", "x"), operations.outcome("x")) == (Observed.NOT_DONE, None)


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (Action("reboot", "web"), "no primitive reboot; known: restart, scale"),
        (Action("restart", "nobody"), "nothing to restart at nobody"),
        (Action("restart", "payment-gateway"), "payment-gateway is not ours"),
        (Action("scale", "orders-db", {"replicas": 2}), "orders-db cannot be scaled"),
        (Action("scale", "web", {"replicas": 0}), "web runs 1 to"),
        (Action("scale", "web", {"replicas": 10**9}), "web runs 1 to"),
        (Action("roll-back", "payment-gateway"), "payment-gateway is not a service of ours"),
        (Action("shed-load", "zone-a"), "zone-a is not a service of ours"),
        (Action("fail-over", "web"), "web has nothing to fail over to"),
        (Action("fail-over", "zone-a", {"to": "zone-z"}), "no zone zone-z"),
        (Action("clear-cache", "web"), "web keeps nothing that can be cleared"),
    ],
)
def test_what_cannot_be_done_is_refused(action: Action, told: str) -> None:
    """With the reason; nothing is begun, and the key may be used again."""
    world, operations = bench()
    answer = operations.apply(action, "k")
    assert (answer.accepted, answer.undo, answer.done_at) == (False, None, world.now)
    assert told in answer.detail
    assert operations.apply(Action("restart", "web"), "k").accepted


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, math.nan, "many", "9" * 5000, True, 10**400, 1e308], ids=range(8)
)
@pytest.mark.parametrize("primitive", ["scale", "shed-load", "roll-back"])
def test_hostile_parameters_are_refused_or_bounded(primitive: str, value: Parameter) -> None:
    """Actions come over HTTP: no number stops the world."""
    world, operations = bench()
    name = {"scale": "replicas", "shed-load": "share", "roll-back": "version"}[primitive]
    operations.apply(Action(primitive, "web", {name: value}), "k")
    operations.apply(Action("scale", "web", {"by": value}), "b")
    later(world)
    assert world.versions["web"] < 10**10
    shed = world.resting.shed[world.layout.index["web"]]
    assert 0.0 <= shed <= 0.95
    assert world.floors[world.layout.index["web"]] <= 100


@pytest.mark.parametrize(
    ("action", "undo"),
    [
        (Action("scale", "web", {"by": 1}), Action("scale", "web", {"replicas": 0})),
        (Action("shed-load", "web", {"share": 0.5}), Action("shed-load", "web", {"share": 0.0})),
        (Action("roll-back", "web"), Action("roll-back", "web", {"version": 1})),
        (Action("fail-over", "zone-a"), Action("fail-over", "zone-a", {"back": True})),
        (Action("restart", "web"), None),
        (Action("clear-cache", "catalog-cache"), None),
        (Action("fail-over", "island"), None),
    ],
)
def test_an_undo_is_how_things_stood(action: Action, undo: Action | None) -> None:
    """Stated before the action begins; what leaves nothing behind has none."""
    world, operations = bench()
    if undo is not None and undo.primitive == "scale":
        undo = Action("scale", "web", {"replicas": world.allocated(world.layout.index["web"])})
    assert operations.apply(action, "k").undo == undo


def test_shedding_is_bounded() -> None:
    """At most 0.95, at least 0; without a share 0.3."""
    for share, expected in ((7.0, 0.95), (-1.0, 0.0), (None, 0.3)):
        world, operations = bench()
        operations.apply(Action("shed-load", "web", {} if share is None else {"share": share}), "k")
        later(world)
        assert world.resting.shed[world.layout.index["web"]] == expected


def test_scaling_sets_the_floor_and_the_instances() -> None:
    """An autoscaler does not go below what a person asked for."""
    world, operations = bench()
    n = world.layout.index["web"]
    wanted = world.allocated(n) + 1
    operations.apply(Action("scale", "web", {"by": 1}), "k")
    later(world)
    assert (world.floors[n], world.allocated(n)) == (wanted, wanted)


def test_a_rolled_back_version_is_the_one_before() -> None:
    """Never below 1; a stated one counts, also as text; and it is told as a change."""
    for now, parameters, expected in ((3, {}, 2), (1, {}, 1), (5, {"version": "2"}, 2), (5, {"version": 4}, 4)):
        world, operations = bench()
        world.versions["web"] = now
        world.drain_events()
        operations.apply(Action("roll-back", "web", parameters), "k")
        later(world)
        assert world.versions["web"] == expected
        assert [event["data"]["entity"] for event in world.drain_events()] == ["web"]


def test_a_rolling_restart_kills_in_thirds() -> None:
    """One third at once, the next when the first had time to start; ``at_once`` kills all in one second."""
    for parameters, batches in (({}, 3), ({"at_once": True}, 1)):
        world, operations = bench()
        group = [i for i in world.instances("web") if world.state.phase[i] != OFF]
        operations.apply(Action("restart", "web", parameters), "k")
        later(world)
        jobs = [(at, i) for at, _, what, i in world._jobs if what == "kill"]
        assert sorted(i for _, i in jobs) == group
        assert len({at for at, _ in jobs}) == min(batches, math.ceil(len(group) / math.ceil(len(group) / 3)))


def test_clearing_a_queue_is_noted_as_harm() -> None:
    """The messages that were thrown away, with the key; a cache's hits as well."""
    world, operations = bench()
    queue, cache = world.layout.index["order-events"], world.layout.index["catalog-cache"]
    world.state.backlog[queue], world.state.hit[cache] = 250.0, 0.8
    operations.apply(Action("clear-cache", "order-events"), "q")
    operations.apply(Action("clear-cache", "catalog-cache"), "c")
    later(world)
    assert (world.state.backlog[queue], world.state.hit[cache]) == (0.0, 0.0)
    assert {harm.key: harm.amount for harm in world.truth.harms} == {"q": 250.0, "c": 0.8}


def test_a_zone_is_left_and_taken_back() -> None:
    """Its weight goes to 0, and with ``back`` every zone has its own again."""
    world, operations = bench()
    a, b = world.layout.zones.index("zone-a"), world.layout.zones.index("zone-b")
    operations.apply(Action("fail-over", "zone-a", {"to": "zone-b"}), "k")
    later(world)
    assert (world.resting.zone_weight[a], world.resting.zone_weight[b]) == (0.0, 2.0)
    operations.apply(Action("fail_over", "zone-a", {"back": True}), "u")
    later(world)
    assert np.array_equal(world.resting.zone_weight, np.ones(len(world.layout.zones)))
