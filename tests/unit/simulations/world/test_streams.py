"""Random numbers by purpose: one part's draws never move another's, and arrivals follow the day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.world.estate import Estate, load
from simulations.world.streams import BLOCK, DAY, Arrivals, season, stream

MONDAY = 4 * DAY
"""1970-01-05 was a Monday."""


@pytest.fixture(scope="module")
def estate() -> Estate:
    """The shop."""
    return load()


def arrivals(estate: Estate, seed: int = 1, rates: tuple[float, ...] = (100.0, 10.0), start: int = 0) -> Arrivals:
    """Two fronts from a second on."""
    return Arrivals(estate, seed, start * 10**9).of_fronts(list(rates))


# --------------------------------------------------------------------------------------------------------- streams


@given(st.integers(0, 2**64), st.text(max_size=20), st.integers(0, 2**40))
def test_a_stream_depends_on_its_arguments_only(seed: int, purpose: str, number: int) -> None:
    """Whatever was drawn before."""
    first = stream(seed, purpose, number).integers(2**63, size=4)
    stream(seed, "other").integers(2**63, size=100)
    assert first.tolist() == stream(seed, purpose, number).integers(2**63, size=4).tolist()


def test_seed_purpose_and_number_each_make_another_stream() -> None:
    """Two of them with the same digits too."""
    places = [(1, "drift", 0), (2, "drift", 0), (1, "arrivals", 0), (1, "drift", 1), (11, "x", 0), (1, "1/x", 0)]
    drawn = [tuple(stream(*place).integers(2**63, size=4).tolist()) for place in places]
    assert len(set(drawn)) == len(places)


def test_a_block_draws_no_number_of_the_next_one() -> None:
    """Long draws of neighbouring pieces do not overlap."""
    one, other = (stream(1, "arrivals", number).integers(2**63, size=5_000) for number in (0, 1))
    assert not set(one.tolist()) & set(other.tolist())


# ---------------------------------------------------------------------------------------------------------- season


def test_the_mean_over_a_working_day_is_one() -> None:
    """So that rates in an estate's file are means."""
    day = season(np.arange(MONDAY, MONDAY + DAY, 60, dtype=np.float64), 0.35)
    assert day.mean() == pytest.approx(1.0, abs=1e-6)


def test_nights_are_quieter_than_days() -> None:
    """By the height that the estate gives; height 0 has no day."""
    hours = season(MONDAY + np.array([3.0, 15.0]) * 3600, 0.35)
    assert hours[0] < 0.8
    assert hours[1] > 1.2
    assert season(MONDAY + np.arange(24.0) * 3600, 0.0).tolist() == [1.0] * 24


def test_weekends_are_a_tenth_quieter() -> None:
    """Saturday and Sunday, in UTC."""
    noon = season(np.arange(MONDAY, MONDAY + 7 * DAY, DAY, dtype=np.float64) + 43_200.0, 0.35)
    assert (noon / noon[0]).tolist() == pytest.approx([1, 1, 1, 1, 1, 0.9, 0.9])


@given(st.floats(0, 4e9), st.floats(0, 0.99))
def test_the_season_is_never_negative(second: float, height: float) -> None:
    """A rate below nothing has no root."""
    assert season(np.array([second]), height)[0] >= 0


# -------------------------------------------------------------------------------------------------------- arrivals


def test_a_second_has_users_by_front_and_site(estate: Estate) -> None:
    """One figure each; none is negative."""
    drawn = arrivals(estate).at(0)
    assert drawn.shape == (2, len(estate.sites))
    assert (drawn >= 0).all()


def test_the_same_second_has_the_same_users_in_any_order(estate: Estate) -> None:
    """Going back and forth between blocks changes nothing."""
    made = arrivals(estate)
    ticks = [0, BLOCK - 1, BLOCK, 3 * BLOCK, 0, BLOCK - 1]
    drawn = {tick: made.at(tick).copy() for tick in ticks}
    fresh = arrivals(estate)
    for tick in reversed(ticks):
        assert np.array_equal(fresh.at(tick), drawn[tick])


def test_rates_are_means(estate: Estate) -> None:
    """Over some minutes, within a few per cent; sites share them."""
    made = arrivals(estate, start=MONDAY)
    drawn = np.stack([made.at(tick) for tick in range(BLOCK)])
    level = season(np.array([float(MONDAY)]), estate.season)[0]
    assert drawn[:, 0].sum(axis=1).mean() == pytest.approx(100.0 * level * sum(s.share for s in estate.sites), rel=0.1)


def test_a_front_without_users_stays_empty(estate: Estate) -> None:
    """Noise brings nobody."""
    assert arrivals(estate, rates=(0.0, 5.0)).at(7)[0].sum() == 0


def test_another_seed_is_another_day(estate: Estate) -> None:
    """And the same seed the same."""
    assert np.array_equal(arrivals(estate, 1).at(5), arrivals(estate, 1).at(5))
    assert not np.array_equal(arrivals(estate, 1).at(5), arrivals(estate, 2).at(5))
