"""Supervises the fleet: the wanted number of shards, each with its slots, and the other actors.

The assignment of slots is written first, under the epoch of the ``fleet`` role. Then shards that lose slots
release them with a last snapshot, then shards that gain slots take over from the snapshots. A restarted shard reads the
assignment at its start. A moved slot gets a new generation, and a snapshot of an older one is refused: two shards
never continue the same slot.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from aiops.adapters.shard_parts import ShardStatus
from aiops.model.errors import AiopsError, FencedOutError

_LOG = structlog.get_logger(__name__)
_SILENT_ROUNDS = 5
"""Consecutive failed status calls after which a shard is killed and restarted."""


class Assignments(Protocol):
    """The table of slot assignments."""

    def assign(self, epoch: int, slots: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        """Assign each slot to a shard; returns slot to (shard, generation)."""
        ...

    def assignment(self) -> dict[int, tuple[int, int]]:
        """Slot to (shard, generation)."""
        ...


class Actors(Protocol):
    """The cluster as the fleet keeper uses it."""

    def ensure(self, number: int) -> None:
        """Make shard ``number`` if it does not exist."""
        ...

    def own(self, number: int, slots: Mapping[int, int]) -> None:
        """Make the shard own exactly these slots."""
        ...

    def status(self, number: int) -> ShardStatus:
        """The shard's status."""
        ...

    def kill(self, number: int) -> None:
        """Kill the shard's process; it restarts."""
        ...

    def remove(self, number: int) -> None:
        """Stop the shard permanently."""
        ...

    def numbers(self) -> list[int]:
        """Numbers of the existing shards."""
        ...

    def ensure_others(self) -> None:
        """Make orchestrator, agents and executor if they do not exist."""
        ...


def spread(before: Mapping[int, int], slots: int, shards: int) -> dict[int, int]:
    """Slot to shard: an even distribution with the fewest moves from ``before``. Deterministic."""
    owned: dict[int, list[int]] = {shard: [] for shard in range(shards)}
    unassigned: list[int] = []
    for slot in range(slots):
        owned.get(before.get(slot, -1), unassigned).append(slot)
    most, extra = divmod(slots, shards)
    allowance = dict.fromkeys(owned, most)
    for shard in sorted(owned, key=lambda s: (-len(owned[s]), s))[:extra]:
        allowance[shard] += 1
    for shard, mine in owned.items():
        unassigned += mine[allowance[shard] :]
        del mine[allowance[shard] :]
    unassigned.sort(reverse=True)
    for shard, mine in owned.items():
        while len(mine) < allowance[shard]:
            mine.append(unassigned.pop())
    return {slot: shard for shard, mine in owned.items() for slot in mine}


class FleetKeeper:
    """Reconciles once a second the wanted number of shards, the assignment table and the shards' status.

    Args:
        actors: the cluster.
        table: assignments of one domain.
        epoch: claimed for the ``fleet`` role.
        slots: number of slots.
        wanted: returns the wanted number of shards.
        every_seconds: interval between two rounds.
    """

    def __init__(
        self,
        actors: Actors,
        table: Assignments,
        *,
        epoch: int,
        slots: int,
        wanted: Callable[[], int],
        every_seconds: float = 1.0,
    ) -> None:
        self._actors, self._table, self._epoch, self._slots, self._wanted = actors, table, epoch, slots, wanted
        self._every_seconds = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
        self._silent: dict[int, int] = {}
        self.error = ""

    def start(self) -> None:
        """Reconcile every second in a thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Stop reconciling. Actors keep running."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_seconds):
            try:
                self.reconcile()
                self.error = ""
            except FencedOutError as error:
                _LOG.warning("fleet_over", reason=str(error))
                return
            except AiopsError as error:
                self.error = str(error)
                _LOG.warning("fleet_waits", reason=str(error))
            except Exception as error:  # noqa: BLE001 - an actor's loop: it must continue after any error
                self.error = f"{type(error).__name__}: {error}"
                _LOG.exception("fleet_failed")

    def reconcile(self) -> None:
        """Reconcile once.

        Raises:
            AiopsError: a step failed; the next call repeats it.
        """
        self._actors.ensure_others()
        count = max(1, min(self._wanted(), self._slots))
        for number in range(count):
            self._actors.ensure(number)
        before = self._table.assignment()
        target = spread({slot: shard for slot, (shard, _) in before.items()}, self._slots, count)
        assigned = before
        if target != {slot: shard for slot, (shard, _) in before.items()}:
            assigned = self._table.assign(self._epoch, target)
            _LOG.info("slots_assigned", shards=count, slots=self._slots)
        self._settle(assigned)
        for number in self._actors.numbers():
            if number >= count:
                self._actors.own(number, {})
                self._actors.remove(number)

    def _settle(self, assigned: Mapping[int, tuple[int, int]]) -> None:
        """Send the assignment to the shards. Shards release lost slots before others take them over."""
        have = {number: self._status_of(number) for number in self._actors.numbers()}
        wanted: dict[int, dict[int, int]] = {number: {} for number in have}
        for slot, (shard, generation) in assigned.items():
            wanted.setdefault(shard, {})[slot] = generation
        outdated = [n for n in wanted if have.get(n) is not None and have[n] != wanted[n]]
        for number in outdated:
            kept = {s: g for s, g in (have[number] or {}).items() if wanted[number].get(s) == g}
            if kept != have[number]:
                self._actors.own(number, kept)
        for number in outdated:
            self._actors.own(number, wanted[number])

    def _status_of(self, number: int) -> dict[int, int] | None:
        try:
            status = self._actors.status(number)
        except AiopsError:
            self._silent[number] = self._silent.get(number, 0) + 1
            if self._silent[number] >= _SILENT_ROUNDS:
                _LOG.warning("shard_hangs", shard=number)
                self._silent[number] = 0
                self._actors.kill(number)
            return None
        self._silent[number] = 0
        return None if status.error else dict(status.slots)
