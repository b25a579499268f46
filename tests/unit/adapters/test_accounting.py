from __future__ import annotations

from aiops.adapters.accounting import difference
from aiops.model.codec import adapter
from aiops.model.ledger import Ending, LedgerLine
from aiops.settings import Settings


def _status(next_offset: int, end: int, items: int) -> dict[str, object]:
    line = LedgerLine("aiops.metrics.arrow", 0, next_offset, items, {Ending.LEARNED: next_offset}, 0, 0, next_offset)
    shown = adapter(LedgerLine).dump_python(line, mode="json")
    return {"shards": [{"ledger": [shown], "bounds": {"aiops.metrics.arrow/0": (0, end)}}], "orchestration": {}}


def test_a_shard_that_read_on_since_it_looked_at_the_end_makes_no_difference() -> None:
    """Ends are looked at every few seconds, the ledger is newer; while data flows that is no trouble."""
    assert difference(Settings(), _status(next_offset=20, end=15, items=20)) == 0
    assert difference(Settings(), _status(next_offset=20, end=25, items=20)) == 0


def test_what_ended_nowhere_is_a_difference_still() -> None:
    """One unit of which nobody says how it ended."""
    assert difference(Settings(), _status(next_offset=20, end=15, items=21)) == 1
