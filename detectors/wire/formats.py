"""Telemetry formats: what a topic's records hold and how they are decoded.

``settings.topics.formats`` gives a topic its format. A format is a value: what it carries is its type, and ``decode``
takes the records of one poll of one partition, the slot's memory of series, and the time up to which an event time is
believed (ns UTC). It never raises: what cannot be used is among the batch's ``rejected``, and
``items == accepted + gaps + rejected`` holds for each record, or the ledger does not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detectors.wire import arrow, logs, metrics, spans
from detectors.wire.batch import PointBatch
from detectors.wire.logs import LogBatch
from detectors.wire.memory import WireMemory
from detectors.wire.spans import SpanBatch


@dataclass(frozen=True, slots=True)
class PointFormat:
    """Records that hold values of series."""

    decode: Callable[[Sequence[bytes], WireMemory, int], PointBatch]


@dataclass(frozen=True, slots=True)
class LogFormat:
    """Records that hold log lines."""

    decode: Callable[[Sequence[bytes], WireMemory, int], LogBatch]


@dataclass(frozen=True, slots=True)
class SpanFormat:
    """Records that hold spans of traces."""

    decode: Callable[[Sequence[bytes], WireMemory, int], SpanBatch]


Format = PointFormat | LogFormat | SpanFormat

OTLP_METRICS = PointFormat(metrics.decode_otlp)
OTLP_LOGS = LogFormat(lambda records, memory, at: logs.decode(records, at, memory.settings, origins=memory.origins))
OTLP_SPANS = SpanFormat(lambda records, memory, at: spans.decode(records, at, memory.settings, origins=memory.origins))
ARROW_METRICS = PointFormat(arrow.decode)
