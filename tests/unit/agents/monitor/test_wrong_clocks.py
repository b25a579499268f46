from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from aiops.agents.monitor.wrong_clocks import WrongClocks
from aiops.model.durations import SECOND
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode, SignalDirection, Source

T0 = 1_750_000_000 * SECOND


def watch(
    clocks: WrongClocks, seconds: range, skews: Mapping[str, float] | Sequence[Mapping[str, float]]
) -> list[tuple[int, Episode]]:
    """What is told, with the second, while senders have these skews; of several, one each second."""
    told = []
    for place, second in enumerate(seconds):
        now = skews if isinstance(skews, Mapping) else skews[place]
        told += [(second, one) for one in clocks.tick(T0 + second * SECOND, lambda now=now: now)]  # type: ignore[misc]
    return told


def test_one_episode_names_all_senders_with_wrong_clocks() -> None:
    """The worst first, with their skew; a clock that is behind has a skew above 0."""
    told = watch(WrongClocks(3), range(131), {"shop a": -90.0, "pay": 400.0, "cart": 20.0})
    assert [second for second, _ in told] == [120]
    episode = told[0][1]
    assert (episode.entity, episode.source, episode.id) == (RUNTIME_ENTITY, Source.RUNTIME, episode.id)
    assert [(one.series, one.value, one.direction) for one in episode.signals] == [
        ("aiops.clock.skew{sender=pay}", 400.0, SignalDirection.UP),
        ("aiops.clock.skew{sender=shop a}", -90.0, SignalDirection.DOWN),
    ]
    assert {one.since for one in episode.signals} == {T0}


def test_a_clock_that_is_wrong_for_a_moment_opens_nothing() -> None:
    """Two minutes are the least, and they begin anew when it was right."""
    clocks = WrongClocks(0)
    for begin in range(0, 600, 200):
        assert watch(clocks, range(begin, begin + 110), {"a": 100.0}) == []
        assert watch(clocks, range(begin + 110, begin + 200), {"a": 1.0}) == []


def test_a_skew_around_the_limit_is_one_episode() -> None:
    """It opens above the limit and ends below half of it."""
    clocks = WrongClocks(0)
    told = watch(clocks, range(200), {"a": 61.0})
    told += watch(clocks, range(200, 2000), [{"a": 31.0 + 40.0 * (second // 60 % 2)} for second in range(200, 2000)])
    assert len({one.id for _, one in told}) == 1
    assert all(one.ended_at is None for _, one in told)
    ((second, ended),) = watch(clocks, range(2000, 2100), {"a": 29.0})
    assert second < 2011
    assert (ended.id, ended.ended_at) == (told[0][1].id, T0 + second * SECOND)
    assert ended.revision > told[-1][1].revision


def test_a_sender_that_is_gone_ends_the_episode() -> None:
    """It has no clock any more."""
    clocks = WrongClocks(0)
    watch(clocks, range(200), {"a": 600.0})
    ((_, ended),) = watch(clocks, range(200, 300), {})
    assert ended.ended_at is not None
    assert [one.series for one in ended.signals] == ["aiops.clock.skew{sender=a}"]
    assert watch(clocks, range(300, 900), {}) == []


def test_another_sender_is_told_at_once_and_the_rest_every_30_seconds() -> None:
    """The same episode, with a higher revision."""
    clocks = WrongClocks(0)
    skews = [{"a": 90.0} | ({"b": 90.0} if second > 152 else {}) for second in range(300)]
    told = watch(clocks, range(300), skews)
    assert [(second, one.signals_total) for second, one in told] == [
        (120, 1), (150, 1), (180, 1), (210, 1), (240, 1), (270, 1), (280, 2)
    ]  # fmt: skip
    assert [one.revision for _, one in told] == sorted({one.revision for _, one in told})


def test_at_most_16_senders_are_named_and_all_are_counted() -> None:
    """A whole cluster without NTP is one readable episode."""
    ((_, episode),) = watch(WrongClocks(0), range(121), {f"pod{n:02}": 60.5 + n for n in range(40)})
    assert (len(episode.signals), episode.signals_total) == (16, 40)
    assert episode.signals[0].series == "aiops.clock.skew{sender=pod39}"


@pytest.mark.parametrize(("owner", "told"), [(2, 1), (5, 0)])
def test_the_next_owner_of_the_shard_ends_the_episode(owner: int, told: int) -> None:
    """If the clocks are right after a restart; another shard has its own episode."""
    first, second = WrongClocks(2), WrongClocks(owner)
    ((_, opened),) = watch(first, range(121), {"a": 90.0})
    second.restore(first.to_array())
    found = watch(second, range(121, 300), {"a": 3.0})
    assert [(one.id, one.ended_at is not None) for _, one in found] == [(opened.id, True)] * told


def test_an_episode_goes_on_after_a_restart() -> None:
    """Without a wait of two minutes, in which it would end and open again."""
    first, second = WrongClocks(2), WrongClocks(2)
    ((_, opened),) = watch(first, range(121), {"a": 90.0})
    second.restore(first.to_array())
    found = watch(second, range(121, 150), {"a": 90.0})
    assert [(one.id, one.ended_at) for _, one in found] == [(opened.id, None)]
