"""The loop over short runs: the same seed gives the same, and actions move neither faults nor arrivals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from aiops.adapters.bundle.loading import load_bundle
from aiops.model.incidents import IncidentState
from aiops.model.pages import Page
from aiops.model.plans import Action
from simulations.faults.registry import make
from simulations.running.healers import Product
from simulations.running.naive import NaiveRestarts
from simulations.running.simulation import Coming, Plot, Simulation, Who
from simulations.running.vitals import Vitals
from simulations.world.estate import load
from simulations.world.world import World

BUNDLE = load_bundle()
ESTATE = load()


def plot(name: str = "bad-deploy-errors", history: int = 600, duration: int = 300, **settings: str) -> Plot:
    """A short story of one fault."""
    return Plot(estate=ESTATE, faults=(Coming(make(name, settings)),), history=history, duration=duration)


def test_same_seed_gives_the_same_journal() -> None:
    """Byte for byte; another seed gives another."""
    first, again, other = (Simulation(plot(), BUNDLE, seed=seed).run() for seed in (3, 3, 4))
    assert first.incidents
    assert first.journal == again.journal
    assert first.journal != other.journal


def test_runs_can_be_compared_in_pairs() -> None:
    """Whoever heals, users and the fault are the same; before the fault everything is."""
    runs = [Simulation(plot(), BUNDLE, who, seed=3).run() for who in Who]
    for run in runs[1:]:
        assert [fault.since for fault in run.faults] == [fault.since for fault in runs[0].faults]
        assert np.array_equal(run.truth.served[:, 0, :5][:600], runs[0].truth.served[:, 0, :5][:600])


def test_arrivals_are_untouched_by_actions() -> None:
    """A world in which something is restarted every minute sees the same users as one that is left alone."""
    quiet, busy = World(ESTATE, 5), World(ESTATE, 5)
    for tick in range(180):
        quiet.step()
        busy.step()
        if tick % 60 == 0:
            busy.apply(Action("restart", "catalog"), f"k{tick}")
        assert np.array_equal(quiet.arrivals.at(tick), busy.arrivals.at(tick))


def test_actions_take_virtual_time_and_are_reported_when_they_end() -> None:
    """A plan is begun after its approval, its step ends seconds later, and its idempotency key was used once."""
    simulation = Simulation(plot(duration=420), BUNDLE, seed=1)
    run = simulation.run()
    done = [action for action in run.actions if action.effect and not action.act.undo]
    assert [action.act.action for action in done][:1] == ["roll-back payment"]
    assert all(action.right and not action.unsafe for action in done[:1])
    assert set(simulation.world.operations.effects.values()) == {1}
    product = simulation.healer
    assert isinstance(product, Product)
    story = [(line.at, line.what) for one in run.incidents for line in one.story]
    begun = next(at for at, what in story if what == "runs roll-back payment")
    ended = next(at for at, what in story if what == "roll-back payment: done")
    assert 10 <= (ended - begun) / 1e9 <= 25


def test_nobody_approves_where_nobody_is() -> None:
    """Without people what needs an approval waits, and a page asks for it."""
    lonely = Plot(estate=ESTATE, faults=(Coming(make("bad-deploy-errors")),), history=600, duration=300,
                  approval_seconds=None)  # fmt: skip
    run = Simulation(lonely, BUNDLE, seed=1).run()
    assert run.actions == ()
    assert run.incidents[0].state is IncidentState.AWAITING_APPROVAL
    assert all(isinstance(page, Page) for page in run.pages)
    assert run.pages


def test_naive_rule_restarts_what_breaks_its_promise() -> None:
    """At most once in two minutes each, and never before something is wrong."""
    simulation = Simulation(plot(duration=600), BUNDLE, Who.RESTART, seed=1)
    run = simulation.run()
    checkout = [action.act.at for action in run.actions if action.act.action == "restart checkout"]
    assert checkout
    assert min(at - run.graded_from for at in checkout) > 0
    assert all(later - one >= NaiveRestarts.PAUSE * 10**9 for one, later in pairwise(checkout))


def test_vitals_tell_sick_from_well() -> None:
    """Before a fault everything is in order; afterwards what it hit is not, and what it did not hit is."""
    world = World(ESTATE, 1)
    vitals = Vitals(world)
    for _ in range(90):
        world.step()
        vitals.note()
    assert not any(vitals.faulty(name) for name in (*world.layout.ids, *world.layout.hosts, *world.layout.zones))
    world.inject(make("crash", {"target": "pricing"}))
    world.inject(make("lying-telemetry", {"target": "host-a1"}))
    for _ in range(60):
        world.step()
        vitals.note()
    assert vitals.faulty("pricing")
    assert vitals.faulty("pricing-0")
    assert vitals.faulty("agent-host-a1")
    assert not vitals.faulty("images")
    assert not vitals.faulty("nothing")
