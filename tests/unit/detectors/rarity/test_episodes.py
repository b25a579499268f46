from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.layout import OPEN, Phase, ViewCode
from detectors.rarity import tail
from detectors.rarity.episodes import (
    ADOPT_POINTS,
    BACK_POINTS,
    CALM,
    MOST,
    adopt,
    after_flagged,
    after_usual,
    flagged,
    get_used_to,
    settle_charts,
)
from detectors.rarity.layout import TOTAL
from tests.unit.detectors.rarity.rows import SECOND, anomaly, usual

UP = (3.0, int(ViewCode.DEVIATION), 1, 30.0)
ADOPT_NS = 7200 * SECOND


def test_one_flagged_point_opens_an_episode() -> None:
    """Its ratio is a sum of evidence that a healthy series reaches as often as the budget allows."""
    one, it = usual(), anomaly()
    flagged(one, it, SECOND, 50.0, (1.0, int(ViewCode.RANGE), 1, 16.0))
    assert after_flagged(one, it, SECOND, ADOPT_NS) == Phase.OPENED
    assert after_flagged(one, it, SECOND, ADOPT_NS) == -1


def test_the_first_flagged_point_begins_the_trouble() -> None:
    """Its time, value and expectation; what an older trouble left behind is gone."""
    one, it = usual(), anomaly(since=1, peak=9.0, count=77, level=5.0, noise=5.0)
    flagged(one, it, 2000 * SECOND, 30.0, UP)
    assert (it["since"], it["count"], it["peak"]) == (2000 * SECOND, 1, 3.0)
    assert (it["value"], it["expected"], it["view"], it["direction"]) == (130.0, 100.0, ViewCode.DEVIATION, 1)
    assert (it["level"], it["noise"]) == (30.0, 0.0)
    assert (it["nats"], it["spread"], it["learned"]) == (30.0, 2.0, 10_000)
    assert one["evidence"] == MOST


def test_a_louder_point_takes_the_peak_over_and_a_quieter_does_not() -> None:
    """ViewCode, value and direction go with the peak; level and noise follow all points."""
    one, it = usual(), anomaly()
    for value, verdict in (
        (30.0, UP),
        (-50.0, (5.0, int(ViewCode.RANGE), -1, 50.0)),
        (20.0, (2.0, int(ViewCode.SHIFT), 1, 20.0)),
    ):
        flagged(one, it, SECOND, value, verdict)
    assert (it["peak"], it["view"], it["direction"], it["value"]) == (5.0, ViewCode.RANGE, -1, 50.0)
    assert it["level"] == pytest.approx(0.0, abs=1e-5)
    assert it["count"] == 3


def test_evidence_is_bounded() -> None:
    """After an hour of trouble eight ordinary points still close it."""
    one, it = usual(state=OPEN), anomaly()
    for _ in range(360):
        flagged(one, it, SECOND, 30.0, UP)
    assert one["evidence"] == MOST
    phases = [after_usual(one, it, 0.1) for _ in range(8)]
    assert phases == [-1] * 7 + [Phase.CLOSED]
    assert not one["state"]


def test_while_it_is_open_only_calm_points_count() -> None:
    """Hysteresis: below 0.7, not below 1."""
    one, it = usual(state=OPEN, evidence=5.0), anomaly()
    assert after_usual(one, it, CALM) == -1
    assert one["evidence"] == 5.0
    after_usual(one, it, CALM - 0.01)
    assert one["evidence"] == 4.0


def test_a_weak_point_is_over_after_four_ordinary_ones() -> None:
    """Four times a ratio of 1 is the evidence; the range then holds the value."""
    one, it = usual(), anomaly()
    flagged(one, it, SECOND, 30.0, (1.0, int(ViewCode.RANGE), 1, 16.0))
    after_flagged(one, it, SECOND, ADOPT_NS)
    assert [after_usual(one, it, 0.1) for _ in range(4)] == [-1, -1, -1, Phase.CLOSED]
    assert (one["evidence"], one["high"]) == (0.0, 30.0)


def test_without_evidence_an_ordinary_point_does_nothing() -> None:
    """The usual case of a point."""
    one, it = usual(), anomaly()
    before = one.tobytes()
    assert after_usual(one, it, 0.2) == -1
    assert one.tobytes() == before


