from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.episodes import (
    ADOPT_POINTS,
    CALM,
    MOST,
    OPENS,
    adopt,
    after_flagged,
    after_usual,
    flagged,
    get_used_to,
    is_silent,
    report,
    report_silence,
    score_of,
    weight_of,
)
from detectors.bank.layout import OPEN, Phase, ViewCode
from tests.unit.detectors.bank.rows import SECOND, anomaly, transition, usual

UP = (3.0, int(ViewCode.DEVIATION), 1)
ADOPT_NS = 7200 * SECOND


@pytest.mark.parametrize(("ratio", "score"), [(0.0, 0.0), (1.0, 0.5), (4.0, 0.8), (1e12, 1.0)])
def test_a_score_is_half_at_the_edge(ratio: float, score: float) -> None:
    """0.8 is four times as far, and 1 is never reached by a ratio."""
    assert score_of(ratio) == pytest.approx(score)


@pytest.mark.parametrize(
    ("interval", "known", "weight"),
    [
        (10.0, False, 1.5),
        (60.0, False, 2.0),
        (180.0, False, 3.0),
        (3600.0, False, 3.0),
        (180.0, True, 2.0),
        (0.0, True, 1.4),
    ],
)
def test_a_point_weighs_what_its_interval_stands_for(interval: float, weight: float, *, known: bool) -> None:
    """1.4 and 0.01 a second, at most 3; inside the known range at most 2."""
    assert weight_of(interval, known) == pytest.approx(weight)


def test_no_single_point_opens_an_episode() -> None:
    """However wild and however seldom."""
    assert weight_of(1e9, False) < OPENS
    one, it = usual(interval=1e9), anomaly()
    flagged(one, it, SECOND, 1e30, (1e30, int(ViewCode.RANGE), 1))
    assert after_flagged(one, it, SECOND, ADOPT_NS) == -1


def test_the_first_flagged_point_begins_the_trouble() -> None:
    """Its time, value and expectation; what an older trouble left behind is gone."""
    one, it = usual(), anomaly(since=1, peak=9.0, count=77, level=5.0, noise=5.0)
    flagged(one, it, 2000 * SECOND, 30.0, UP)
    assert (it["since"], it["count"], it["peak"]) == (2000 * SECOND, 1, 3.0)
    assert (it["value"], it["expected"], it["view"], it["direction"]) == (130.0, 100.0, ViewCode.DEVIATION, 1)
    assert (it["level"], it["noise"]) == (30.0, 0.0)
    assert one["evidence"] == 1.5


def test_a_louder_point_takes_the_peak_over_and_a_quieter_does_not() -> None:
    """ViewCode, value and direction go with the peak; level and noise follow all points."""
    one, it = usual(), anomaly()
    for value, verdict in ((30.0, UP), (-50.0, (5.0, int(ViewCode.RANGE), -1)), (20.0, (2.0, int(ViewCode.SHIFT), 1))):
        flagged(one, it, SECOND, value, verdict)
    assert (it["peak"], it["view"], it["direction"], it["value"]) == (5.0, ViewCode.RANGE, -1, 50.0)
    assert it["level"] == pytest.approx(0.0, abs=1e-5)
    assert it["count"] == 3


def test_evidence_adds_up_to_an_episode() -> None:
    """At ten seconds a point adds 1.5: the third opens it."""
    one, it = usual(), anomaly()
    phases = []
    for _ in range(4):
        flagged(one, it, SECOND, 30.0, UP)
        phases.append(after_flagged(one, it, SECOND, ADOPT_NS))
    assert phases == [-1, -1, Phase.OPENED, -1]
    assert one["state"] & OPEN


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


def test_a_blip_is_forgotten_and_widens_the_tail_a_little() -> None:
    """One flagged point and two ordinary ones: nothing opened, the tail is 10 % wider, the range holds the value."""
    one, it = usual(), anomaly()
    flagged(one, it, SECOND, 30.0, UP)
    assert [after_usual(one, it, 0.9), after_usual(one, it, 0.9)] == [-1, -1]
    assert (one["evidence"], one["tail"], one["high"]) == (0.0, pytest.approx(3.3), 30.0)


def test_without_evidence_an_ordinary_point_does_nothing() -> None:
    """The usual case of a point."""
    one, it = usual(), anomaly()
    before = one.tobytes()
    assert after_usual(one, it, 0.2) == -1
    assert one.tobytes() == before


@pytest.mark.parametrize(
    ("view", "field", "before"),
    [
        (ViewCode.SHIFT, "chart_tail", 0.9),
        (ViewCode.TIME_OF_DAY, "hour_tail", 1.1),
        (ViewCode.DEVIATION, "tail", 3.0),
        (ViewCode.RANGE, "tail", 3.0),
    ],
)
def test_an_episode_that_closed_widens_the_view_that_raised_it(view: ViewCode, field: str, before: float) -> None:
    """By 1 + (peak - 1)/2, at most twofold; the others stay."""
    one = usual(state=OPEN)
    get_used_to(one, anomaly(view=view, peak=1.6, value=100.0))
    assert one[field] == pytest.approx(before * 1.3)
    others = {"chart_tail": 0.9, "hour_tail": 1.1, "tail": 3.0}
    del others[field]
    assert {name: float(one[name]) for name in others} == pytest.approx(others)
    get_used_to(one, anomaly(view=view, peak=100.0, value=100.0))
    assert one[field] <= before * 1.3 * 2.0 + 1e-6


