from __future__ import annotations

import numpy as np
import pytest

from simulations.faults.loads import CacheStampede, PoisonMessage, QueueBacklog, Surge
from simulations.world.arrays import READY
from tests.unit.simulations.faults.worlds import world


def test_a_surge_hits_one_front() -> None:
    """The factor of its arrivals; the other fronts keep theirs."""
    place = world()
    Surge(target="web", factor=4.0).hold(place, 0)
    at_web = place.fixed.front == place.layout.index["web"]
    assert place.knobs.surge[at_web].tolist() == [4.0]
    assert place.knobs.surge[~at_web] == pytest.approx(1.0)
    assert Surge().repairs(place) == ("shed-load web",)


def test_a_stampede_keeps_the_cache_empty() -> None:
    """As long as it lasts, though requests fill it again."""
    place = world()
    at = place.layout.index["catalog-cache"]
    place.state.hit[at] = 0.9
    before = place.state.hit.copy()
    CacheStampede().hold(place, 3)
    assert place.state.hit[at] == 0.0
    assert np.delete(place.state.hit, at).tolist() == np.delete(before, at).tolist()


def test_a_backlog_slows_the_workers() -> None:
    """The queue that they consume is a right answer too."""
    place = world()
    fault = QueueBacklog(target="order-worker", factor=2.6)
    fault.hold(place, 0)
    assert place.knobs.slow[place.instances("order-worker")] == pytest.approx(2.6)
    assert fault.entities(place) == ("order-worker", "order-events")


def test_a_backlog_of_what_consumes_nothing_has_one_answer() -> None:
    """A service without a queue."""
    assert QueueBacklog(target="web").entities(world()) == ("web",)


def test_poison_kills_the_workers_in_turn() -> None:
    """Worker ``rank`` dies at ages that leave 0 when divided by 6 after adding 2 × rank."""
    place = world()
    workers = place.instances("order-worker")
    place.state.phase[workers] = READY
    PoisonMessage(target="order-events").hold(place, 4)
    dead = [rank for rank, i in enumerate(workers) if place.state.phase[i] != READY]
    assert dead == [rank for rank in range(len(workers)) if (4 + 2 * rank) % 6 == 0]
    assert dead


def test_poison_names_the_queue_and_its_workers() -> None:
    """Throwing the queue away helps; restarting a worker does not."""
    fault = PoisonMessage(target="order-events")
    assert fault.entities(world())[0] == "order-events"
    assert "order-worker" in fault.entities(world())
    assert fault.repairs(world()) == ("clear-cache order-events",)
