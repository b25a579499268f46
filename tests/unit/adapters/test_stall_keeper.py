"""Stalled slots become incidents of the runtime that page, and end when the slot moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.shard_parts import ShardStatus
from aiops.adapters.stall_episodes import METRIC, StallEpisodes
from aiops.adapters.stall_keeper import OPEN_EPISODES, StallKeeper
from aiops.model.durations import SECOND
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode, Source
from aiops.model.errors import TemporaryError
from aiops.model.records import TopicPartition
from tests.unit.adapters.test_stalls import PLACE, status
from tests.unit.control.fakes import Loop, settings


@dataclass
class Shards:
    """One shard."""

    position: int = 0
    alive_at: int = 0
    moves_when_asked: int = 0
    """Records that are written and read between a keeper's question for the status and its answer."""
    away: bool = False
    killed: list[int] = field(default_factory=list)

    def numbers(self) -> list[int]:
        return [0]

    def status(self, number: int, timeout_seconds: float = 5.0) -> ShardStatus:
        if self.away:
            raise TemporaryError("it does not answer")
        self.position += self.moves_when_asked
        return status(self.position, self.alive_at)

    def kill(self, number: int) -> None:
        self.killed.append(number)


@dataclass
class Desk:
    """A keeper, its shard, its broker and what it reported."""

    folder: Path
    shards: Shards = field(default_factory=Shards)
    end: int = 900
    down: bool = False
    told: list[Episode] = field(default_factory=list)
    second: int = 0

    def __post_init__(self) -> None:
        self.keeper = self.fresh()
        self.seconds(2, moves=1)

    def fresh(self) -> StallKeeper:
        return StallKeeper(
            self.shards, self.bounds, self.report, folder=self.folder, clock=self, episodes=StallEpisodes("main")
        )

    def now(self) -> int:
        return 1_770_000_000 * SECOND + self.second * SECOND

    def bounds(self) -> Mapping[TopicPartition, tuple[int, int]]:
        return {PLACE: (0, max(self.end, self.shards.position))}

    def report(self, episodes: Sequence[Episode]) -> None:
        if self.down:
            raise TemporaryError("the broker is away")
        self.told += episodes

    def seconds(self, count: int, *, moves: int = 0) -> None:
        for _ in range(count):
            self.second += 1
            self.shards.position += moves
            self.keeper.check(self.second * SECOND)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_slot_that_does_not_move_is_reported_within_ten_seconds(desk: Desk) -> None:
    """As an open episode of the runtime that names the partition and the number of unread records."""
    desk.seconds(9)
    (told,) = desk.told
    assert (told.entity, told.source, told.slot, told.ended_at) == (RUNTIME_ENTITY, Source.RUNTIME, 0, None)
    assert [(signal.series, signal.value) for signal in told.signals] == [
        (f"{METRIC}{{partition=otlp_metrics/0}}", 898.0)
    ]


def test_a_shard_that_is_gone_is_reported_too(desk: Desk) -> None:
    """It answers nothing; its partition does not move."""
    desk.seconds(3, moves=5)
    desk.shards.away = True
    desk.seconds(12)
    assert len(desk.told) == 1


def test_a_slot_that_moves_is_never_reported(desk: Desk) -> None:
    """Also when it is far behind."""
    desk.seconds(300, moves=1)
    assert desk.told == []


def test_a_slot_that_is_current_is_not_reported_because_its_status_came_late(desk: Desk) -> None:
    """As when another shard lets the keeper wait: the broker is asked after the shards."""
    desk.shards.position = desk.end
    desk.shards.moves_when_asked = 40
    desk.seconds(60)
    assert desk.told == []


def test_the_episode_is_told_again_and_ends_when_the_slot_moves(desk: Desk) -> None:
    """Every half minute under one id with rising revisions."""
    desk.seconds(45)
    desk.seconds(1, moves=5)
    assert len({told.id for told in desk.told}) == 1
    assert [(told.revision, told.ended_at is not None) for told in desk.told] == [(1, False), (2, False), (3, True)]


def test_what_the_broker_did_not_take_is_reported_later(desk: Desk) -> None:
    """In order."""
    desk.seconds(7)
    desk.down = True
    with pytest.raises(TemporaryError):
        desk.seconds(1)
    desk.down = False
    desk.seconds(1)
    assert [told.revision for told in desk.told] == [1]


def test_the_next_keeper_ends_the_episodes_of_the_last(desk: Desk) -> None:
    """They are kept in the state folder."""
    desk.seconds(9)
    desk.keeper = desk.fresh()
    desk.keeper.start()
    desk.keeper.stop()
    desk.end = 0
    desk.seconds(1)
    assert [told.ended_at is not None for told in desk.told] == [False, True]
    assert desk.told[0].id == desk.told[1].id
    assert (desk.folder / OPEN_EPISODES).read_text() == ""


def test_a_damaged_file_of_open_episodes_is_no_obstacle(desk: Desk) -> None:
    """The keeper starts without them."""
    (desk.folder / OPEN_EPISODES).write_text("{not json")
    desk.keeper.start()
    desk.keeper.stop()
    assert desk.keeper.error == ""


def test_a_shard_whose_loop_hangs_is_killed_once_in_two_minutes(desk: Desk) -> None:
    """Its partition has unread records and its status has not changed."""
    desk.shards.alive_at = 5
    desk.seconds(115)
    assert desk.shards.killed == []
    desk.seconds(20)
    assert desk.shards.killed == [0]


def test_a_stalled_slot_pages_a_person_and_leads_to_no_action(desk: Desk) -> None:
    """Through the orchestrator, as any incident of the runtime."""
    desk.seconds(9)
    desk.seconds(5, moves=3)
    loop = Loop(settings())
    loop.abnormal(RUNTIME_ENTITY, **_fields(desk.told[0]))
    loop.wait(60)
    assert loop.incidents == {"INC-1": "escalated"}
    assert len(loop.target.pages) == 1
    assert loop.target.effects == {}


def _fields(told: Episode) -> dict[str, Any]:
    """What an episode says apart from its times."""
    names = ("id", "severity", "signals", "signals_total", "source", "slot")
    return {name: getattr(told, name) for name in names}