def test_a_level_that_lasts_is_adopted() -> None:
    """After the adoption time, with at least 24 flagged points."""
    one, it = usual(state=OPEN), anomaly(since=0, count=ADOPT_POINTS)
    assert after_flagged(one, it, ADOPT_NS - 1, ADOPT_NS) == -1
    assert after_flagged(one, it, ADOPT_NS, ADOPT_NS) == Phase.ADOPTED
    it["count"] = ADOPT_POINTS - 1
    assert after_flagged(one, it, ADOPT_NS, ADOPT_NS) == -1


def test_an_adopted_level_is_the_usual_one() -> None:
    """Centre and slow mean move there, all hours by the same step, and the series is less sure of itself."""
    levels = np.arange(24, dtype=np.float32)
    one = usual(state=OPEN, evidence=8.0, chart=3.0, hour_chart=2.0, hour_now=5.0, slow=1.0)
    adopt(one, anomaly(level=41.0, noise=3.0, view=ViewCode.SHIFT), levels)
    assert (one["centre"], one["slow"], one["spread"], one["wide"]) == (41.0, 41.0, 3.0, 3.0)
    assert (one["low"], one["high"]) == (-10.0, 47.0)
    assert (one["chart"], one["hour_chart"], one["evidence"], one["state"], one["n"]) == (0.0, 0.0, 0.0, 0, 200)
    assert one["hour_now"] == 45.0
    assert levels.tolist() == [hour + 40.0 for hour in range(24)]


def test_an_odd_day_that_lasted_leaves_the_levels() -> None:
    """A trouble of the time of day silences that view; the levels of the day were right on other days."""
    levels = np.arange(24, dtype=np.float32)
    one = usual(state=OPEN)
    adopt(one, anomaly(level=40.0, view=ViewCode.TIME_OF_DAY), levels)
    assert (one["hour_tail"], levels.tolist()) == (4.0, list(range(24)))


def test_a_transition_tells_the_trouble() -> None:
    """Every field of it, over whatever stood in memory."""
    out = transition()
    it = anomaly(since=5, value=130.0, expected=100.0, peak=4.0, count=9, view=ViewCode.RANGE, direction=-1)
    report(it, 7, 20, Phase.OPENED, out)
    told = {name: out[name].item() for name in out.dtype.names}
    assert told.pop("score") == pytest.approx(0.8)
    assert told == {
        "series": 7, "phase": 1, "view": 2, "direction": -1, "spare": 0, "at": 20, "since": 5, "value": 130.0,
        "expected": 100.0, "points": 9, "nats": 0.0, "spread": 0.0, "learned": 0, "more": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("seconds", "silent"), [(59, False), (61, True), (-5, False)])
def test_a_series_is_silent_after_its_patience(seconds: int, *, silent: bool) -> None:
    """Ten seconds a point, pauses of ten: a minute by the source's own time."""
    assert is_silent(usual(), (1000 + seconds) * SECOND, 0.0) is silent


def test_a_silence_tells_how_long() -> None:
    """120 s of a patience of 60: a score of 2/3, in seconds beside the usual interval."""
    out = transition()
    report_silence(usual(), anomaly(silent_since=1000 * SECOND), 7, 1120 * SECOND, Phase.OPENED, out)
    assert (out["view"], out["direction"], out["points"]) == (ViewCode.SILENCE, 0, 0)
    assert (out["value"], out["expected"], out["since"]) == (pytest.approx(120.0), 10.0, 1000 * SECOND)
    assert out["score"] == pytest.approx(2 / 3)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 10.0)), max_size=60))
def test_episodes_open_and_close_in_turn(points: list[tuple[bool, float]]) -> None:
    """Whatever comes: evidence stays within its bounds, and no episode opens twice or closes unopened."""
    one, it = usual(), anomaly()
    is_open = False
    for at, (odd, ratio) in enumerate(points, start=1):
        if odd:
            flagged(one, it, at * SECOND, 30.0, (1.0 + ratio, int(ViewCode.RANGE), 1))
            phase = after_flagged(one, it, at * SECOND, ADOPT_NS)
        else:
            phase = after_usual(one, it, ratio)
        assert 0.0 <= one["evidence"] <= MOST
        assert phase in ((-1, Phase.CLOSED) if is_open else (-1, Phase.OPENED))
        is_open = is_open if phase == -1 else phase == Phase.OPENED
        assert bool(one["state"] & OPEN) is is_open
