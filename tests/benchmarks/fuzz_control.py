"""Fuzzed CloudEvents of the control topics."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterator

from aiops.model.cloudevents_reader import Receipt, UnusableMessage, decode
from tests.benchmarks.fuzz_crafted import crafted
from tests.benchmarks.fuzz_mutations import bytes_changed, document_changed
from tests.integration.runtime import broken
from tests.unit.detectors.wire.requests import NOW

SOUND = tuple(
    make("healthy", NOW) for make in (broken.item, broken.change, broken.ticket, broken.alert, broken.anomaly)
)
_RECEIPT = Receipt(NOW, lambda name: f"p{len(name)}")


def control_faults(count: int, seed: int, *, hand_made: list[bytes] | None = None) -> tuple[int, list[str]]:
    """How many messages were read, and what was wrong: an error, or a sound message that reads otherwise now."""
    before = [decode(message, _RECEIPT) for message in SOUND]
    faults, read = [], 0
    if any(isinstance(found, UnusableMessage) for found in before):
        faults.append(f"a sound message is refused: {before}")
    for message in _messages(count, seed, crafted("control") if hand_made is None else hand_made):
        read += 1
        try:
            found: object = decode(message, _RECEIPT)
        except Exception:  # noqa: BLE001 - every error is a finding
            faults.append(traceback.format_exc(limit=-3))
            continue
        if not isinstance(found, tuple | UnusableMessage):
            faults.append(f"neither events nor a reason: {found!r}")
    if [decode(message, _RECEIPT) for message in SOUND] != before:
        faults.append("a sound message reads otherwise after the fuzzed ones")
    return read, faults


def _messages(count: int, seed: int, hand_made: list[bytes]) -> Iterator[bytes]:
    rng = random.Random(f"control {seed}")
    for number in range(count):
        message = document_changed(rng, rng.choice(SOUND))
        yield message if number % 2 else bytes_changed(rng, rng.choice([message, *SOUND]))
    yield from hand_made
