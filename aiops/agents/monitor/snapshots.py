"""Takes full or incremental snapshots of a slot's state and restores them.

In an increment, tables and banks hold only the rows added or changed since the previous snapshot; small parts are
complete. The increments of a chain must be applied in order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aiops.agents.monitor.account import PartitionAccount
from aiops.agents.monitor.models import OBJECTIVES
from aiops.agents.monitor.slot import Slot
from aiops.model.errors import PermanentError
from aiops.model.records import Arrays, SlotSnapshot
from detectors.watermarks import Watermark

FORMAT = 3
_EVERY = 60
"""Number of increments after which a full snapshot is taken."""
_Version = tuple[int, int, int, int]
_NOTHING: _Version = (0, 0, 0, 0)


@dataclass(slots=True)
class SlotSnapshotter:
    """Takes snapshots of one slot, and keeps the versions that the last one contained."""

    slot: Slot
    sequence: int = 0
    _base: int = 0
    """Sequence of the last full snapshot; 0: none."""
    _memory: _Version = _NOTHING
    _transit: _Version = _NOTHING
    _bank: int = 0
    _sources: int = 0
    _logs: int = 0
    """Serial number of the next template when the last snapshot was taken."""
    _topics: tuple[str, ...] = field(default=())

    def take(self, *, full: bool = False) -> SlotSnapshot:
        """The next snapshot; it must be a full one if the last could not be written."""
        slot = self.slot
        whole = full or not self._base or self.sequence + 1 - self._base >= _EVERY
        self.sequence += 1
        if whole:
            self._base = self.sequence
        memory = slot.memory.since(_NOTHING if whole else self._memory)
        transit = slot.transit.since(_NOTHING if whole else self._transit)
        bank = slot.detection.bank.to_arrays(None if whole else self._bank)
        self._memory, self._transit = slot.memory.table.version, slot.transit.table.version
        self._bank = int(bank["head"][2])
        sources = slot.detection.sources[0 if whole else self._sources :].copy()
        self._sources = len(slot.detection.sources)
        logs = slot.logs.to_arrays(0 if whole else self._logs)
        self._logs = slot.logs.counter.table.serial
        parts: dict[str, Arrays] = {
            "head": _head(slot),
            "memory": memory,
            "transit": transit,
            "bank": bank,
            "sources": {"added": sources},
            **{_tier(name): tier.to_arrays() for name, tier in slot.detection.models.tiers.items()},
            "folder": slot.detection.folder.to_arrays(),
            "logs": logs,
            "spans": slot.spans.to_arrays(),
            "accounts": {topic: account.to_array() for topic, account in slot.accounts.items()},
            "marks": {topic: mark.to_array() for topic, mark in slot.marks.items()},
        }
        positions = {source: offset for source, offset in slot.positions().items() if offset is not None}
        return SlotSnapshot(
            slot=slot.plan.slot,
            generation=slot.plan.generation,
            sequence=self.sequence,
            positions=positions,
            parts=parts,
            base=None if whole else self._base,
            domain=slot.plan.domain,
        )

    def restore(self, snapshots: Sequence[SlotSnapshot]) -> None:
        """Restore a new slot from a chain of snapshots; the chain ends before the first increment that does not follow.

        Raises:
            PermanentError: the first snapshot is not full, its format is not that of this build, or it does not fit
                the settings.
        """
        if not snapshots:
            return
        if snapshots[0].base is not None:
            raise PermanentError(f"slot {self.slot.plan.slot}: the first snapshot of a chain must be full")
        chain = [snapshots[0]]
        for found in snapshots[1:]:
            if found.base != chain[0].sequence or found.sequence != chain[-1].sequence + 1:
                break
            chain.append(found)
        for found in chain:
            _check_format(found)
            self.slot.memory.extend(_any(found.parts["memory"]))
            self.slot.transit.extend(_any(found.parts["transit"]))
            self._extend_bank(found)
            self.slot.detection.learn_sources(found.parts["sources"]["added"])
        self.slot.logs.restore([found.parts["logs"] for found in chain])
        _restore_small(self.slot, chain[-1])
        self.sequence = chain[-1].sequence
        # The next snapshot is full: increments that were not applied may still be in the store.
        self._base = 0

    def _extend_bank(self, snapshot: SlotSnapshot) -> None:
        try:
            self.slot.detection.bank.extend(snapshot.parts["bank"])
        except ValueError as error:
            raise PermanentError(
                f"slot {snapshot.slot}: its snapshot was written with other settings ({error}); restore "
                "data.ring_steps and data.series_limit, or remove the slot's snapshots: it then learns from the start"
            ) from error


def _head(slot: Slot) -> Arrays:
    detection = slot.detection
    numbers = [FORMAT, detection.high, detection.appended, detection.resumed_at]
    seen = json.dumps([[*origin, offset, slot.heard.get(origin, 0)] for origin, offset in slot.seen.items()])
    return {
        "numbers": np.array(numbers, np.int64),
        "seen": np.frombuffer(seen.encode(), np.uint8),
        "detectors": np.frombuffer(json.dumps(detection.names).encode(), np.uint8),
    }


def _tier(name: str) -> str:
    """Part of a snapshot that holds a tier."""
    return name if name == OBJECTIVES else f"detector-{name}"


def _check_format(snapshot: SlotSnapshot) -> None:
    form = int(snapshot.parts["head"]["numbers"][0])
    if form != FORMAT:
        raise PermanentError(f"slot {snapshot.slot}: a snapshot of format {form}; this build reads {FORMAT}")


def _restore_small(slot: Slot, snapshot: SlotSnapshot) -> None:
    parts = snapshot.parts
    _, high, appended, resumed_at = (int(number) for number in parts["head"]["numbers"].tolist())
    detection = slot.detection
    detection.high, detection.appended, detection.resumed_at = high, appended, resumed_at
    for topic, partition, offset, *heard in json.loads(parts["head"]["seen"].tobytes()):
        slot.seen[topic, partition] = offset
        slot.hear((topic, partition), heard[0] if heard else 0)  # older snapshots do not say
    detection.models.restore({name: parts[_tier(name)] for name in detection.models.tiers if _tier(name) in parts})
    before = json.loads(parts["head"]["detectors"].tobytes()) if "detectors" in parts["head"] else list(detection.names)
    detection.restore_episodes(parts["folder"], before)
    slot.spans.restore(parts["spans"])
    for topic, array in parts["accounts"].items():
        slot.accounts[topic] = PartitionAccount.from_array(array)
    for topic, array in parts["marks"].items():
        slot.marks[topic] = Watermark.from_array(array)


def _any(arrays: Arrays) -> dict[str, Any]:
    return dict(arrays)
