from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.layout import Record
from detectors.rarity import novelty, tail
from detectors.rarity.layout import POINT_UP, SEASON, TOTAL
from detectors.rarity.learning import begin, learn
from detectors.rarity.point import measure
from tests.unit.detectors.rarity.rows import SECOND, row, usual


def taught(one: Record, value: float, *, young: bool = False, nats: float = 0.0) -> Record:
    """The row after it learned a value."""
    learn(one, value, measure(one, SECOND, value, young), nats, young)
    return one


def test_the_first_point_is_everything() -> None:
    """Level and range are its value; every tail has a first guess."""
    one = row()
    begin(one, 5.0)
    assert [one[name] for name in ("centre", "low", "high", "before", "n")] == [5.0, 5.0, 5.0, 5.0, 1]
    assert (one["tails"][:: tail.SIZE] > 0).all()
    assert (one["tails"][tail.REACH :: tail.SIZE] > 0).all()
    assert not one["tails"][tail.PEAK :: tail.SIZE].any()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_at_first_the_centre_is_the_plain_mean(values: list[float]) -> None:
    """While the series warms up nothing is clipped."""
    one = row()
    begin(one, values[0])
    for value in values[1:]:
        taught(one, value, young=True)
    assert float(one["centre"]) == pytest.approx(np.mean(values), abs=1e-2)
    assert one["n"] == len(values)
    assert (one["low"], one["high"]) == pytest.approx((min(values), max(values)), abs=0.5)


def test_a_mature_centre_moves_by_its_gain() -> None:
    """1/512 of a distance of 4, and the faster means are relative to it."""
    one = taught(usual(), 4.0)
    assert one["centre"] == pytest.approx(4.0 / 512)
    assert one["fast"] == pytest.approx(4.0 / 8 - 4.0 / 512)
    assert one["medium"] == pytest.approx(4.0 / 64 - 4.0 / 512)
    assert one["spread"] == pytest.approx(2.0 + (4.0 - 2.0) / 512)


def test_a_step_is_clipped_to_what_is_usual() -> None:
    """At 1,000: six spreads for the means, four for the spread."""
    one = taught(usual(), 1000.0)
    assert one["centre"] == pytest.approx(12.0 / 512)
    assert one["spread"] == pytest.approx(2.0 + (8.0 - 2.0) / 512)


def test_while_warming_up_no_tail_is_learned() -> None:
    """A wild first hour must not make a series deaf."""
    one = usual(n=20)
    before = one["tails"].copy()
    taught(one, 1000.0, young=True)
    assert one["tails"].tolist() == before.tolist()


def test_ordinary_points_lower_every_limit_a_little() -> None:
    """Those of the season only where it is judged."""
    one = usual()
    before = one["tails"].copy()
    taught(one, 0.5)
    places = [base for base in range(0, TOTAL + 1, tail.SIZE) if base != SEASON]
    assert all(one["tails"][base] < before[base] for base in places)
    assert one["tails"][SEASON] == before[SEASON]


def test_a_sum_of_evidence_teaches_its_tail_when_the_cluster_is_over() -> None:
    """A peak of 8 nats over a limit of 5 is an excess of 3; below 0.3 of the limit the cluster is over."""
    one = usual()
    one["tails"][TOTAL + tail.PEAK] = 8.0
    reach = float(one["tails"][TOTAL + tail.REACH])
    taught(one, 0.5, nats=4.0)
    assert one["tails"][TOTAL + tail.PEAK] == 8.0
    taught(one, 0.5, nats=1.0)
    assert one["tails"][TOTAL + tail.PEAK] == 0.0
    assert float(one["tails"][TOTAL + tail.REACH]) > reach
    assert float(one["tails"][TOTAL + tail.LIMIT]) > 5.0


def test_the_range_takes_in_what_is_learned_and_shrinks_slowly() -> None:
    """A new high is the high; the low moves 2e-5 of the way to the centre."""
    one = taught(usual(), 15.0)
    assert one["high"] == 15.0
    assert one["low"] == pytest.approx(-10.0 + novelty.RELAX * (float(one["centre"]) + 10.0))


def test_points_are_counted_and_the_count_ends() -> None:
    """At four billion, before it would begin anew at 0."""
    assert taught(usual(n=4_000_000_000), 0.0)["n"] == 4_000_000_000


def test_repeats_make_a_series_discrete() -> None:
    """A constant is known as one after its warm-up; noise never is."""
    constant, noisy = row(), row()
    begin(constant, 5.0)
    begin(noisy, 5.0)
    for value in np.random.default_rng(1).normal(size=29).tolist():
        taught(constant, 5.0, young=True)
        taught(noisy, value, young=True)
    assert float(constant["repeats"]) == pytest.approx(1.0, abs=0.05)
    assert float(noisy["repeats"]) == 0.0


def test_the_usual_distance_from_the_season_is_learned_over_a_day() -> None:
    """At ten seconds a point one point is 1/8,640 of it; it begins with the first distance."""
    one = usual(hour_known=1, hours_again=1000)
    taught(one, 5.0)
    assert one["season_spread"] == pytest.approx(5.0)
    taught(one, 0.0)
    assert one["season_spread"] == pytest.approx(5.0, rel=1e-3)


def test_a_tail_waits_for_the_end_of_its_cluster() -> None:
    """A point beyond the limit is not learned; the next one inside is the end."""
    one = usual()
    tail.note(one, POINT_UP, 1.5)
    taught(one, 9.0)
    assert one["tails"][POINT_UP + tail.PEAK] == 1.5
    taught(one, 0.5)
    assert one["tails"][POINT_UP + tail.PEAK] == 0.0
