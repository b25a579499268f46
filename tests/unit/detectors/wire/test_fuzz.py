"""A fixed portion of the fuzz suite: mutated and crafted records harm no record beside them."""

from __future__ import annotations

import pytest

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import spans
from tests.benchmarks.fuzz import fuzzed
from tests.benchmarks.fuzz_control import control_faults
from tests.benchmarks.fuzz_crafted import crafted
from tests.benchmarks.fuzz_formats import FuzzFormat, formats
from tests.benchmarks.fuzz_slots import slot_faults
from tests.unit.detectors.wire.requests import NOW

MOST_BYTES = 30_000


def small(name: str) -> list[bytes]:
    """Every fourth crafted record that is not large."""
    return [record for record in crafted(name) if len(record) <= MOST_BYTES][::4]


@pytest.mark.parametrize("found", formats(), ids=lambda found: found.name)
def test_broken_records_raise_nothing_and_cost_no_sound_unit(found: FuzzFormat) -> None:
    """Every unit ends once, and the records between the broken ones are whole."""
    result = fuzzed(found, 120, seed=1, hand_made=small(found.name))
    assert result.faults == []
    assert result.rejected > 0


def test_broken_control_messages_raise_nothing() -> None:
    """Each is events or a reason, and sound messages read as before."""
    count, faults = control_faults(200, seed=1, hand_made=small("control"))
    assert faults == []
    assert count > 200


def test_a_slot_that_reads_broken_records_of_every_format_keeps_its_ledger() -> None:
    """No sound record becomes a dead letter."""
    _, faults = slot_faults(32, seed=1)
    assert faults == []


def test_a_json_name_that_is_half_a_surrogate_pair_is_undecodable() -> None:
    """Protobuf's compiled code raises a SystemError at it."""
    batch = spans.decode([b'{"resourceSpans":[{"\\ud800":1}]}'], NOW)
    assert [(entry.reason, entry.items) for entry in batch.rejected] == [(DeadLetterReason.UNDECODABLE, 1)]
