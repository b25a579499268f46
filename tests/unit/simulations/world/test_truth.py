from __future__ import annotations

import numpy as np
import pytest

from simulations.world.estate import load
from simulations.world.layout import Layout
from simulations.world.truth import _ROOM, WINDOW, Truth

ESTATE = load()
LAYOUT = Layout(ESTATE)


class Bench:
    """A truth, and what it is told of one second."""

    def __init__(self) -> None:
        self.truth = Truth(LAYOUT)
        self.seen, self.state = LAYOUT.nothing_seen(), LAYOUT.first_state()
        self.web = self.truth.services.index("web")
        self.seen.users[:, :2] = 100.0

    def note(self, *, came: float = 100.0, well: float = 100.0, p95: float = 0.01, times: int = 1) -> None:
        """So many seconds in which users of ``web`` fared so."""
        self.seen.users[self.web, :2] = came, well
        self.seen.users_p95[self.web] = p95
        for _ in range(times):
            self.truth.note(self.seen, self.state)


def mean_rate() -> float:
    """Requests a second that ``web`` gets on average."""
    return float(LAYOUT.mean_rates()[LAYOUT.index["web"]])


def value() -> float:
    """What a second of ``web`` is worth."""
    return LAYOUT.services[LAYOUT.index["web"]].value_per_minute / 60


def test_a_good_second_costs_nothing() -> None:
    """Everything that came went well, in time."""
    bench = Bench()
    bench.note(times=90)
    assert bench.truth.value_lost == 0.0
    assert bench.truth.minutes_violated()["web"] == 0.0
    assert bench.truth.served[-1, :, bench.web].tolist() == [100.0, 100.0]


def test_failed_requests_cost_their_share_of_the_mean() -> None:
    """Value a second × failed ÷ mean rate."""
    bench = Bench()
    bench.note(came=100.0, well=60.0)
    assert bench.truth.lost[0, bench.web] == pytest.approx(value() * 40.0 / mean_rate())


def test_more_well_than_came_is_no_gain() -> None:
    """Requests of the second before may end in this one."""
    bench = Bench()
    bench.note(came=10.0, well=30.0)
    assert bench.truth.lost[0, bench.web] == 0.0


def test_very_slow_answers_cost_half() -> None:
    """Beyond twice the promised latency; up to twice they cost nothing."""
    slo = LAYOUT.services[LAYOUT.index["web"]].slo
    assert slo is not None
    bound = slo.latency_ms / 1e3
    for p95, share in ((1.9 * bound, 0.0), (2.1 * bound, 0.5)):
        bench = Bench()
        bench.note(p95=p95)
        assert bench.truth.lost[0, bench.web] == pytest.approx(value() * share * 100.0 / mean_rate())


def test_a_promise_is_judged_over_a_minute() -> None:
    """Ten bad seconds among sixty break it; it holds again once they have left the window."""
    bench = Bench()
    bench.note(times=60)
    bench.note(well=0.0, times=10)
    assert bench.truth.violated[-1, bench.web]
    bench.note(times=WINDOW)
    assert not bench.truth.violated[-1, bench.web]
    assert bench.truth.minutes_violated()["web"] == pytest.approx(bench.truth.violated[:, bench.web].sum() / 60)


def test_nothing_is_judged_in_the_first_half_minute() -> None:
    """A world that begins has no full window."""
    bench = Bench()
    bench.note(well=0.0, times=WINDOW)
    assert bench.truth.violated[:, bench.web].tolist() == [False] * 30 + [True] * 30


def test_without_users_nothing_is_lost() -> None:
    """Nobody came, so nobody was turned away."""
    bench = Bench()
    bench.note(came=0.0, well=0.0, times=60)
    assert bench.truth.lost[:, bench.web].sum() == 0.0


def test_a_worker_is_judged_by_the_age_of_its_queue() -> None:
    """Messages that wait, over those that it takes a second; a queue that stands still counts as one a second."""
    bench = Bench()
    worker = LAYOUT.index["order-worker"]
    judged = bench.truth.services.index("order-worker")
    bench.state.backlog[LAYOUT.fixed.consumes[worker]] = 500.0
    bench.note()
    assert bench.truth.served[0, 0, judged] == 1.0
    came, well, slow = bench.truth._judge(bench.seen, bench.state)
    assert (came[judged], well[judged], slow[judged]) == (1.0, 0.0, 500.0)


def test_records_grow_without_an_end() -> None:
    """What was noted first is still there."""
    bench = Bench()
    bench.note(well=60.0)
    first = bench.truth.lost[0].copy()
    bench.note(times=_ROOM)
    assert bench.truth.ticks == len(bench.truth.lost) == _ROOM + 1
    assert np.array_equal(bench.truth.lost[0], first)
