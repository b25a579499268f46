"""Takes full or incremental snapshots of a slot's state and restores them.

In an increment, tables and banks hold only the rows added or changed since the previous snapshot, and a share of all
rows; small parts are complete. The shares of a turn of 60 increments hold every row once. So the increments of the last
complete turn and those after it restore the slot, and no snapshot of a slot that runs has to copy all of it. Only the
first snapshot after a start is full.
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
from detectors.turns import Turn
from detectors.watermarks import Watermark
from detectors.wire.series import Version

FORMAT = 5
TURN = 60
"""Increments that together hold everything."""
_NOTHING: Version = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Written:
    """What the snapshots up to one contain."""

    sequence: int = 0
    base: int = 0
    """Sequence from which on the snapshots hold everything; 0: none does."""
    turn: Turn = field(default_factory=lambda: Turn(TURN, TURN - 1))
    begun: int = 0
    """Sequence of the first snapshot of the turn."""
    bank_begun: int = 0
    """Version of the bank before the turn."""
    memory: Version = _NOTHING
    transit: Version = _NOTHING
    bank: int | None = None
    logs: int = 0
    """Serial number of the next template."""

    def next(self, slot: Slot, *, full: bool) -> _Written:
        """With the next snapshot, which has the versions of now."""
        sequence = self.sequence + 1
        turn = Turn(TURN, TURN - 1) if full else self.turn.next(_sizes(slot))
        begun = self.begun if turn.number else sequence
        return _Written(
            sequence=sequence,
            base=sequence if full else begun if turn.is_last else self.base,
            turn=turn,
            begun=begun,
            bank_begun=self.bank_begun if turn.number else self.bank or 0,
            memory=slot.memory.table.version,
            transit=slot.transit.table.version,
            bank=slot.detection.bank.version,
            logs=slot.logs.counter.table.serial,
        )


@dataclass(slots=True)
class SlotSnapshotter:
    """Takes snapshots of one slot, and keeps the versions that the last two contained."""

    slot: Slot
    _written: _Written = field(default_factory=_Written)
    _before: _Written = field(default_factory=_Written)

    def take(self, *, full: bool = False, again: bool = False) -> SlotSnapshot:
        """The next snapshot.

        Args:
            full: it holds everything by itself.
            again: the last one could not be written; this one takes its place.
        """
        slot, known = self.slot, self._before if again else self._written
        full = full or not known.base
        since = _Written() if full else known
        made = known.next(slot, full=full)
        share = made.turn.share
        table, transit = (
            memory.since(version, (share(f"{name}.entities"), share(f"{name}.words"), share(f"{name}.series")))
            for name, memory, version in (
                ("memory", slot.memory, since.memory),
                ("transit", slot.transit, since.transit),
            )
        )
        parts: dict[str, Arrays] = {
            "head": _head(slot),
            "memory": table,
            "transit": transit,
            "bank": slot.detection.bank.to_arrays(since.bank, share("bank"), made.bank_begun),
            "life": slot.life.to_arrays(),
            "families": slot.detection.families.to_arrays(),
            **{_tier(name): tier.to_arrays() for name, tier in slot.detection.models.tiers.items()},
            "folder": slot.detection.folder.to_arrays(),
            "logs": slot.logs.to_arrays(since.logs, share("templates")),
            "spans": slot.spans.to_arrays(),
            "accounts": {topic: account.to_array() for topic, account in slot.accounts.items()},
            "senders": {**slot.senders.to_arrays(), "cuts": slot.judge.to_array()},
            "marks": {topic: mark.to_array() for topic, mark in slot.marks.items()},
        }
        self._before, self._written = known, made
        return SlotSnapshot(
            slot=slot.plan.slot,
            generation=slot.plan.generation,
            sequence=made.sequence,
            positions={source: offset for source, offset in slot.positions().items() if offset is not None},
            parts=parts,
            base=None if full else made.base,
            domain=slot.plan.domain,
        )

    def restore(self, snapshots: Sequence[SlotSnapshot]) -> None:
        """Restore a new slot from a chain of snapshots; the chain ends before the first increment that does not follow.

        Raises:
            PermanentError: the snapshots do not hold everything, their format or the naming of their entities is
                another, or they do not fit the settings.
        """
        if not snapshots:
            return
        chain = [snapshots[0]]
        for found in snapshots[1:]:
            if found.base is None or found.sequence != chain[-1].sequence + 1:
                break
            chain.append(found)
        if chain[0].base is not None and all(found.base != chain[0].sequence for found in chain):
            raise PermanentError(f"slot {self.slot.plan.slot}: the first snapshot of a chain must be full")
        for found in chain:
            _check_names(self.slot, found)
            self._extend_bank(found)
        self.slot.memory.restore([_any(found.parts["memory"]) for found in chain])
        self.slot.transit.restore([_any(found.parts["transit"]) for found in chain])
        self.slot.logs.restore([found.parts["logs"] for found in chain])
        _restore_small(self.slot, chain[-1])
        # The next snapshot is full: increments that were not applied may still be in the store.
        self._written = self._before = _Written(sequence=chain[-1].sequence)

    def _extend_bank(self, snapshot: SlotSnapshot) -> None:
        try:
            self.slot.detection.bank.extend(snapshot.parts["bank"])
        except ValueError as error:
            raise PermanentError(
                f"slot {snapshot.slot}: its snapshot was written with other settings ({error}); restore "
                "data.ring_steps and data.series_limit, or remove the slot's snapshots: it then learns from the start"
            ) from error


def _sizes(slot: Slot) -> dict[str, int]:
    """How many items of each kind there are, for a turn."""
    sizes = {"bank": len(slot.detection.bank), "templates": len(slot.logs.counter.table)}
    for name, memory in (("memory", slot.memory), ("transit", slot.transit)):
        kinds = zip(("entities", "words", "series"), memory.table.sizes, strict=True)
        sizes |= {f"{name}.{kind}": size for kind, size in kinds}
    return sizes


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
        why = f"it has format {form} and this build reads {FORMAT}: the state is stored in another way now"
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
