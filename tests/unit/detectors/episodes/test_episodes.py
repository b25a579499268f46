from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.episodes import Episode, Source
from detectors.episodes import EpisodeAggregator, EpisodeSettings, Noticeable
from detectors.revisions import NamedSeries, Place
from detectors.transitions import CLOSED, OPENED, WORSE, Transitions

SECOND = 1_000_000_000
T0 = 1_800_000_000 * SECOND
SERIES_AN_ENTITY = 4
NAMED = NamedSeries(lambda code: f"e{code}", lambda series: (f"m{series % 4}{{s={series}}}", f"m{series % 4}", None))

Step = tuple[int, int, float, float]
"""Series, what, second, score."""


def transitions(steps: list[Step]) -> Transitions:
    """Steps as arrays."""
    series, what, second, score = (list(column) for column in zip(*steps, strict=True)) if steps else ([], [], [], [])
    return Transitions(
        np.array(series, np.int32),
        np.array(what, np.uint8),
        T0 + (np.array(second, np.float64) * SECOND).astype(np.int64),
        np.array(score, np.float64),
        np.array(score, np.float64) * 100,
        np.zeros(len(steps)),
        np.zeros(len(steps), np.uint8),
        np.zeros(len(steps), np.uint8),
        (np.array(series, np.int32) // 8 % 2).astype(np.uint8),
    )


class Driver:
    """A folder that is driven second by second."""

    def __init__(self, objectives: tuple[int, ...] = (), size: int = 64, noticeable: Noticeable | None = None) -> None:
        self.folder = EpisodeAggregator(Place(3, 7, "eu"), EpisodeSettings(), noticeable=noticeable)
        numbers = np.arange(size, dtype=np.int32)
        self.entity, self.metric = numbers // SERIES_AN_ENTITY, numbers % SERIES_AN_ENTITY
        self.objective = np.isin(numbers, objectives).astype(np.uint8)

    def fold(self, *steps: Step) -> None:
        self.take(transitions(list(steps)))

    def take(self, found: Transitions) -> None:
        which = found.series
        self.folder.fold(found, self.entity[which], self.metric[which], objective=self.objective[which])

    def at(self, second: float) -> list[Episode]:
        return self.folder.boundary(T0 + int(second * SECOND), T0 + int(second * SECOND), NAMED)


def test_a_severe_series_makes_its_entity_unwell() -> None:
    """One severe signal opens an episode that carries slot, generation and domain."""
    driver = Driver()
    driver.fold((5, OPENED, 1, 0.95))
    (episode,) = driver.at(2)
    assert (episode.entity, episode.opened_at, episode.ended_at) == ("e1", T0 + SECOND, None)
    assert (episode.slot, episode.generation, episode.domain, episode.severity) == (3, 7, "eu", 0.95)
    assert episode.signals[0].series == "m1{s=5}"
    assert driver.at(3) == []


def test_a_weak_blip_of_one_metric_opens_nothing() -> None:
    """A weak signal that comes back within the confirmation is forgotten."""
    driver = Driver()
    driver.fold((5, OPENED, 1, 0.6))
    assert driver.at(2) == []
    driver.fold((5, CLOSED, 30, 0.0))
    assert [driver.at(second) for second in (31, 100, 200)] == [[], [], []]
    assert len(driver.folder.cases) == 0


def test_a_weak_signal_that_lasts_opens() -> None:
    """After the confirmation a weak signal counts, since its first abnormal point."""
    driver = Driver()
    driver.fold((5, OPENED, 1, 0.6))
    assert driver.at(60) == []
    (episode,) = driver.at(61)
    assert episode.opened_at == T0 + SECOND


def test_two_metrics_that_agree_open_at_once_but_two_series_of_one_do_not() -> None:
    """Agreement is of different metrics."""
    driver = Driver()
    driver.metric = np.zeros(64, np.int32)
    driver.fold((4, OPENED, 1, 0.6), (5, OPENED, 1, 0.6))
    assert driver.at(2) == []
    driver = Driver()
    driver.fold((4, OPENED, 1, 0.6), (5, OPENED, 1, 0.6))
    (episode,) = driver.at(2)
    assert episode.signals_total == 2


def test_a_series_with_an_objective_opens_at_once() -> None:
    """A weak signal that carries an objective is a breach."""
    driver = Driver(objectives=(5,))
    driver.fold((5, OPENED, 1, 0.55))
    (episode,) = driver.at(2)
    assert episode.breaches_objective


def test_an_episode_ends_after_the_hold_and_not_in_a_flap() -> None:
    """A series that returns within the hold keeps the episode open; its end is when the last series came back."""
    driver = Driver()
    driver.fold((5, OPENED, 1, 0.95))
    opened = driver.at(2)[0]
    driver.fold((5, CLOSED, 10, 0.0))
    driver.at(11)
    driver.fold((5, OPENED, 40, 0.95), (5, CLOSED, 45, 0.0))
    seen = [episode for second in range(46, 104) for episode in driver.at(second)]
    assert all(episode.ended_at is None for episode in seen)
    (ended,) = [episode for episode in driver.at(105) if episode.ended_at is not None]
    assert (ended.id, ended.ended_at) == (opened.id, T0 + 45 * SECOND)
    assert ended.revision > max(episode.revision for episode in [opened, *seen])
    assert len(driver.folder.cases) == 0


def test_signals_are_the_worst_sixteen() -> None:
    """An episode lists the worst first, at most 16, and counts all."""
    driver = Driver()
    driver.entity = np.zeros(64, np.int32)
    driver.fold(*((series, OPENED, 1, 0.5 + series / 200) for series in range(40)))
    (episode,) = driver.at(2)
    assert episode.signals_total == 40
    assert [signal.score for signal in episode.signals] == [0.5 + series / 200 for series in range(39, 23, -1)]
    assert episode.source == Source.METRIC


def steps() -> st.SearchStrategy[list[Step]]:
    """Histories of up to a few minutes over four entities."""
    step = st.tuples(
        st.integers(0, 15),
        st.sampled_from([OPENED, WORSE, CLOSED]),
        st.integers(0, 12),
        st.sampled_from([0.5, 0.7, 0.95]),
    )
    return st.lists(step, max_size=60)


@settings(max_examples=60, deadline=None)
@given(steps(), st.lists(st.integers(0, 60), max_size=6), st.integers(0, 20))
def test_cuts_and_restarts_change_nothing(history: list[Step], cuts: list[int], restart: int) -> None:
    """However a history is cut into calls, and with a snapshot in between, episodes are the same; revisions rise."""
    clock, timed = 0.0, []
    for series, what, wait, score in history:
        clock += wait
        timed.append((series, what, clock, score))

    def run(cuts: set[int], restart: int | None) -> list[Episode]:
        driver = Driver()
        told: list[Episode] = []
        waiting: list[Step] = []
        now = 0
        for number, step in enumerate([*timed, None]):
            second = now + 1 if step is None else int(step[2])
            if number in cuts or second > now:
                driver.fold(*waiting)
                waiting = []
            while now < second:
                told += driver.at(now)
                now += 1
            if number == restart:
                driver.fold(*waiting)
                waiting = []
                state = driver.folder.to_arrays()
                driver.folder = EpisodeAggregator(driver.folder.place, EpisodeSettings())
                driver.folder.restore(state)
            if step is not None:
                waiting.append(step)
        for second in range(now, now + 200):
            told += driver.at(second)
        check(driver.folder)
        return told

    whole = run(set(), None)
    assert whole == run(set(cuts), restart)
    revisions: dict[str, int] = {}
    for episode in whole:
        assert episode.revision > revisions.get(episode.id, 0)
        revisions[episode.id] = episode.revision
        assert episode.ended_at is None or episode.ended_at >= episode.opened_at


def check(folder: EpisodeAggregator) -> None:
    """Counts of cases agree with their signals."""
    signals, cases = folder.signals, folder.cases
    assert len(set(cases["entity"].tolist())) == len(cases)
    for number, case in enumerate(cases):
        own = signals[signals["case"] == number]
        assert case["signals"] == len(own)
        assert case["active"] == int((own["ended"] == 0).sum())


def test_a_storm_is_a_few_revisions_of_each_entity() -> None:
    """A storm over 5,000 entities with 100,000 series gives 5,000 episodes, each told a few times."""
    size, entities = 100_000, 5_000
    driver = Driver(size=size)
    numbers = np.arange(size, dtype=np.int32)
    driver.entity, driver.metric = numbers % entities, numbers // entities % 4
    shuffled = np.random.default_rng(1).permutation(size).astype(np.int32)
    told: list[Episode] = []
    begin = time.perf_counter()
    for second in range(10):
        part = shuffled[second * size // 10 : (second + 1) * size // 10]
        blank = np.zeros(len(part), np.uint8)
        score = np.full(len(part), 0.8)
        at = np.full(len(part), T0 + second * SECOND, np.int64)
        found = Transitions(part, blank + OPENED, at, score, score, score, blank, blank, blank)
        driver.take(found)
        told += driver.at(second + 1)
    elapsed = time.perf_counter() - begin
    print(f"storm: {elapsed:.2f} s, {len(told)} revisions")
    assert len({episode.id for episode in told}) == entities
    assert len(told) <= 3 * entities


def test_an_open_episode_is_told_again_with_a_fresh_watermark() -> None:
    """Nothing changes for ten minutes: a higher revision of the same episode at least every 30 s, until it ends."""
    driver = Driver()
    driver.fold((5, OPENED, 1, 0.95))
    told = [episode for second in range(2, 600) for episode in driver.at(second)]
    marks = [episode.watermark for episode in told]
    assert max(after - before for before, after in pairwise(marks)) <= 30 * SECOND
    assert len(told) <= 600 / 30 + 2
    assert all(after.revision > before.revision for before, after in pairwise(told))
    assert {replace(episode, revision=0, watermark=0) for episode in told} == {
        replace(told[0], revision=0, watermark=0)
    }
    driver.fold((5, CLOSED, 600, 0.0))
    rest = [episode for second in range(601, 900) for episode in driver.at(second)]
    assert rest[-1].ended_at == T0 + 600 * SECOND


def test_old_evidence_is_not_called_fresh() -> None:
    """While the clock goes on but the watermark does not, nothing is told again."""
    driver = Driver()
    driver.fold((5, OPENED, 1, 0.95))
    assert len(driver.at(2)) == 1
    later = [driver.folder.boundary(T0 + second * SECOND, T0 + 2 * SECOND, NAMED) for second in range(3, 300)]
    assert later == [[]] * len(later)


def test_telling_5000_open_entities_again_is_spread() -> None:
    """A storm that goes on costs at most 170 revisions a second, however its entities began together."""
    entities = 5_000
    driver = Driver(size=entities * SERIES_AN_ENTITY)
    driver.fold(*((number * SERIES_AN_ENTITY, OPENED, 1, 0.95) for number in range(entities)))
    assert len(driver.at(2)) == entities
    counts = [len(driver.at(second)) for second in range(3, 123)]
    assert max(counts) <= 170
    assert sum(counts) == 4 * entities


def test_what_gets_worse_at_once_is_told_together() -> None:
    """After the first report urgent news waits two seconds, so that one revision tells all of it."""
    driver = Driver()
    driver.fold((4, OPENED, 1, 0.82))
    assert len(driver.at(1)) == 1
    driver.fold((5, OPENED, 1.5, 0.93))
    assert driver.at(2) == []
    driver.fold((6, OPENED, 2.5, 0.97))
    (episode,) = driver.at(3)
    assert (episode.severity, episode.signals_total) == (0.97, 3)


@pytest.mark.parametrize("what", [WORSE, CLOSED])
def test_news_of_a_series_that_is_not_abnormal_says_nothing(what: int) -> None:
    """Only an opening makes a case."""
    driver = Driver()
    driver.fold((5, what, 1, 0.95))
    assert driver.at(2) == []
    assert replace(driver.folder.place) == driver.folder.place


def test_what_nobody_feels_opens_late() -> None:
    """However far out and however many agree, five minutes pass first; a noticeable one, or an objective, opens."""
    unnoticed = Driver(objectives=(8,), noticeable=lambda rows: rows["series"] == 2)
    unnoticed.fold((5, OPENED, 1, 0.99), (6, OPENED, 1, 0.99), (1, OPENED, 1, 0.99), (8, OPENED, 1, 0.9))
    assert [episode.entity for episode in unnoticed.at(2)] == ["e2"]
    assert {episode.entity for episode in unnoticed.at(290)} == {"e2"}
    unnoticed.fold((2, OPENED, 291, 0.6))
    assert {episode.entity for episode in unnoticed.at(292)} == {"e0"}
    assert "e1" in {episode.entity for episode in unnoticed.at(302)}
