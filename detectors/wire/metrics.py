"""The door for OTLP metrics: protobuf and JSON, told apart by the first byte of each record."""

from __future__ import annotations

from collections.abc import Sequence

from detectors.wire import otlp_walker
from detectors.wire.batch import PointBatch
from detectors.wire.memory import WireMemory
from detectors.wire.otlp_json import is_json, metrics_protobuf


def decode_otlp(records: Sequence[bytes], memory: WireMemory, received_at: int) -> PointBatch:
    """Points of OTLP export requests, protobuf and JSON mixed; arguments as in ``otlp_walker.decode``."""
    if any(map(is_json, records)):
        most = memory.settings.max_record_bytes
        records = [metrics_protobuf(record, most) for record in records]
    return otlp_walker.decode(records, memory, received_at)
