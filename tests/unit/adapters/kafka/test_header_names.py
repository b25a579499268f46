from __future__ import annotations

import pytest
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from aiops.adapters.kafka import header_names


class Name(str):
    """A header name of any bytes, past a client that sends text only."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """As Latin-1, which is no UTF-8."""
        del encoding, errors
        return super().encode("latin-1")


@pytest.mark.parametrize("compression", [0, 1])
def test_a_record_whose_header_names_are_no_text_is_read_like_any_other(compression: int) -> None:
    """And those around it, whole."""
    builder = MemoryRecordsBuilder(2, compression, 1 << 20)
    values = [b"before", "größe".encode("latin-1"), b"after"]
    for number, value in enumerate(values):
        headers = [("plain", b"1"), (Name("größe"), "größe".encode("latin-1")), ("plain", None)] if number == 1 else []
        builder.append(timestamp=number, key=None, value=value, headers=headers)
    builder.close()
    header_names.tolerate()
    records = list(MemoryRecords(builder.buffer()).next_batch())
    assert [record.value for record in records] == values
    assert records[1].headers == [("plain", b"1"), ("gr??e", "größe".encode("latin-1")), ("plain", None)]
