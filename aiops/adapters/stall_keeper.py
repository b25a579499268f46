"""Reports slots that do not move as incidents of the runtime, and kills a shard whose loop hangs.

It runs in a thread of its own: a call to a hung shard may hold the fleet keeper up for a minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog

from aiops.adapters.atomic_files import replace_file
from aiops.adapters.shard_parts import ShardStatus
from aiops.adapters.stall_episodes import StallEpisodes
from aiops.adapters.stalls import StallWatch, by_slot
from aiops.model.codec import decode, encode
from aiops.model.episodes import Episode
from aiops.model.errors import AiopsError
from aiops.model.records import TopicPartition
from aiops.ports import Clock

_LOG = structlog.get_logger(__name__)
_EVERY_SECONDS = 1.0
_STATUS_SECONDS = 1.0
OPEN_EPISODES: Final = "stalled.jsonl"


class ShardCluster(Protocol):
    """The cluster as this keeper uses it."""

    def numbers(self) -> list[int]:
        """Numbers of the existing shards."""
        ...

    def status(self, number: int, timeout_seconds: float = 5.0) -> ShardStatus:
        """The shard's status; ``AiopsError``: none within the time."""
        ...

    def kill(self, number: int) -> None:
        """Kill the shard's process; it restarts."""
        ...


class StallKeeper:
    """Compares once a second the shards' positions with the ends of their partitions.

    Args:
        shards: the cluster.
        bounds: first and end offset of every partition that the shards read, from the broker. Raises ``AiopsError``.
        report: writes episodes durably. Raises ``AiopsError``: the next check writes them again.
        folder: state folder; it keeps the open episodes for the next keeper.
        clock: the wall clock.
        episodes: of one domain.
    """

    def __init__(
        self,
        shards: ShardCluster,
        bounds: Callable[[], Mapping[TopicPartition, tuple[int, int]]],
        report: Callable[[Sequence[Episode]], None],
        *,
        folder: Path,
        clock: Clock,
        episodes: StallEpisodes,
    ) -> None:
        self._shards, self._bounds, self._report = shards, bounds, report
        self._file, self._clock, self._episodes = folder / OPEN_EPISODES, clock, episodes
        self._watch = StallWatch()
        self._unwritten: list[Episode] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stalls", daemon=True)
        self.error = ""
        """Why the last check failed; empty: it did not."""

    def start(self) -> None:
        """Take over the open episodes of the last keeper and check every second in a thread."""
        self._episodes.open.update({found.slot: found for found in _read(self._file)})
        self._thread.start()

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Stop checking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            try:
                self.check(time.monotonic_ns())
                self.error = ""
            except AiopsError as error:
                self.error = str(error)
            except Exception as error:  # noqa: BLE001 - an actor's loop: it must continue after any error
                self.error = f"{type(error).__name__}: {error}"
                _LOG.exception("stall_watch_failed")

    def check(self, at: int) -> None:
        """Check once at the monotonic time ``at``, ns.

        Raises:
            AiopsError: the broker does not answer, or the episodes cannot be written; the next check repeats it.
        """
        statuses = self._statuses()  # before the bounds, see ``look``
        stalls = by_slot(self._watch.look(self._bounds(), statuses, at))
        for number in self._watch.hung(at):
            _LOG.error("shard_hangs", shard=number)
            self._watch.forgive(number, at)
            self._shards.kill(number)
        told = self._episodes.tell(stalls, self._clock.now())
        for episode in told:
            _LOG.warning("slot_stalled", slot=episode.slot, over=episode.ended_at is not None)
        self._unwritten += told
        if self._unwritten:
            self._report(self._unwritten)
            self._unwritten = []
            _write(self._file, self._episodes.open.values())

    def _statuses(self) -> list[ShardStatus]:
        found = []
        for number in self._shards.numbers():
            try:
                found.append(self._shards.status(number, _STATUS_SECONDS))
            except AiopsError:
                continue  # its positions stay where they were
        return found


def _read(file: Path) -> list[Episode]:
    try:
        return [decode(Episode, line) for line in file.read_text().splitlines()]
    except (OSError, ValueError):
        return []


def _write(file: Path, episodes: Iterable[Episode]) -> None:
    replace_file(file, ["".join(f"{encode(episode)}\n" for episode in episodes).encode()])
