"""Requests of metrics on the tape of the compiled walk, without the rest of decoding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from detectors.wire import tape as t
from detectors.wire.hashing import SEED
from detectors.wire.walk import walk

AT = 1_700_000_000_000_000_000
LATEST = AT + 600_000_000_000


def record(*metrics: Metric, service: str = "cart") -> bytes:
    """One request of one resource with these metrics."""
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    resource.scope_metrics.add().metrics.extend(metrics)
    return made.SerializeToString()


def taped(records: Sequence[bytes], points: int = 256) -> t.Tape:
    """What the walk writes; the tape must be long enough."""
    tape = t.make_tape(len(records), points, LATEST, seed=SEED)
    assert walked(records, tape)
    return tape


def walked(records: Sequence[bytes], tape: t.Tape) -> bool:
    """Whether all fits on the tape."""
    ends = np.cumsum([len(each) for each in records], dtype=np.int64)
    return bool(walk(np.frombuffer(b"".join(records), np.uint8), ends, tape))


def rejected(tape: t.Tape, number: int = 0) -> dict[str, int]:
    """How many points of a record were rejected, by reason."""
    counts = tape.rejected[number].tolist()
    return {reason.value: count for reason, count in zip(t.REASONS, counts, strict=True) if count}


def points(tape: t.Tape) -> int:
    return int(tape.cursor[t.POINTS])