@pytest.mark.parametrize(("value", "low", "high"), [(130.0, -10.0, 30.0), (70.0, -30.0, 10.0), (105.0, -10.0, 10.0)])
def test_an_anomaly_that_ended_is_part_of_the_known_range(value: float, low: float, high: float) -> None:
    """The value at its peak."""
    one = usual(state=OPEN)
    get_used_to(one, anomaly(value=value))
    assert (one["low"], one["high"]) == (low, high)


def test_the_slow_means_are_reset_once_the_fast_one_is_back() -> None:
    """After eight points in a row near the centre; a look back at the anomaly's level begins the count anew."""
    one, it = usual(medium=40.0, fast=1.0, season_chart=9.0), anomaly(level=80.0)
    for fast, medium in ((1.0, 40.0), (60.0, 40.0), *[(1.0, 40.0)] * (BACK_POINTS - 1), (1.0, 0.0)):
        one["fast"] = fast
        settle_charts(one, it)
        assert one["medium"] == medium
    assert one["season_chart"] == 0.0


def test_a_weak_shift_is_not_taken_for_its_end() -> None:
    """At the level of the anomaly nothing is reset."""
    one, it = usual(medium=1.0, fast=0.9), anomaly(level=1.0)
    for _ in range(100):
        settle_charts(one, it)
    assert one["medium"] == 1.0


def test_a_level_that_lasts_is_adopted() -> None:
    """After the adoption time, with at least 24 flagged points."""
    one, it = usual(state=OPEN), anomaly(since=0, count=ADOPT_POINTS)
    assert after_flagged(one, it, ADOPT_NS - 1, ADOPT_NS) == -1
    assert after_flagged(one, it, ADOPT_NS, ADOPT_NS) == Phase.ADOPTED
    it["count"] = ADOPT_POINTS - 1
    assert after_flagged(one, it, ADOPT_NS, ADOPT_NS) == -1


def test_an_adopted_level_is_the_usual_one() -> None:
    """The centre moves there, the charts begin anew, and the series is less sure of itself."""
    one = usual(state=OPEN, evidence=8.0, fast=41.0, medium=30.0, centre=1.0, rough=5.0, run=70.0)
    one["tails"][TOTAL + tail.PEAK] = 50.0
    adopt(one, anomaly(level=40.0, noise=3.0, value=140.0), SECOND)
    assert (one["centre"], one["spread"], one["rough_usual"], one["longest_run"]) == (41.0, 3.0, 5.0, 70.0)
    assert (one["low"], one["high"]) == (-10.0, 47.0)
    assert (one["fast"], one["medium"], one["evidence"], one["state"], one["n"]) == (0.0, 0.0, 0.0, 0, 200)
    assert not one["tails"][tail.PEAK :: tail.SIZE].any()


def test_a_day_that_was_adopted_widens_the_season() -> None:
    """Its levels were right on other days; half the present distance from them is usual now."""
    one = usual(state=OPEN, season_chart=-40.0, season_spread=1.0)
    adopt(one, anomaly(level=-40.0, value=60.0), SECOND)
    assert (one["season_spread"], one["season_chart"]) == (20.0, 0.0)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 10.0)), max_size=60))
def test_episodes_open_and_close_in_turn(points: list[tuple[bool, float]]) -> None:
    """Whatever comes: evidence stays within its bounds, and no episode opens twice or closes unopened."""
    one, it = usual(), anomaly()
    is_open = False
    for at, (odd, ratio) in enumerate(points, start=1):
        if odd:
            flagged(one, it, at * SECOND, 30.0, (1.0 + ratio, int(ViewCode.RANGE), 1, 16.0))
            phase = after_flagged(one, it, at * SECOND, ADOPT_NS)
        else:
            phase = after_usual(one, it, ratio)
        assert 0.0 <= one["evidence"] <= MOST
        assert phase in ((-1, Phase.CLOSED) if is_open else (-1, Phase.OPENED))
        is_open = is_open if phase == -1 else phase == Phase.OPENED
        assert bool(one["state"] & OPEN) is is_open
