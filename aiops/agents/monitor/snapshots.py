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
from aiops.agents.monitor.silence import InputPauses
from aiops.agents.monitor.slot import Slot
from aiops.model.errors import PermanentError
from aiops.model.records import Arrays, SlotSnapshot
from detectors.watermarks import Watermark
from detectors.wire.series import Version

FORMAT = 4
_EVERY = 60
"""Number of increments after which a full snapshot is taken."""
_NOTHING: Version = (0, 0, 0)


@dataclass(slots=True)
class SlotSnapshotter:
    """Takes snapshots of one slot, and keeps the versions that the last one contained."""

    slot: Slot
    sequence: int = 0
    _base: int = 0
    """Sequence of the last full snapshot; 0: none."""
    _memory: Version = _NOTHING
    _transit: Version = _NOTHING
    _bank: int = 0
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
        logs = slot.logs.to_arrays(0 if whole else self._logs)
        self._logs = slot.logs.counter.table.serial
        parts: dict[str, Arrays] = {
            "head": _head(slot),
            "memory": memory,
            "transit": transit,
            "bank": bank,
            "life": slot.life.to_arrays(),
            "families": slot.detection.families.to_arrays(),
            **{_tier(name): tier.to_arrays() for name, tier in slot.detection.models.tiers.items()},
            "folder": slot.detection.folder.to_arrays(),
            "logs": logs,
            "spans": slot.spans.to_arrays(),
            "accounts": {topic: account.to_array() for topic, account in slot.accounts.items()},
            "senders": {**slot.senders.to_arrays(), "cuts": slot.judge.to_array()},
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
            PermanentError: the first snapshot is not full, its format or the naming of its entities is another, or it
                does not fit the settings.
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
            _check_names(self.slot, found)
            self.slot.memory.extend(_any(found.parts["memory"]))
            self.slot.transit.extend(_any(found.parts["transit"]))
            self._extend_bank(found)
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
    pauses = detection.pauses
    numbers = [FORMAT, detection.high, detection.appended, detection.resumed_at, pauses.usual, pauses.last]
    seen = json.dumps([[*origin, offset, slot.heard.get(origin, 0)] for origin, offset in slot.seen.items()])
    return {
        "numbers": np.array(numbers, np.int64),
        "seen": np.frombuffer(seen.encode(), np.uint8),
        "naming": np.frombuffer(_naming(slot), np.uint8),
        "detectors": np.frombuffer(json.dumps(detection.names).encode(), np.uint8),
    }


def _tier(name: str) -> str:
    """Part of a snapshot that holds a tier."""
    return name if name == OBJECTIVES else f"detector-{name}"


def _naming(slot: Slot) -> bytes:
    naming = slot.plan.wire.naming
    return json.dumps([naming.names, naming.scope]).encode()


def _check_names(slot: Slot, snapshot: SlotSnapshot) -> None:
    """Refuse a snapshot whose series may have other names than those that arrive now.

    They would never be heard again and be called silent, and those that arrive would be new.
    """
    head, number = snapshot.parts["head"], slot.plan.slot
    form = int(head["numbers"][0])
    if form != FORMAT:
        why = f"it has format {form} and this build reads {FORMAT}: entities may have other names now"
    elif head["naming"].tobytes() != _naming(slot):
        why = "data.entity_attributes or data.entity_scope changed since, so entities have other names now"
    else:
        return
    do = (
        f"Move the folder slot-{number:04d} of the snapshots away; the slot then reads its partitions from their oldest"
    )
    raise PermanentError(f"slot {number}: the snapshot cannot be used: {why}. {do} record and learns its series anew.")


def _restore_small(slot: Slot, snapshot: SlotSnapshot) -> None:
    parts = snapshot.parts
    _, high, appended, resumed_at, *pauses = (int(number) for number in parts["head"]["numbers"].tolist())
    detection = slot.detection
    detection.pauses = InputPauses(*pauses)  # older snapshots do not say
    detection.high, detection.appended, detection.resumed_at = high, appended, resumed_at
    for topic, partition, offset, *heard in json.loads(parts["head"]["seen"].tobytes()):
        slot.seen[topic, partition] = offset
        slot.hear((topic, partition), heard[0] if heard else 0)  # older snapshots do not say
    detection.models.restore({name: parts[_tier(name)] for name in detection.models.tiers if _tier(name) in parts})
    before = json.loads(parts["head"]["detectors"].tobytes()) if "detectors" in parts["head"] else list(detection.names)
    detection.restore_episodes(parts["folder"], before)
    slot.life.restore(_any(parts["life"]))
    slot.detection.families.restore(_any(parts["families"]))
    slot.spans.restore(parts["spans"])
    for topic, array in parts["accounts"].items():
        slot.accounts[topic] = PartitionAccount.from_array(array)
    if "senders" in parts:
        slot.senders.restore(parts["senders"])
        slot.judge.restore(parts["senders"]["cuts"])
    for topic, array in parts["marks"].items():
        slot.marks[topic] = Watermark.from_array(array)


def _any(arrays: Arrays) -> dict[str, Any]:
    return dict(arrays)
